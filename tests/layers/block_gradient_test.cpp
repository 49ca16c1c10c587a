#include <layers/layer_gradients.hpp>

#include <drnet/layers/residual.hpp>

using namespace drnet;
using support::check_layer;

TEST_CASE("Gradients of projections", "[gradient]") {
  check_layer<Residual<Conv2d<ConvOptions{.out = 10, .kernel = 3, .stride = 2}>, Projection<10, 2>>,
              Shape{6, 6, 5}>();
}

TEST_CASE("Gradients of basic blocks", "[gradient]") {
  check_layer<BasicBlock<6>, Shape{6, 4, 5}>();
  check_layer<BasicBlock<9, BlockOptions{.stride = 2}>, Shape{6, 6, 5}>();
  check_layer<BasicBlock<9, BlockOptions{.stride = 2, .shortcut = Shortcut::option_a}>, Shape{6, 6, 5}>();
}

TEST_CASE("Gradients of grouped convolutions: groups smaller than a block, and of several blocks",
          "[gradient]") {
  check_layer<Conv2d<ConvOptions{.out = 6, .kernel = 3, .bias = true, .groups = 3}>, Shape{9, 5, 4}>();
  check_layer<Conv2d<ConvOptions{.out = 40, .kernel = 3, .stride = 2, .groups = 2}>, Shape{32, 5, 4}>(
      {.max_values = 400});
}

TEST_CASE("Gradients of bottlenecks", "[gradient]") {
  check_layer<Bottleneck<3>, Shape{12, 4, 3}>();
  check_layer<Bottleneck<3, BlockOptions{.stride = 2}>, Shape{6, 5, 6}>();
  check_layer<Bottleneck<4, BlockOptions{.stride = 2, .groups = 2}>, Shape{6, 5, 6}>();
}
