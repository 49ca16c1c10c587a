#include <models/reference_models.hpp>

#include <drnet/models/resolution_predictor.hpp>

using Model = drnet::models::ResolutionPredictor<128>::Outputs<3>;
static_assert(drnet::parameter_count<Model> == 4'907'331);
static_assert(drnet::macs<Model, 128> == 290'194'944);

TEST_CASE("The resolution predictor has the reference's tensors and costs", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_description<Model, 128>(models->json.at("resolution_predictor"));
}

TEST_CASE("The resolution predictor gives the reference's logits", "[reference]") {
  const auto models = support::load_or_skip("models");
  if (!models) return;
  support::check_logits<Model, 128>(*models, "resolution_predictor");
}
