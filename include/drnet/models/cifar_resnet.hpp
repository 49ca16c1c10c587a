// The CIFAR residual networks of He et al. (2016), section 4.2: 3 x 3 stem, three stages of 16, 32, 64
// channels with `Blocks` basic blocks each and option-A shortcuts; depth = 6 Blocks + 2. The head is named
// "linear".
#pragma once

#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/residual.hpp>

namespace drnet::inline DRNET_ISA {
namespace models {

namespace detail {
template <int Width, int Blocks, int Stride>
using CifarStage =
    Sequential<BasicBlock<Width, BlockOptions{.stride = Stride, .shortcut = Shortcut::option_a}>,
               Repeat<Blocks - 1, BasicBlock<Width, BlockOptions{.shortcut = Shortcut::option_a}>>>;
}  // namespace detail

template <int Blocks, int Classes = 10>
using CifarResNet = Sequential<
    Named<"conv1", Conv2d<ConvOptions{.out = 16, .kernel = 3}>>, Named<"bn1", BatchNorm>, ReLU,
    Named<"layer1", detail::CifarStage<16, Blocks, 1>>, Named<"layer2", detail::CifarStage<32, Blocks, 2>>,
    Named<"layer3", detail::CifarStage<64, Blocks, 2>>, GlobalAveragePool, Named<"linear", Linear<Classes>>>;

template <int Classes = 10>
using CifarResNet14 = CifarResNet<2, Classes>;  // not in the paper
template <int Classes = 10>
using CifarResNet20 = CifarResNet<3, Classes>;
template <int Classes = 10>
using CifarResNet32 = CifarResNet<5, Classes>;
template <int Classes = 10>
using CifarResNet44 = CifarResNet<7, Classes>;
template <int Classes = 10>
using CifarResNet56 = CifarResNet<9, Classes>;

}  // namespace models
}  // namespace drnet::inline DRNET_ISA
