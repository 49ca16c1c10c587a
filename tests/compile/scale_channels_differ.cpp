// Squeeze and excite for another number of channels than it reads.
// EXPECT: a squeeze-and-excite layer must be given the number of channels of its input
// EXPECT: LayerIndex<1>
// EXPECT: {24, 8, 8}>
// EXPECT: {16, 8, 8}>
#include <drnet/layers/squeeze_excite.hpp>

using namespace drnet;

#ifdef DRNET_BAD
constexpr int kChannels = 16;
#else
constexpr int kChannels = 24;
#endif
using Net = Sequential<Conv2d<ConvOptions{.out = 24, .kernel = 3}>,
                       SqueezeExcite<SqueezeExciteOptions{.channels = kChannels, .squeeze = 6}>>;

int main() {
  check_topology<Net, Shape{3, 8, 8}>();
}
