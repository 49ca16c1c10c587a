// The convolution cases of reference/operators.json, by compile-time options.
#pragma once

#include <layers/operator_case.hpp>

#include <drnet/layers/conv2d.hpp>

namespace support {

template <drnet::ConvOptions O, drnet::Shape In>
struct Convolution : Instance<drnet::Conv2d<O>, In> {
  [[nodiscard]] static bool fits(const OperatorCase& c) {
    const auto is = [&](const char* attribute, int value) { return c.attributes.at(attribute) == value; };
    return is("kernel", O.kernel) && is("stride", O.stride) &&
           is("padding", drnet::Conv2d<O>::kWindow.padding) && is("groups", O.depthwise ? In.channels : 1) &&
           c.has("b") == O.bias && image_shape(c, "y").channels == drnet::Conv2d<O>::out_channels(In);
  }
};

/// Every case that `chosen` takes, with the instance that it asks for.
template <class T, class... Convolutions, class Chosen>
void check_convolutions(const Chosen& chosen) {
  const auto operators = load_or_skip("operators");
  if (!operators) return;
  int count = 0;
  for (const auto& c : operator_cases(*operators, "conv2d"))
    if (chosen(c.attributes)) {
      ++count;
      check_case_with<T, Convolutions...>(c, [&](auto instance) { return decltype(instance)::fits(c); });
    }
  CHECK(count > 0);
}

}  // namespace support
