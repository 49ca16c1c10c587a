// The residual networks of He et al. (2016) under torchvision's names (v1.5: a bottleneck's stride is on its
// 3 x 3).
#pragma once

#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/residual.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

namespace detail {
/// `Depth` blocks, the first with the stride.
template <template <int, BlockOptions> class Block, int Width, int Depth, int Stride>
using Stage =
    Sequential<Block<Width, BlockOptions{.stride = Stride}>, Repeat<Depth - 1, Block<Width, BlockOptions{}>>>;
}  // namespace detail

/// Stem 7 x 7 / 2 and max pool / 2, four stages with the given depths, average pool, linear head.
template <template <int, BlockOptions> class Block, int Classes, int D1, int D2, int D3, int D4>
using ResNet = Sequential<
    Named<"conv1", Conv2d<ConvOptions{.out = 64, .kernel = 7, .stride = 2}>>, Named<"bn1", BatchNorm>, ReLU,
    MaxPool2d<PoolOptions{.kernel = 3, .stride = 2, .padding = 1}>,
    Named<"layer1", detail::Stage<Block, 64, D1, 1>>, Named<"layer2", detail::Stage<Block, 128, D2, 2>>,
    Named<"layer3", detail::Stage<Block, 256, D3, 2>>, Named<"layer4", detail::Stage<Block, 512, D4, 2>>,
    GlobalAveragePool, Named<"fc", Linear<Classes>>>;

template <int Classes = 1000>
using ResNet18 = ResNet<BasicBlock, Classes, 2, 2, 2, 2>;
template <int Classes = 1000>
using ResNet34 = ResNet<BasicBlock, Classes, 3, 4, 6, 3>;
template <int Classes = 1000>
using ResNet50 = ResNet<Bottleneck, Classes, 3, 4, 6, 3>;
template <int Classes = 1000>
using ResNet101 = ResNet<Bottleneck, Classes, 3, 4, 23, 3>;

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
