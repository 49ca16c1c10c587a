// ONNX Runtime on MobileNetV2.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/mobilenet_v2.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of MobileNetV2", "[runtime]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::MobileNetV2<1000>, 224, 168, 112>();
}
