#include <models/reference_models.hpp>

#include <drnet/models/mobilenet_v2.hpp>

TEST_CASE("MobileNetV2 makes the reference's training step in float", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_training_step<drnet::models::MobileNetV2<1000>, float>(models->json.at("mobilenet_v2"));
}
