// ONNX Runtime on residual networks of basic blocks, with both predictors.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/resnet.hpp>

using namespace onnx_test;

TEST_CASE("ONNX Runtime gives the logits of DR-ResNet-18 and 34", "[runtime]") {
  if (!runtime_or_skip()) return;
  DynamicNetwork<models::ResNet18<1000>, models::ResolutionPredictor<128>, Resolutions<224, 168, 112>> net18(
      1);
  check_both(net18);
  DynamicNetwork<models::ResNet34<1000>, models::MobilePredictor<>, Resolutions<224, 168, 112>> net34(1);
  check_both(net34);
}
