#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

using Model = drnet::models::ResNet18<1000>;
static_assert(drnet::parameter_count<Model> == 11'689'512);
static_assert(drnet::macs<Model, 224> == 1'814'073'344);

TEST_CASE("ResNet-18 makes the reference's training step", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_training_step<Model, double>(models->json.at("resnet18"));
  support::check_training_step<Model, float>(models->json.at("resnet18"));
}

TEST_CASE("ResNet-18 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "resnet18");
  support::check_logits<Model, 168>(*models, "resnet18");
  support::check_logits<Model, 112>(*models, "resnet18");
}
