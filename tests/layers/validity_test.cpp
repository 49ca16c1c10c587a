// Whether layers fit together is a constant expression: what fits, what does not, and what the fault says.
#include <support/catch.hpp>

#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/residual.hpp>
#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/resnet.hpp>

namespace {

using namespace drnet;

template <int Out, int Kernel = 3, int Stride = 1, int Padding = -1>
using Conv = Conv2d<ConvOptions{.out = Out, .kernel = Kernel, .stride = Stride, .padding = Padding}>;
template <int Out>
using Depthwise = Conv2d<ConvOptions{.out = Out, .kernel = 3, .depthwise = true}>;
template <int Kernel, int Stride, int Padding>
using Pool = MaxPool2d<PoolOptions{.kernel = Kernel, .stride = Stride, .padding = Padding}>;
constexpr Shape kImage{3, 32, 32};

// Convolutions and pools: the kernel fits its padded input, height and width alike.
static_assert(valid<Conv<8>, kImage>);
static_assert(valid<Conv<8>, Shape{3, 1, 1}>);
static_assert(valid<Conv<8, 5, 1, 0>, Shape{3, 5, 5}>);
static_assert(!valid<Conv<8, 5, 1, 0>, Shape{3, 4, 5}>);
static_assert(!valid<Conv<8, 5, 1, 0>, Shape{3, 5, 4}>);
static_assert(valid<Pool<3, 2, 1>, Shape{3, 1, 1}>);
static_assert(!valid<Pool<3, 2, 0>, Shape{3, 2, 2}>);

// Options.
static_assert(!valid<Conv<0>, kImage>);
static_assert(!valid<Conv<-1>, kImage>);
static_assert(!valid<Conv<8, 0>, kImage>);
static_assert(!valid<Conv<8, 3, 0>, kImage>);
static_assert(!valid<Pool<0, 1, 0>, kImage>);
static_assert(!valid<Pool<2, 0, 0>, kImage>);
static_assert(!valid<Pool<2, 2, -1>, kImage>);
static_assert(!valid<Pool<2, 2, 2>, kImage>);  // a window could lie in the padding
static_assert(!valid<Linear<0>, Shape{8, 1, 1}>);

// Depthwise convolutions keep the channels.
static_assert(valid<Depthwise<0>, kImage>);
static_assert(valid<Depthwise<3>, kImage>);
static_assert(!valid<Depthwise<8>, kImage>);

// A linear layer reads one pixel.
static_assert(valid<Linear<10>, Shape{8, 1, 1}>);
static_assert(!valid<Linear<10>, Shape{8, 2, 1}>);
static_assert(!valid<Linear<10>, Shape{8, 1, 2}>);

// Residuals: branch and shortcut meet in one shape.
static_assert(valid<Residual<Conv<3>>, kImage>);
static_assert(!valid<Residual<Conv<8>>, kImage>);
static_assert(!valid<Residual<Conv<3, 3, 2>>, kImage>);
static_assert(valid<Residual<Conv<8, 3, 2>, Projection<8, 2>>, kImage>);
static_assert(!valid<Residual<Conv<8, 3, 2>, Projection<8, 1>>, kImage>);
static_assert(!valid<Residual<Conv<8, 3, 2>, Projection<4, 2>>, kImage>);
static_assert(valid<Residual<Conv<8>, OptionA<OptionAOptions{.out = 8}>>, kImage>);
static_assert(!valid<Residual<Conv<2>, OptionA<OptionAOptions{.out = 2}>>, kImage>);
static_assert(!valid<Residual<Conv<8>, OptionA<OptionAOptions{.out = 8, .stride = 0}>>, kImage>);

// Whole networks, at every depth of nesting.
static_assert(valid<Sequential<Conv<8>, BatchNorm, ReLU, GlobalAveragePool, Linear<10>>, kImage>);
static_assert(!valid<Sequential<Conv<8>, BatchNorm, ReLU, Linear<10>>, kImage>);
static_assert(!valid<Sequential<Sequential<Conv<8>>, Residual<Sequential<Conv<16>, ReLU>>>, kImage>);
static_assert(!valid<Sequential<Repeat<3, Conv<8, 3, 1, 0>>>, Shape{3, 6, 6}>);
static_assert(valid<Sequential<Repeat<3, Conv<8, 3, 1, 0>>>, Shape{3, 7, 7}>);
static_assert(valid<models::ResNet18<1000>, Shape{3, 224, 224}>);
static_assert(valid<models::ResNet50<1000>, Shape{3, 1, 1}>);  // its padding carries every size
static_assert(valid<models::CifarResNet20<10>, Shape{3, 17, 23}>);

/// What is wrong with Net for inputs of shape In.
template <class Net, Shape In>
constexpr Fault fault_of = Net::fault(In);

}  // namespace

TEST_CASE("A fault names its reason, the layer, its place, and both shapes") {
  constexpr Fault kernel = fault_of<Sequential<Conv<8>, ReLU, Conv<8, 7, 1, 1>>, Shape{3, 4, 4}>;
  CHECK(kernel.reason == Reason::kernel_exceeds_input);
  CHECK(kernel.position == 2);
  CHECK(std::string(kernel.layer) == "Conv2d");
  CHECK(kernel.expected == Shape{8, 5, 5});
  CHECK(kernel.got == Shape{8, 4, 4});

  constexpr Fault residual = fault_of<Sequential<Conv<8>, Residual<Conv<16, 3, 2>>>, kImage>;
  CHECK(residual.reason == Reason::residual_shapes_differ);
  CHECK(residual.position == 1);
  CHECK(residual.expected == Shape{8, 32, 32});
  CHECK(residual.got == Shape{16, 16, 16});

  constexpr Fault linear = fault_of<Sequential<Conv<8>, Linear<10>>, kImage>;
  CHECK(linear.reason == Reason::input_not_pooled);
  CHECK(linear.position == 1);
  CHECK(linear.got == Shape{8, 32, 32});
}

TEST_CASE("The place of a fault counts the layers of the innermost Sequential, repeated ones one by one") {
  constexpr Fault nested = fault_of<Sequential<ReLU, Sequential<ReLU, ReLU, Linear<2>>>, kImage>;
  CHECK(nested.position == 2);
  constexpr Fault repeated = fault_of<Sequential<ReLU, Repeat<3, Conv<8, 3, 1, 0>>>, Shape{3, 6, 6}>;
  CHECK(repeated.position == 3);
}

TEST_CASE("A topology that fits has no fault") {
  constexpr Fault none = fault_of<models::ResNet18<1000>, Shape{3, 224, 224}>;
  CHECK(none.ok());
  CHECK(none.reason == Reason::none);
}
