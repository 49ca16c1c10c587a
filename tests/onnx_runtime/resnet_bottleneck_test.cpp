// ONNX Runtime on residual networks of bottlenecks.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/resnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of ResNet-50, 101 and 152", "[runtime][slow]") {
  if (!runtime_or_skip()) return;
  check_candidates<models::ResNet50<1000>, 224, 168, 112>();
  check_candidates<models::ResNet101<1000>, 168>();
  check_candidates<models::ResNet152<1000>, 112>();
}
