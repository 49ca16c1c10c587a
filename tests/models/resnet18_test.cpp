#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

using Model = drnet::models::ResNet18<1000>;
static_assert(drnet::parameter_count<Model> == 11'689'512);
static_assert(drnet::macs<Model, 224> == 1'814'073'344);
static_assert(drnet::macs<Model, 192> == 1'332'924'416);
static_assert(drnet::macs<Model, 168> == 1'113'963'520);
static_assert(drnet::macs<Model, 160> == 925'798'400);
static_assert(drnet::macs<Model, 128> == 592'695'296);
static_assert(drnet::macs<Model, 112> == 485'359'616);
static_assert(drnet::macs<Model, 96> == 333'615'104);

TEST_CASE("ResNet-18 has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 224, 192, 168, 160, 128, 112, 96>(models->json.at("resnet18"));
}

TEST_CASE("ResNet-18 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "resnet18");
  support::check_logits<Model, 168>(*models, "resnet18");
  support::check_logits<Model, 112>(*models, "resnet18");
}
