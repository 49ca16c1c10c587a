// A grouped convolution whose groups divide its input channels, but not its output channels.
// EXPECT: the groups of a convolution must divide its input and its output channels
// EXPECT: LayerIndex<1>
// EXPECT: {4, 16, 16}>
// EXPECT: {18, 16, 16}>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

#ifdef DRNET_BAD
constexpr int kOut = 18;
#else
constexpr int kOut = 20;
#endif
using Net = Sequential<Conv2d<ConvOptions{.out = 8, .kernel = 3}>,
                       Conv2d<ConvOptions{.out = kOut, .kernel = 3, .groups = 4}>>;

int main() {
  check_topology<Net, Shape{3, 16, 16}>();
}
