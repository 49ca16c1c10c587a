// ONNX Runtime on EfficientNet-B3.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/efficientnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of EfficientNet-B3", "[runtime][slow]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::EfficientNetB3<1000>, 112>();
}
