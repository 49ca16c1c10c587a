// A classifier whose output is still a map has no logits.
// EXPECT: the classifier must end in one row of logits: put GlobalAveragePool before its last layer
#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

using Features = Conv2d<ConvOptions{.out = 10, .kernel = 3}>;
#ifdef DRNET_BAD
using Classifier = Sequential<Features>;
#else
using Classifier = Sequential<Features, GlobalAveragePool>;
#endif

int main() {
  const DynamicNetwork<Classifier, NoPredictor, Resolutions<32, 16>> net;
}
