#include <models/mobilenet_imagenet.hpp>

TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 128", "[reference]") {
  support::check_sample_accuracy<128>();
}
TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 112", "[reference]") {
  support::check_sample_accuracy<112>();
}
TEST_CASE("Published MobileNetV2 weights are as accurate as recorded at 96", "[reference]") {
  support::check_sample_accuracy<96>();
}
TEST_CASE("Published MobileNetV2 weights give the stored logits at 112", "[reference]") {
  support::check_sample_logits<112>();
}
