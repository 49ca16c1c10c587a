#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

TEST_CASE("ResNet-34 makes the reference's training step in float", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_training_step<drnet::models::ResNet34<1000>, float>(models->json.at("resnet34"));
}
