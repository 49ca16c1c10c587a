// A layer of one's own that has no to_onnx() cannot be part of an ONNX graph.
// EXPECT: a layer in an ONNX graph needs a function to_onnx(): see drnet/io/onnx_scope.hpp
// EXPECT: Through
#include <drnet/io/onnx_layers.hpp>
#include <drnet/layers/activation.hpp>

using namespace drnet;

struct Through : ResultActivation<Through> {
  static constexpr std::string_view kName = "Through";
  template <class P>
  static P value(const P& x) {
    return x;
  }
  template <class P>
  static P gradient(const P&, const P& dy) {
    return dy;
  }
};
#ifndef DRNET_BAD
std::string to_onnx(const Through*, OnnxScope&, const std::string& x) {
  return x;
}
#endif

int main() {
  using Topology = Sequential<Through, GlobalAveragePool>;
  const Network<Topology> network(1);
  constexpr Shape in{3, 8, 8};
  OnnxBuilder graph(network, 0);
  OnnxScope(graph, "", in).layer<Topology>("", in, OnnxGraph::kInput);
}
