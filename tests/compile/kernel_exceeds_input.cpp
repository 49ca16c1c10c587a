// A classifier whose last convolution fits the larger candidates, but not the smallest.
// EXPECT: the kernel is larger than its padded input
// EXPECT: LayerIndex<1>
// EXPECT: {8, 5, 5}>
// EXPECT: {8, 4, 4}>
#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

using Classifier =
    Sequential<Conv2d<ConvOptions{.out = 8, .kernel = 3, .stride = 4}>,
               Conv2d<ConvOptions{.out = 8, .kernel = 5, .padding = 0}>, GlobalAveragePool, Linear<10>>;

#ifdef DRNET_BAD
using Candidates = Resolutions<32, 24, 16>;
#else
using Candidates = Resolutions<32, 24, 20>;
#endif

int main() {
  const DynamicNetwork<Classifier, NoPredictor, Candidates> net;
}
