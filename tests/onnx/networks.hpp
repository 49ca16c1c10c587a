// Small networks for the tests of the export: one of everything that a topology can hold, a layer of a user's
// own, and values as training could have left them.
#pragma once

#include <support/tiny_network.hpp>

#include <drnet/io/onnx.hpp>
#include <drnet/layers/inverted_residual.hpp>

namespace onnx_test {

using namespace drnet;

/// y = w[channel] * x + b[channel], a layer that the library does not have.
struct ChannelAffine : PlainLayer {
  static constexpr std::string_view kName = "ChannelAffine";
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index parameters(Shape in, int) { return 2 * in.channels; }
  static void visit(Shape in, int, const std::string& prefix, TensorList& list) {
    list.add(joined_name(prefix, "weight"), {in.channels}, Role::bn_weight);
    list.add(joined_name(prefix, "bias"), {in.channels}, Role::bn_bias);
  }
  template <class T>
  static constexpr Index padded(Shape in) {
    return round_up(in.channels, kLanes<T>);
  }
  template <class T>
  static constexpr Index prepared(Shape in, int) {
    return 2 * padded<T>(in);
  }
  template <class T>
  static void prepare(Shape in, int, const T* parameters, const T*, T* to) {
    std::fill_n(to, prepared<T>(in, 1), T(0));
    std::copy_n(parameters, in.channels, to);
    std::copy_n(parameters + in.channels, in.channels, to + padded<T>(in));
  }
  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T* weights) {
    return multiply_add(e, per_channel(weights), per_channel(weights + padded<T>(In)));
  }
  template <class T, class X, class Y>
  static void forward(const Pass&, X, Y, State<T>) {}  // not trained here
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass&, X, Y, DY, DX, State<T>) {}
};

/// How it looks in a graph.
inline std::string to_onnx(const ChannelAffine*, OnnxScope& at, const std::string& x) {
  const OnnxInts per_channel{at.input().channels, 1, 1};
  const std::string scaled = at.node("Mul", {x, at.tensor("weight", per_channel)});
  return at.node("Add", {scaled, at.tensor("bias", per_channel)});
}

using OwnLayer = Sequential<Named<"conv", Conv2d<ConvOptions{.out = 12, .kernel = 3}>>,
                            Named<"affine", ChannelAffine>, ReLU, GlobalAveragePool, Named<"fc", Linear<4>>>;

/// Batch norms that have no convolution of their own before them: behind a pooling layer, behind a sum, and
/// behind a convolution that the shortcut reads, too.
using PreActivation = Sequential<
    Named<"conv", Conv2d<ConvOptions{.out = 8, .kernel = 3}>>,
    Named<"block1", Residual<Sequential<Named<"bn1", BatchNorm>, ReLU,
                                        Named<"conv1", Conv2d<ConvOptions{.out = 8, .kernel = 3}>>,
                                        Named<"bn2", BatchNorm>>>>,
    MaxPool2d<PoolOptions{.kernel = 3, .stride = 2, .padding = 1}>, Named<"bn3", BatchNorm>,
    Named<"block2", Residual<Sequential<ReLU, Named<"conv1", Conv2d<ConvOptions{.out = 8, .kernel = 1}>>>>>,
    Named<"bn4", BatchNorm>, ReLU, GlobalAveragePool, Named<"fc", Linear<5, LinearOptions{.bias = false}>>>;

/// Convolutions with bias, depthwise ones, odd strides, and option-A shortcuts that only stride, only widen,
/// or both.
using Convolutions = Sequential<
    Named<"stem", Conv2d<ConvOptions{.out = 6, .kernel = 5, .stride = 3, .padding = 1, .bias = true}>>,
    Named<"bn", BatchNormWith<BatchNormOptions{.eps = 1e-3}>>, ReLU,
    Named<"depthwise", Conv2d<ConvOptions{.kernel = 3, .bias = true, .depthwise = true}>>,
    Named<"bn_d", BatchNorm>, Named<"widen", BasicBlock<11, BlockOptions{.shortcut = Shortcut::option_a}>>,
    Named<"stride", BasicBlock<11, BlockOptions{.stride = 2, .shortcut = Shortcut::option_a}>>,
    Named<"both", BasicBlock<16, BlockOptions{.stride = 2, .shortcut = Shortcut::option_a}>>,
    Named<"neither", BasicBlock<16, BlockOptions{.shortcut = Shortcut::option_a}>>,
    Named<"last", Conv2d<ConvOptions{.out = 9, .bias = true}>>, GlobalAveragePool>;

/// Grouped convolutions, every activation, squeeze and excite, inverted residuals with and without the input
/// added, and what drops nothing at inference.
using Mobile = Sequential<
    Named<"stem", Conv2d<ConvOptions{.out = 12, .kernel = 3, .stride = 2}>>, Named<"bn", BatchNorm>,
    HardSwish, Named<"grouped", Conv2d<ConvOptions{.out = 18, .kernel = 3, .bias = true, .groups = 3}>>,
    Named<"bn_g", BatchNorm>, Sigmoid, Named<"ir", InvertedResidual<InvertedResidualOptions{18, 18}>>,
    Named<"first", InvertedResidual<InvertedResidualOptions{.in = 18, .out = 20, .expand = 1}>>, ReLU6,
    Named<"mb", MBConv<InvertedResidualOptions{
                    .in = 20, .out = 20, .kernel = 5, .expand = 4, .drop = DropOptions{.p = 0.2}}>>,
    Named<"last", MBConv<InvertedResidualOptions{.in = 20, .out = 10, .stride = 2}>>, SiLU, GlobalAveragePool,
    Dropout<>, Named<"fc", Linear<4>>>;

/// What may follow a Linear: an activation, a batch norm, a sum, a 1 x 1 convolution, another Linear.
using Perceptron =
    Sequential<GlobalAveragePool, Named<"fc1", Linear<8>>, ReLU,
               Named<"block", Residual<Sequential<Named<"fc", Linear<8>>, Named<"bn", BatchNorm>>>>,
               Named<"conv", Conv2d<ConvOptions{.out = 10}>>, Named<"fc2", Linear<7>>,
               Named<"fc3", Linear<5>>>;

/// Values of both signs, and batch norms that are none too close to the identity.
template <class Net>
void vary(Net& network, std::uint64_t seed) {
  const Random random(seed, Purpose::check);
  std::uint32_t draw = 0;
  for (const TensorSpec& t : Net::tensors())
    for (float& v : network.values(t)) {
      ++draw;
      if (t.role == Role::running_var || t.role == Role::bn_weight)
        v = random.uniform(draw, 0.5F, 1.5F);
      else if (t.role != Role::weight)
        v = random.uniform(draw, -0.3F, 0.3F);
    }
}

}  // namespace onnx_test
