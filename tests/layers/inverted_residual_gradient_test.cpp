#include <layers/layer_gradients.hpp>

#include <drnet/layers/hard_swish.hpp>
#include <drnet/layers/inverted_residual.hpp>

using namespace drnet;
using support::check_each_bank;
using support::check_layer;

TEST_CASE("Gradients of activations behind other layers", "[gradient]") {
  using Filter = Conv2d<ConvOptions{.kernel = 3, .depthwise = true}>;
  check_layer<Sequential<Filter, BatchNorm, ReLU6>, Shape{5, 4, 3}>();
  check_layer<Sequential<Filter, SiLU>, Shape{5, 4, 3}>();
  check_layer<Sequential<Filter, Sigmoid, Filter, HardSwish>, Shape{5, 4, 3}>();
  check_layer<Residual<Sequential<Filter, SiLU>>, Shape{5, 4, 3}>();  // a branch that cannot fuse the sum
}

TEST_CASE("Gradients of squeeze and excite", "[gradient]") {
  check_layer<SqueezeExcite<SqueezeExciteOptions{.channels = 9, .squeeze = 3}>, Shape{9, 4, 5}>();
  check_layer<Sequential<SqueezeExcite<SqueezeExciteOptions{.channels = 9, .squeeze = 3}, ReLU>, ReLU>,
              Shape{9, 4, 5}>();
}

TEST_CASE("Gradients of inverted residuals", "[gradient]") {
  check_layer<InvertedResidual<InvertedResidualOptions{.in = 6, .out = 6, .expand = 2}>, Shape{6, 4, 5}>();
  check_layer<InvertedResidual<InvertedResidualOptions{.in = 6, .out = 9, .stride = 2, .expand = 1}>,
              Shape{6, 5, 6}>();
}

TEST_CASE("Gradients of MBConv with each bank", "[gradient]") {
  check_each_bank<MBConv<InvertedResidualOptions{.in = 4, .out = 4, .kernel = 5, .expand = 2}>,
                  Shape{4, 4, 3}>();
  check_layer<MBConv<InvertedResidualOptions{.in = 8, .out = 5, .stride = 2, .expand = 2}>, Shape{8, 5, 4}>();
}

TEST_CASE("Gradients where something is dropped", "[gradient]") {
  check_layer<Dropout<>, Shape{5, 4, 7}>({.dropout = true});
  check_layer<Sequential<Conv2d<ConvOptions{.out = 4, .kernel = 1}>, Dropout<DropOptions{.p = 0.3}>>,
              Shape{5, 3, 3}>({.dropout = true});
  for (std::uint64_t seed = 0; seed < 4; ++seed)  // of four images, now these branches are dropped, now those
    check_layer<MBConv<InvertedResidualOptions{.in = 4, .out = 4, .expand = 2, .drop = {.p = 0.5}}>,
                Shape{4, 4, 3}>({.batch = 4, .seed = seed, .dropout = true});
}
