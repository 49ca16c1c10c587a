// A predictor of one's own that always has two outputs serves two candidates, not three.
// EXPECT: the predictor must have one output for each candidate resolution
// EXPECT: Resolutions<32, 24, 16>
#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

struct TwoWays {
  static constexpr int kInput = 16;
  template <int>
  using Outputs = Sequential<GlobalAveragePool, Linear<2>>;
};
using Classifier = Sequential<GlobalAveragePool, Linear<10>>;

#ifdef DRNET_BAD
using Candidates = Resolutions<32, 24, 16>;
#else
using Candidates = Resolutions<32, 16>;
#endif

int main() {
  const DynamicNetwork<Classifier, TwoWays, Candidates> net;
}
