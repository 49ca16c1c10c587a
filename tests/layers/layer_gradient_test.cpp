#include <layers/layer_gradients.hpp>

#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/hard_swish.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/sigmoid.hpp>
#include <drnet/layers/silu.hpp>

using namespace drnet;
using support::check_each_bank;
using support::check_layer;

TEST_CASE("Gradients of batch norm through the batch's statistics, with each bank", "[gradient]") {
  check_each_bank<BatchNorm, Shape{6, 3, 5}>({.batch = 3});
  check_each_bank<BatchNorm, Shape{9, 1, 1}>({.batch = 4});
  check_layer<BatchNormWith<BatchNormOptions{.eps = 1e-3, .momentum = 0.5}>, Shape{3, 4, 4}>();
}

TEST_CASE("Gradients of batch norm with frozen statistics, with each bank", "[gradient]") {
  check_each_bank<BatchNorm, Shape{6, 3, 5}>({.batch = 3, .statistics = Statistics::running});
  check_each_bank<BatchNorm, Shape{3, 1, 1}>({.batch = 1, .statistics = Statistics::running});
}

TEST_CASE("Gradients of activations on their own", "[gradient]") {
  check_layer<ReLU, Shape{5, 4, 7}>({.max_values = 1000});
  check_layer<ReLU6, Shape{5, 4, 7}>({.max_values = 1000});
  check_layer<Sigmoid, Shape{5, 4, 7}>({.max_values = 1000});
  check_layer<SiLU, Shape{5, 4, 7}>({.max_values = 1000});
  check_layer<HardSwish, Shape{5, 4, 7}>({.max_values = 1000});
}

TEST_CASE("Gradients of pooling", "[gradient]") {
  check_layer<MaxPool2d<PoolOptions{.kernel = 3, .stride = 2, .padding = 1}>, Shape{5, 7, 6}>(
      {.max_values = 1000});
  check_layer<MaxPool2d<PoolOptions{}>, Shape{9, 4, 5}>({.max_values = 1000});
  check_layer<MaxPool2d<PoolOptions{.kernel = 2, .stride = 3}>, Shape{3, 8, 9}>({.max_values = 1000});
  check_layer<GlobalAveragePool, Shape{10, 3, 7}>();
}

TEST_CASE("Gradients of linear layers", "[gradient]") {
  check_layer<Linear<17>, Shape{33, 1, 1}>({.batch = 5});
  check_layer<Linear<3, LinearOptions{.bias = false}>, Shape{10, 1, 1}>();
  check_layer<Linear<8>, Shape{8, 1, 1}>({.batch = 1});
}
