#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

using Model = drnet::models::ResNet50<1000>;
static_assert(drnet::parameter_count<Model> == 25'557'032);
static_assert(drnet::macs<Model, 224> == 4'089'184'256);
static_assert(drnet::macs<Model, 192> == 3'004'841'984);
static_assert(drnet::macs<Model, 168> == 2'503'027'712);
static_assert(drnet::macs<Model, 160> == 2'087'321'600);
static_assert(drnet::macs<Model, 128> == 1'336'623'104);
static_assert(drnet::macs<Model, 112> == 1'077'899'264);
static_assert(drnet::macs<Model, 96> == 752'746'496);

TEST_CASE("ResNet-50 has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 224, 192, 168, 160, 128, 112, 96>(models->json.at("resnet50"));
}

TEST_CASE("ResNet-50 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "resnet50");
  support::check_logits<Model, 168>(*models, "resnet50");
  support::check_logits<Model, 112>(*models, "resnet50");
}
