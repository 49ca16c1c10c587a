// ONNX Runtime on the networks for CIFAR.
#include <onnx_runtime/runtime.hpp>

#include <drnet/models/cifar_resnet.hpp>

using namespace onnx_test;

namespace {

template <class Classifier>
void check() {
  using Predictor = models::ResolutionPredictor<24, models::PredictorOptions{.widths = {16, 32, 64, 0},
                                                                             .small_stem = true}>;
  DynamicNetwork<Classifier, Predictor, Resolutions<32, 24, 16>> net(1);
  check_both(net);
}

}  // namespace

TEST_CASE("ONNX Runtime gives the logits of DR-ResNet-20, 32, 44 and 56", "[runtime]") {
  if (!runtime_or_skip()) return;
  check<models::CifarResNet20<10>>();
  check<models::CifarResNet32<10>>();
  check<models::CifarResNet44<10>>();
  check<models::CifarResNet56<10>>();
}
