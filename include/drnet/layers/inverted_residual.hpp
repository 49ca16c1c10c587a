// Inverted residuals: a 1 x 1 convolution widens, a depthwise one filters, a 1 x 1 convolution narrows
// without an activation behind it; where shapes allow, the input is added. MobileNetV2's block (Sandler et
// al., 2018) and EfficientNet's MBConv (Tan and Le, 2019), which scales the filtered channels by squeeze and
// excite, with torchvision's names for their tensors.
//
//   x ─┬─ 1 x 1, act ─ depthwise k x k / stride, act ─ (squeeze and excite) ─ 1 x 1 ─ + ─ y
//      └────────────────── where stride = 1 and in = out ─────────────────────────────┘
#pragma once

#include <drnet/layers/residual.hpp>
#include <drnet/layers/squeeze_excite.hpp>
#include <drnet/layers/stochastic_depth.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of inverted residuals.
struct InvertedResidualOptions {
  int in = 0, out = 0;  ///< channels
  int kernel = 3;       ///< of the depthwise convolution
  int stride = 1;
  int expand = 6;  ///< the depthwise convolution has in * expand channels; 1: no convolution before it
  DropOptions drop{.p = 0};  ///< stochastic depth of the branch (MBConv)

  [[nodiscard]] constexpr int wide() const { return in * expand; }
  [[nodiscard]] constexpr bool adds_input() const { return stride == 1 && in == out; }
};

namespace detail {
/// Convolution, batch norm, activation, as torchvision's Conv2dNormActivation names them: 0, 1.
template <ConvOptions O, class Act>
using ConvNormAct = Sequential<Conv2d<O>, BatchNorm, Act>;

/// Layers as an inverted residual's branch, with the input added where shapes allow.
template <InvertedResidualOptions O, class... Ls>
using InvertedBranch = std::conditional_t<O.adds_input(), Residual<Sequential<Ls...>>, Sequential<Ls...>>;

template <InvertedResidualOptions O, class Act>
using Expansion =
    Repeat<(O.expand == 1 ? 0 : 1), ConvNormAct<ConvOptions{.out = O.wide(), .kernel = 1}, Act>>;
template <InvertedResidualOptions O, class Act>
using DepthwiseFilter =
    ConvNormAct<ConvOptions{.kernel = O.kernel, .stride = O.stride, .depthwise = true}, Act>;
}  // namespace detail

/// The block of MobileNetV2; tensors "conv.*".
template <InvertedResidualOptions O>
struct InvertedResidual
    : Sequential<Named<
          "conv", detail::InvertedBranch<O, detail::Expansion<O, ReLU6>, detail::DepthwiseFilter<O, ReLU6>,
                                         Conv2d<ConvOptions{.out = O.out, .kernel = 1}>, BatchNorm>>> {
  static constexpr std::string_view kName = "InvertedResidual";
};

/// The block of EfficientNet; tensors "block.*".
template <InvertedResidualOptions O>
struct MBConv
    : Sequential<Named<
          "block",
          detail::InvertedBranch<
              O, detail::Expansion<O, SiLU>, detail::DepthwiseFilter<O, SiLU>,
              SqueezeExcite<SqueezeExciteOptions{.channels = O.wide(), .squeeze = std::max(1, O.in / 4)}>,
              Sequential<Conv2d<ConvOptions{.out = O.out, .kernel = 1}>, BatchNorm>,
              Repeat<(O.adds_input() && O.drop.p > 0 ? 1 : 0), StochasticDepth<O.drop>>>>> {
  static constexpr std::string_view kName = "MBConv";
};

}  // namespace drnet::inline DRNET_ISA
