#include <models/reference_models.hpp>

#include <drnet/models/resnet.hpp>

TEST_CASE("ResNet-18 makes the reference's training step in double", "[reference]") {
  if (const auto models = support::load_or_skip("models"))
    support::check_training_step<drnet::models::ResNet18<1000>, double>(models->json.at("resnet18"));
}
