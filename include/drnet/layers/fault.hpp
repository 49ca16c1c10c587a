// What can be wrong with a topology, as a value: every layer reports a Fault at compile time, valid<Net, In>
// makes it a predicate, and check_topology<Net, In>() one sentence, with the layer's place and both shapes as
// types beside it.
#pragma once

#include <drnet/tensor/shape.hpp>

namespace drnet::inline DRNET_ISA {

enum class Reason {
  none,
  kernel_exceeds_input,
  residual_shapes_differ,
  shortcut_drops_channels,
  depthwise_channels_differ,
  groups_do_not_divide,
  scale_channels_differ,
  input_not_pooled,
  no_probability,
  bad_options,
};

/// The first fault of a topology: its reason, the layer's index in its innermost Sequential, and two shapes.
struct Fault {
  Reason reason = Reason::none;
  Shape expected{}, got{};
  int position = -1;
  const char* layer = "";

  [[nodiscard]] constexpr bool ok() const { return reason == Reason::none; }
};

/// Whether the network's layers fit together for inputs of shape In.
template <class Net, Shape In>
inline constexpr bool valid = Net::fault(In).ok();

/// Types that show up beside a failed static_assert.
template <Shape>
struct Expected {};
template <Shape>
struct Got {};
template <int>
struct LayerIndex {};

namespace detail {
template <class Net, Reason R, class Index, class ExpectedShape, class GotShape>
consteval void report_fault() {
  static_assert(R != Reason::kernel_exceeds_input, "the kernel is larger than its padded input");
  static_assert(R != Reason::residual_shapes_differ,
                "the branch and the shortcut of a residual differ in shape");
  static_assert(R != Reason::shortcut_drops_channels,
                "an option-A shortcut cannot have fewer channels than its input");
  static_assert(R != Reason::depthwise_channels_differ,
                "a depthwise convolution keeps the number of channels");
  static_assert(R != Reason::groups_do_not_divide,
                "the groups of a convolution must divide its input and its output channels");
  static_assert(R != Reason::scale_channels_differ,
                "a squeeze-and-excite layer must be given the number of channels of its input");
  static_assert(R != Reason::input_not_pooled, "Linear needs a 1 x 1 input: put GlobalAveragePool before it");
  static_assert(R != Reason::no_probability,
                "the probability of being dropped must be 0 or more and less than 1");
  static_assert(R != Reason::bad_options, "a layer's options must be positive (padding and stride included)");
}
}  // namespace detail

/// Fails to compile, with one sentence, where the layers of Net do not fit together for inputs of shape In.
template <class Net, Shape In>
consteval void check_topology() {
  constexpr Fault f = Net::fault(In);
  detail::report_fault<Net, f.reason, LayerIndex<f.position>, Expected<f.expected>, Got<f.got>>();
}

}  // namespace drnet::inline DRNET_ISA
