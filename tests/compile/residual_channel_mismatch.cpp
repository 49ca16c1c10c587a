// A branch that changes the number of channels beside a shortcut that keeps it.
// EXPECT: the branch and the shortcut of a residual differ in shape
// EXPECT: LayerIndex<2>
// EXPECT: Expected<
// EXPECT: {16, 32, 32}>
// EXPECT: Got<
// EXPECT: {24, 32, 32}>
#include <drnet/layers/residual.hpp>

using namespace drnet;

#ifdef DRNET_BAD
constexpr int kOut = 24;
#else
constexpr int kOut = 16;
#endif
using Net = Sequential<Conv2d<ConvOptions{.out = 16, .kernel = 3}>, ReLU,
                       Residual<Sequential<Conv2d<ConvOptions{.out = kOut, .kernel = 3}>, BatchNorm>>>;

int main() {
  check_topology<Net, Shape{3, 32, 32}>();
}
