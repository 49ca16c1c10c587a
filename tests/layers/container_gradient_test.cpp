#include <layers/layer_gradients.hpp>

#include <drnet/layers/pooling.hpp>
#include <drnet/layers/residual.hpp>

using namespace drnet;
using support::check_layer;

namespace {
template <int Out, int Kernel = 3>
using Convolution = Conv2d<ConvOptions{.out = Out, .kernel = Kernel, .bias = true}>;
constexpr Shape kIn{6, 4, 5};
}  // namespace

TEST_CASE("Gradients of layers in a row, with and without fused rectifiers", "[gradient]") {
  check_layer<Sequential<Convolution<9>, ReLU, Convolution<4, 1>>, kIn>();
  check_layer<Sequential<ReLU, ReLU, Convolution<5>>, kIn>();
  check_layer<Sequential<Convolution<5, 1>, ReLU>, kIn>();
  check_layer<Sequential<Sequential<Convolution<5>, ReLU>, MaxPool2d<PoolOptions{}>, ReLU>, kIn>();
}

TEST_CASE("Gradients of repeated layers", "[gradient]") {
  check_layer<Sequential<Repeat<3, Sequential<Convolution<6>, ReLU>>, Repeat<0, ReLU>, GlobalAveragePool>,
              kIn>();
}

TEST_CASE("Gradients of residuals", "[gradient]") {
  check_layer<Residual<Convolution<6>>, kIn>();                    // the identity
  check_layer<Residual<Sequential<Convolution<6>, ReLU>>, kIn>();  // a branch that cannot fuse the sum
  check_layer<Residual<Sequential<Convolution<6>, ReLU>, Convolution<6, 1>>, kIn>();
  check_layer<Sequential<Residual<Sequential<Convolution<6>, ReLU>>, ReLU>, kIn>();
  check_layer<Residual<ReLU>, kIn>();
}

TEST_CASE("Gradients of option-A shortcuts", "[gradient]") {
  check_layer<OptionA<OptionAOptions{.out = 11, .stride = 2}>, Shape{6, 5, 4}>();
  check_layer<Residual<Conv2d<ConvOptions{.out = 11, .kernel = 3, .stride = 2}>,
                       OptionA<OptionAOptions{.out = 11, .stride = 2}>>,
              Shape{6, 5, 4}>();
}
