// The resolution predictor for MobileNetV2 and EfficientNet (docs/method.md, resolution predictor): inverted
// residuals on a fixed small copy of the image. It is MobileNetV2 without the blocks that keep their input's
// shape: of each stage the first block, under MobileNetV2's name (features.7), so that it can begin with what
// a MobileNetV2 has learnt (dynamic/inherit.hpp). With the defaults and three candidates it has 260,387
// parameters and takes 8,280,800 multiply-adds at 64 x 64, a 36th of MobileNetV2's at 224.
#pragma once

#include <drnet/layers/inverted_residual.hpp>
#include <drnet/layers/linear.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

/// Named options of the predictor: channels and strides of its blocks, behind a 3 x 3 stem with stride 2.
struct MobilePredictorOptions {
  int stem = 32;
  int widths[6] = {16, 24, 32, 64, 96, 160};
  int strides[6] = {1, 2, 2, 2, 1, 2};
  int expand = 6;  ///< of every block but the first, which does not expand
};

namespace detail {
template <MobilePredictorOptions O, int I>
inline constexpr InvertedResidualOptions kMobilePredictorBlock{
    .in = I == 0 ? O.stem : O.widths[I == 0 ? 0 : I - 1],
    .out = O.widths[I],
    .stride = O.strides[I],
    .expand = I == 0 ? 1 : O.expand};
}  // namespace detail

/// A predictor that reads Input x Input pixels. Outputs<m> is its topology for m candidates.
template <int Input = 64, MobilePredictorOptions O = MobilePredictorOptions{}>
struct MobilePredictor {
  static_assert(Input > 0 && O.stem > 0, "a predictor needs an input and a width");
  static constexpr int kInput = Input;
  template <FixedString Name, int I>
  using Block = Named<Name, InvertedResidual<detail::kMobilePredictorBlock<O, I>>>;
  template <int M>
  using Outputs = Sequential<
      Named<"features",
            Sequential<
                drnet::detail::ConvNormAct<ConvOptions{.out = O.stem, .kernel = 3, .stride = 2}, ReLU6>,
                Block<"1", 0>, Block<"2", 1>, Block<"4", 2>, Block<"7", 3>, Block<"11", 4>, Block<"14", 5>>>,
      GlobalAveragePool, Named<"classifier", Linear<M>>>;
};

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
