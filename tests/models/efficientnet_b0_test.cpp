#include <models/reference_models.hpp>

#include <drnet/models/efficientnet.hpp>

using Model = drnet::models::EfficientNetB0<1000>;
static_assert(drnet::parameter_count<Model> == 5'288'548);
static_assert(drnet::macs<Model, 224> == 385'814'752);
static_assert(drnet::macs<Model, 192> == 283'961'728);
static_assert(drnet::macs<Model, 168> == 247'032'208);
static_assert(drnet::macs<Model, 160> == 197'778'400);
static_assert(drnet::macs<Model, 128> == 127'264'768);
static_assert(drnet::macs<Model, 112> == 107'518'288);
static_assert(drnet::macs<Model, 96> == 72'420'832);

// Tan and Le (2019), as torchvision builds them.
static_assert(drnet::parameter_count<drnet::models::EfficientNetB1<1000>> == 7'794'184);
static_assert(drnet::parameter_count<drnet::models::EfficientNetB2<1000>> == 9'109'994);
static_assert(drnet::parameter_count<drnet::models::EfficientNetB3<1000>> == 12'233'232);
// Multiply-adds of torchvision's models.
static_assert(drnet::macs<drnet::models::EfficientNetB1<1000>, 224> == 569'651'680);
static_assert(drnet::macs<drnet::models::EfficientNetB1<1000>, 168> == 367'811'136);
static_assert(drnet::macs<drnet::models::EfficientNetB1<1000>, 112> == 160'278'160);
static_assert(drnet::macs<drnet::models::EfficientNetB2<1000>, 224> == 658'963'440);
static_assert(drnet::macs<drnet::models::EfficientNetB2<1000>, 168> == 426'582'176);
static_assert(drnet::macs<drnet::models::EfficientNetB2<1000>, 112> == 185'835'216);
static_assert(drnet::macs<drnet::models::EfficientNetB3<1000>, 224> == 962'708'240);
static_assert(drnet::macs<drnet::models::EfficientNetB3<1000>, 168> == 619'426'016);
static_assert(drnet::macs<drnet::models::EfficientNetB3<1000>, 112> == 268'960'736);

TEST_CASE("EfficientNet-B0 has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 224, 192, 168, 160, 128, 112, 96>(models->json.at("efficientnet_b0"));
}

TEST_CASE("EfficientNet-B0 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "efficientnet_b0");
  support::check_logits<Model, 168>(*models, "efficientnet_b0");
  support::check_logits<Model, 112>(*models, "efficientnet_b0");
}
