// MobileNetV2 (Sandler et al., 2018) under torchvision's names, with its width multiplier.
#pragma once

#include <drnet/layers/dropout.hpp>
#include <drnet/layers/inverted_residual.hpp>
#include <drnet/layers/linear.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

/// Named options of MobileNetV2.
struct MobileNetV2Options {
  int classes = 1000;
  double width = 1;      ///< multiplier of all channels but those of the head, which never shrinks
  double dropout = 0.2;  ///< before the head, in training
};

namespace detail {
/// Channels scaled to a multiple of 8 that is at least 8 and not more than a tenth below the exact product.
constexpr int scaled_channels(int channels, double width) {
  const double exact = channels * width;
  const int nearest = std::max(8, static_cast<int>(exact + 4) / 8 * 8);
  return nearest < 0.9 * exact ? nearest + 8 : nearest;
}

struct MobileStage {
  int expand, channels, blocks, stride;
};
/// Table 2 of the paper.
inline constexpr MobileStage kMobileNetV2Stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2},
                                                     {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2},
                                                     {6, 320, 1, 1}};
inline constexpr int kMobileNetV2Blocks = 17;

/// Block `index` of all, behind the stem.
constexpr InvertedResidualOptions mobilenet_v2_block(int index, double width) {
  int in = scaled_channels(32, width);
  for (const MobileStage& s : kMobileNetV2Stages) {
    const int out = scaled_channels(s.channels, width);
    if (index < s.blocks)
      return {
          .in = index == 0 ? in : out, .out = out, .stride = index == 0 ? s.stride : 1, .expand = s.expand};
    index -= s.blocks;
    in = out;
  }
  return {};
}

template <MobileNetV2Options O, class Index>
struct MobileNetV2;
template <MobileNetV2Options O, int... I>
struct MobileNetV2<O, std::integer_sequence<int, I...>> {
  using Features =
      Sequential<drnet::detail::ConvNormAct<
                     ConvOptions{.out = scaled_channels(32, O.width), .kernel = 3, .stride = 2}, ReLU6>,
                 InvertedResidual<mobilenet_v2_block(I, O.width)>...,
                 drnet::detail::ConvNormAct<
                     ConvOptions{.out = scaled_channels(1280, std::max(1.0, O.width)), .kernel = 1}, ReLU6>>;
  using Type =
      Sequential<Named<"features", Features>, GlobalAveragePool,
                 Named<"classifier", Sequential<Dropout<DropOptions{.p = O.dropout}>, Linear<O.classes>>>>;
};
}  // namespace detail

template <MobileNetV2Options O>
using MobileNetV2With =
    typename detail::MobileNetV2<O, std::make_integer_sequence<int, detail::kMobileNetV2Blocks>>::Type;
template <int Classes = 1000>
using MobileNetV2 = MobileNetV2With<MobileNetV2Options{.classes = Classes}>;

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
