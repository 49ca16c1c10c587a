// A layer of one's own that has no to_onnx() cannot be part of an ONNX graph.
// EXPECT: a layer in an ONNX graph needs a function to_onnx(): see drnet/io/onnx_scope.hpp
// EXPECT: Through
#include <drnet/io/onnx_layers.hpp>

using namespace drnet;

struct Through : PlainLayer {
  static constexpr std::string_view kName = "Through";
  static constexpr Shape output(Shape in) { return in; }
  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T*) {
    return e;
  }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, elements(x));
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>) assign(pass, dx, elements(dy));
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
