// ONNX Runtime on EfficientNet-B1.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/efficientnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of EfficientNet-B1", "[runtime][slow]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::EfficientNetB1<1000>, 224>();
}
