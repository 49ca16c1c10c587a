// The residual networks of He et al. (2016) and ResNeXt (Xie et al., 2017) under torchvision's names (v1.5: a
// bottleneck's stride is on its 3 x 3).
#pragma once

#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/residual.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

namespace detail {
/// The options of a stage's first block: those of all its blocks, and the stride.
constexpr BlockOptions with_stride(BlockOptions options, int stride) {
  options.stride = stride;
  return options;
}
/// `Depth` blocks, the first with the stride.
template <template <int, BlockOptions> class Block, BlockOptions O, int Width, int Depth, int Stride>
using Stage = Sequential<Block<Width, with_stride(O, Stride)>, Repeat<Depth - 1, Block<Width, O>>>;
}  // namespace detail

/// Blocks in each of the four stages.
struct StageDepths {
  int first, second, third, fourth;
};

/// Stem 7 x 7 / 2 and max pool / 2, four stages with the given depths, average pool, linear head.
template <template <int, BlockOptions> class Block, int Classes, StageDepths D,
          BlockOptions O = BlockOptions{}>
using ResNet =
    Sequential<Named<"conv1", Conv2d<ConvOptions{.out = 64, .kernel = 7, .stride = 2}>>,
               Named<"bn1", BatchNorm>, ReLU, MaxPool2d<PoolOptions{.kernel = 3, .stride = 2, .padding = 1}>,
               Named<"layer1", detail::Stage<Block, O, 64, D.first, 1>>,
               Named<"layer2", detail::Stage<Block, O, 128, D.second, 2>>,
               Named<"layer3", detail::Stage<Block, O, 256, D.third, 2>>,
               Named<"layer4", detail::Stage<Block, O, 512, D.fourth, 2>>, GlobalAveragePool,
               Named<"fc", Linear<Classes>>>;

template <int Classes = 1000>
using ResNet18 = ResNet<BasicBlock, Classes, StageDepths{2, 2, 2, 2}>;
template <int Classes = 1000>
using ResNet34 = ResNet<BasicBlock, Classes, StageDepths{3, 4, 6, 3}>;
template <int Classes = 1000>
using ResNet50 = ResNet<Bottleneck, Classes, StageDepths{3, 4, 6, 3}>;
template <int Classes = 1000>
using ResNet101 = ResNet<Bottleneck, Classes, StageDepths{3, 4, 23, 3}>;
template <int Classes = 1000>
using ResNet152 = ResNet<Bottleneck, Classes, StageDepths{3, 8, 36, 3}>;
/// ResNeXt-50 32 x 4d.
template <int Classes = 1000>
using ResNeXt50 =
    ResNet<Bottleneck, Classes, StageDepths{3, 4, 6, 3}, BlockOptions{.groups = 32, .base_width = 4}>;

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
