// ONNX Runtime on EfficientNet-B0.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/efficientnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of EfficientNet-B0", "[runtime][slow]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::EfficientNetB0<1000>, 224, 168, 112>();
}
