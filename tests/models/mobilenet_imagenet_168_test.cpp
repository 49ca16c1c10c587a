#include <models/mobilenet_imagenet.hpp>

TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 168", "[reference]") {
  support::check_sample_accuracy<168>();
}
TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 160", "[reference]") {
  support::check_sample_accuracy<160>();
}
TEST_CASE("Published MobileNetV2 weights give the stored logits at 168", "[reference]") {
  support::check_sample_logits<168>();
}
