// ONNX Runtime on EfficientNet-B2.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/efficientnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of EfficientNet-B2", "[runtime][slow]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::EfficientNetB2<1000>, 168>();
}
