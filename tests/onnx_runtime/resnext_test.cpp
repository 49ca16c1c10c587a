// ONNX Runtime on ResNeXt.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/resnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of ResNeXt-50", "[runtime][slow]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::ResNeXt50<1000>, 224, 168, 112>();
}
