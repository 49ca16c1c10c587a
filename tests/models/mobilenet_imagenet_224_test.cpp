#include <models/mobilenet_imagenet.hpp>

TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 224", "[reference]") {
  support::check_sample_accuracy<224>();
}
TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 192", "[reference]") {
  support::check_sample_accuracy<192>();
}
TEST_CASE("Published MobileNetV2 weights give the stored logits at 224", "[reference]") {
  support::check_sample_logits<224>();
}
