#include <models/reference_models.hpp>

#include <drnet/models/resolution_predictor.hpp>

TEST_CASE("The resolution predictor makes the reference's training step in float", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_training_step<drnet::models::ResolutionPredictor<128>::Outputs<3>, float>(
        models->json.at("resolution_predictor"));
}
