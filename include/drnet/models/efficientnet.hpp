// EfficientNet (Tan and Le, 2019), B0 to B3, under torchvision's names: B1 to B3 are B0 made wider and
// deeper.
#pragma once

#include <drnet/models/mobilenet_v2.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

/// Named options of EfficientNet.
struct EfficientNetOptions {
  int classes = 1000;
  double width = 1, depth = 1;    ///< multipliers of channels and of the blocks of a stage
  double dropout = 0.2;           ///< before the head, in training
  double stochastic_depth = 0.2;  ///< of the last block; it grows linearly from 0 at the first
};

namespace detail {
struct EfficientStage {
  int expand, kernel, stride, channels, blocks;
};
/// Table 1 of the paper.
inline constexpr EfficientStage kEfficientNetStages[] = {
    {1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
    {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};

constexpr int efficientnet_blocks(int stage, double depth) {
  const double exact = kEfficientNetStages[stage].blocks * depth;
  const int whole = static_cast<int>(exact);
  return whole + (exact > whole);
}

/// Block `index` of a stage.
constexpr InvertedResidualOptions efficientnet_block(int stage, int index, EfficientNetOptions o) {
  const EfficientStage& s = kEfficientNetStages[stage];
  const int out = scaled_channels(s.channels, o.width);
  const int before = stage == 0 ? 32 : kEfficientNetStages[stage - 1].channels;
  int position = index, total = 0;
  for (int i = 0; i < 7; ++i) {
    if (i < stage) position += efficientnet_blocks(i, o.depth);
    total += efficientnet_blocks(i, o.depth);
  }
  return {.in = index == 0 ? scaled_channels(before, o.width) : out,
          .out = out,
          .kernel = s.kernel,
          .stride = index == 0 ? s.stride : 1,
          .expand = s.expand,
          .drop = {.p = o.stochastic_depth * position / total}};
}

template <EfficientNetOptions O, int Stage, int... I>
Sequential<MBConv<efficientnet_block(Stage, I, O)>...> efficientnet_stage(std::integer_sequence<int, I...>);
template <EfficientNetOptions O, int Stage>
using EfficientNetStage = decltype(efficientnet_stage<O, Stage>(
    std::make_integer_sequence<int, efficientnet_blocks(Stage, O.depth)>{}));
}  // namespace detail

template <EfficientNetOptions O>
using EfficientNet = Sequential<
    Named<
        "features",
        Sequential<
            drnet::detail::ConvNormAct<
                ConvOptions{.out = detail::scaled_channels(32, O.width), .kernel = 3, .stride = 2}, SiLU>,
            detail::EfficientNetStage<O, 0>, detail::EfficientNetStage<O, 1>, detail::EfficientNetStage<O, 2>,
            detail::EfficientNetStage<O, 3>, detail::EfficientNetStage<O, 4>, detail::EfficientNetStage<O, 5>,
            detail::EfficientNetStage<O, 6>,
            drnet::detail::ConvNormAct<
                ConvOptions{.out = 4 * detail::scaled_channels(320, O.width), .kernel = 1}, SiLU>>>,
    GlobalAveragePool,
    Named<"classifier", Sequential<Dropout<DropOptions{.p = O.dropout}>, Linear<O.classes>>>>;

template <int Classes = 1000>
using EfficientNetB0 = EfficientNet<EfficientNetOptions{.classes = Classes}>;
template <int Classes = 1000>
using EfficientNetB1 = EfficientNet<EfficientNetOptions{.classes = Classes, .depth = 1.1}>;
template <int Classes = 1000>
using EfficientNetB2 =
    EfficientNet<EfficientNetOptions{.classes = Classes, .width = 1.1, .depth = 1.2, .dropout = 0.3}>;
template <int Classes = 1000>
using EfficientNetB3 =
    EfficientNet<EfficientNetOptions{.classes = Classes, .width = 1.2, .depth = 1.4, .dropout = 0.3}>;

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
