#include <models/reference_models.hpp>

#include <drnet/models/efficientnet.hpp>

TEST_CASE("EfficientNetB0 makes the reference's training step in float", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_training_step<drnet::models::EfficientNetB0<1000>, float>(
        models->json.at("efficientnet_b0"));
}
