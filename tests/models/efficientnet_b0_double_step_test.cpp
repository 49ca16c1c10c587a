#include <models/reference_models.hpp>

#include <drnet/models/efficientnet.hpp>

TEST_CASE("EfficientNetB0 makes the reference's training step in double", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_training_step<drnet::models::EfficientNetB0<1000>, double>(
        models->json.at("efficientnet_b0"));
}
