// The ResNet-style resolution predictor (docs/method.md, resolution predictor): a small residual network on a
// fixed small copy of the image whose outputs are the logits of the candidates. With the defaults and three
// candidates it has 4,907,331 parameters and 290,194,944 multiply-adds at 128 x 128.
#pragma once

#include <drnet/models/resnet.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

/// Named options of the predictor: widths of the stages (0 ends the list), blocks per stage, and the stem.
struct PredictorOptions {
  int widths[4] = {64, 128, 256, 512};
  int depth = 1;            ///< basic blocks per stage
  bool small_stem = false;  ///< 3 x 3 convolution with stride 2 instead of 7 x 7 / 2 and max pooling
};

namespace detail {
template <PredictorOptions O>
using PredictorStem = std::conditional_t<
    O.small_stem,
    Sequential<Named<"conv1", Conv2d<ConvOptions{.out = O.widths[0], .kernel = 3, .stride = 2}>>,
               Named<"bn1", BatchNorm>, ReLU>,
    Sequential<Named<"conv1", Conv2d<ConvOptions{.out = O.widths[0], .kernel = 7, .stride = 2}>>,
               Named<"bn1", BatchNorm>, ReLU,
               MaxPool2d<PoolOptions{.kernel = 3, .stride = 2, .padding = 1}>>>;

/// Stage I, or nothing where the list of widths has ended.
template <FixedString Name, PredictorOptions O, int I>
using PredictorStage =
    Repeat<(O.widths[I] > 0 ? 1 : 0),
           Named<Name, Stage<BasicBlock, BlockOptions{}, O.widths[I] == 0 ? 1 : O.widths[I], O.depth,
                             I == 0 ? 1 : 2>>>;
}  // namespace detail

/// A predictor that reads Input x Input pixels. Outputs<m> is its topology for m candidates.
template <int Input, PredictorOptions O = PredictorOptions{}>
struct ResolutionPredictor {
  static_assert(Input > 0 && O.widths[0] > 0 && O.depth > 0,
                "a predictor needs an input, a width and a depth");
  static constexpr int kInput = Input;
  template <int M>
  using Outputs =
      Sequential<Named<"", detail::PredictorStem<O>>, detail::PredictorStage<"layer1", O, 0>,
                 detail::PredictorStage<"layer2", O, 1>, detail::PredictorStage<"layer3", O, 2>,
                 detail::PredictorStage<"layer4", O, 3>, GlobalAveragePool, Named<"fc", Linear<M>>>;
};

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
