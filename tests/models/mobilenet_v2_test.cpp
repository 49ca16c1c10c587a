#include <models/reference_models.hpp>

#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>

using Model = drnet::models::MobileNetV2<1000>;
static_assert(drnet::parameter_count<Model> == 3'504'872);
static_assert(drnet::macs<Model, 224> == 300'774'272);
static_assert(drnet::macs<Model, 192> == 221'316'608);
static_assert(drnet::macs<Model, 168> == 188'942'096);
static_assert(drnet::macs<Model, 160> == 154'083'200);
static_assert(drnet::macs<Model, 128> == 99'074'048);
static_assert(drnet::macs<Model, 112> == 82'183'808);
static_assert(drnet::macs<Model, 96> == 56'289'152);

// Widths as torchvision rounds them (its counts): to multiples of 8, not more than a tenth below the product;
// the head never shrinks.
template <drnet::models::MobileNetV2Options O>
constexpr drnet::Index kParameters = drnet::parameter_count<drnet::models::MobileNetV2With<O>>;
static_assert(kParameters<drnet::models::MobileNetV2Options{.width = 0.5}> == 1'968'680);
static_assert(kParameters<drnet::models::MobileNetV2Options{.width = 0.75}> == 2'636'424);
static_assert(kParameters<drnet::models::MobileNetV2Options{.width = 1.4}> == 6'108'776);

// The paper's DR-MobileNetV2: 3.8 M parameters with three banks, a predictor of less than a tenth of the
// cost.
using Predictor = drnet::models::MobilePredictor<>::Outputs<3>;
constexpr drnet::Index kTotal = drnet::parameter_count<Model, 3> + drnet::parameter_count<Predictor>;
static_assert(kTotal >= 3'750'000 && kTotal < 3'850'000);
static_assert(drnet::macs<Predictor, 64> * 10 < drnet::macs<Model, 224>);
static_assert(drnet::parameter_count<Predictor> == 260'387 && drnet::macs<Predictor, 64> == 8'280'800);

TEST_CASE("MobileNetV2 has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 224, 192, 168, 160, 128, 112, 96>(models->json.at("mobilenet_v2"));
}

TEST_CASE("MobileNetV2 gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 224>(*models, "mobilenet_v2");
  support::check_logits<Model, 168>(*models, "mobilenet_v2");
  support::check_logits<Model, 112>(*models, "mobilenet_v2");
}
