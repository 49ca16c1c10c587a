#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

using Model = drnet::models::ResNet34<1000>;
static_assert(drnet::parameter_count<Model> == 21'797'672);
static_assert(drnet::macs<Model, 224> == 3'663'761'408);
static_assert(drnet::macs<Model, 192> == 2'691'878'912);
static_assert(drnet::macs<Model, 168> == 2'244'951'040);
static_assert(drnet::macs<Model, 160> == 1'869'516'800);
static_assert(drnet::macs<Model, 128> == 1'196'675'072);
static_assert(drnet::macs<Model, 112> == 965'476'352);
static_assert(drnet::macs<Model, 96> == 673'353'728);

TEST_CASE("ResNet-34 has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 224, 192, 168, 160, 128, 112, 96>(models->json.at("resnet34"));
}

TEST_CASE("ResNet-34 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "resnet34");
  support::check_logits<Model, 168>(*models, "resnet34");
  support::check_logits<Model, 112>(*models, "resnet34");
}
