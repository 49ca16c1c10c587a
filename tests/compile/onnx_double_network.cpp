// An ONNX graph of a network whose scalar is double.
// EXPECT: an ONNX graph holds floats: export a network whose scalar is float
#include <drnet/io/onnx_layers.hpp>

using namespace drnet;

#ifdef DRNET_BAD
using Scalar = double;
#else
using Scalar = float;
#endif

int main() {
  const Network<Sequential<GlobalAveragePool>, Scalar> network(1);
  OnnxBuilder graph(network, 0);
}
