#include <layers/layer_gradients.hpp>

#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/residual.hpp>

using namespace drnet;
using support::check_each_bank;

TEST_CASE("Gradients of a whole small network, with each bank", "[gradient]") {
  using Net = Sequential<Conv2d<ConvOptions{.out = 6, .kernel = 3}>, BatchNorm, ReLU,
                         MaxPool2d<PoolOptions{.kernel = 3, .stride = 2, .padding = 1}>, BasicBlock<6>,
                         Bottleneck<2, BlockOptions{.stride = 2}>, GlobalAveragePool, Linear<4>>;
  check_each_bank<Net, Shape{3, 8, 8}>({.batch = 3, .max_values = 20});
  check_each_bank<Net, Shape{3, 8, 8}>({.batch = 2, .statistics = Statistics::running, .max_values = 20});
}
