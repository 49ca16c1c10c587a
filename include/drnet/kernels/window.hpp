// The sliding window of convolutions and pooling: kernel size, stride, padding, and the shapes that follow;
// and what their kernels agree on.
#pragma once

#include <drnet/tensor/shape.hpp>

namespace drnet::inline DRNET_ISA {

/// A square window. Output extent = floor((in + 2 padding - kernel) / stride) + 1.
struct Window {
  int kernel = 1, stride = 1, padding = 0;
  friend constexpr bool operator==(const Window&, const Window&) = default;

  [[nodiscard]] constexpr bool fits(int in) const { return in + 2 * padding >= kernel; }
  [[nodiscard]] constexpr int output(int in) const { return (in + 2 * padding - kernel) / stride + 1; }
  [[nodiscard]] constexpr Shape output(Shape in, int channels) const {
    return {channels, output(in.height), output(in.width)};
  }
  /// Halo that the input of the forward pass needs: the last window may end before the padded border.
  [[nodiscard]] constexpr int input_halo() const { return padding; }
};

/// The taps that reach input pixels of one parity, i.e. positions stride * u + offset: kernel indices
/// first + stride * t, t < taps, applied to output gradient positions u + shift - t.
struct Parity {
  int offset, first, taps, shift, count;

  constexpr Parity(Window w, int in, int position)
      : offset(position),
        first((position + w.padding) % w.stride),
        taps(first < w.kernel ? (w.kernel - first + w.stride - 1) / w.stride : 0),
        shift((position + w.padding) / w.stride),
        count(position < in ? (in - position + w.stride - 1) / w.stride : 0) {}
};

/// Halo that the output gradient needs so that the input gradient can read past its border.
[[nodiscard]] constexpr int gradient_halo(Window w, int in) {
  int halo = 0;
  for (int a = 0; a < w.stride; ++a) {
    const Parity p(w, in, a);
    if (p.taps == 0 || p.count == 0) continue;
    halo = std::max({halo, p.taps - 1 - p.shift, p.count - 1 + p.shift - (w.output(in) - 1)});
  }
  return halo;
}

/// Bytes of weights that are cheap to read again: up to as many, the parts of a convolution of one image are
/// rows; above, panels of outputs, whose weights stay while the rows pass by.
inline constexpr Index kLightWeights = Index{256} << 10;

}  // namespace drnet::inline DRNET_ISA
