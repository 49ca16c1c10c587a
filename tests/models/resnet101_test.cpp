#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

using Model = drnet::models::ResNet101<1000>;
static_assert(drnet::parameter_count<Model> == 44'549'160);
static_assert(drnet::macs<Model, 224> == 7'801'405'440);
static_assert(drnet::macs<Model, 192> == 5'732'188'160);
static_assert(drnet::macs<Model, 168> == 4'794'756'096);
static_assert(drnet::macs<Model, 160> == 3'981'312'000);
static_assert(drnet::macs<Model, 128> == 2'548'776'960);
static_assert(drnet::macs<Model, 112> == 2'005'954'560);
static_assert(drnet::macs<Model, 96> == 1'434'583'040);

TEST_CASE("ResNet-101 has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 224, 192, 168, 160, 128, 112, 96>(models->json.at("resnet101"));
}

TEST_CASE("ResNet-101 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "resnet101");
  support::check_logits<Model, 168>(*models, "resnet101");
  support::check_logits<Model, 112>(*models, "resnet101");
}
