// A dropout that drops everything.
// EXPECT: the probability of being dropped must be 0 or more and less than 1
// EXPECT: LayerIndex<1>
#include <drnet/layers/dropout.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

#ifdef DRNET_BAD
constexpr double kProbability = 1;
#else
constexpr double kProbability = 0.5;
#endif
using Net = Sequential<GlobalAveragePool, Dropout<DropOptions{.p = kProbability}>>;

int main() {
  check_topology<Net, Shape{3, 8, 8}>();
}
