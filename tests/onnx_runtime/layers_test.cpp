// ONNX Runtime on small networks that hold every layer and every way to combine them.
#include <onnx_runtime/runtime.hpp>

using namespace onnx_test;

namespace {

/// A network of this topology with and without its batch norms folded.
template <Shape In, class Topology>
void add_both(RuntimeCheck& check, const std::string& name) {
  Network<Topology, float, 1, In.channels> net(3);
  vary(net, 5);
  check.add<In>(name + "_folded", net, 0);
  check.add<In>(name + "_kept", net, 0, {.fold_batch_norm = false});
}

}  // namespace

TEST_CASE("ONNX Runtime gives the logits of every layer", "[runtime]") {
  if (!runtime_or_skip()) return;
  RuntimeCheck check;
  add_both<Shape{3, 11, 8}, OwnLayer>(check, "own_layer");
  add_both<Shape{3, 12, 13}, PreActivation>(check, "pre_activation");
  add_both<Shape{3, 33, 26}, Convolutions>(check, "convolutions");
  add_both<Shape{3, 21, 18}, Mobile>(check, "mobile");
  add_both<Shape{5, 3, 2}, Perceptron>(check, "perceptron");
  CHECK(check.disagreement() == "");
}

TEST_CASE("ONNX Runtime gives the logits of each bank and of the predictor", "[runtime]") {
  if (!runtime_or_skip()) return;
  support::TinyNet<float> net(1);
  check_both(net);
}

TEST_CASE("The comparison finds a model of another bank", "[runtime]") {
  if (!runtime_or_skip()) return;
  support::TinyNet<float> net(1);
  vary(net.classifier(), 2);
  constexpr Shape in{3, 16, 16};
  RuntimeCheck check;
  export_onnx<in>(net.classifier(), 0, check.folder() / "banks.onnx");
  check.expect<in>("banks", net.classifier(), 1);
  CHECK_THAT(check.disagreement(), support::contains("banks: differs by"));
}
