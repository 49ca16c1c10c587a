// Compile-time shapes. A Shape is the shape of one image's feature map, channels x height x width; the batch
// size is a run-time number everywhere.
#pragma once

#include <drnet/core/simd.hpp>

#include <string>

namespace drnet::inline DRNET_ISA {

/// Channels x height x width of one feature map; usable as a template argument.
struct Shape {
  int channels = 0, height = 0, width = 0;

  [[nodiscard]] constexpr Index pixels() const { return Index{height} * width; }
  [[nodiscard]] constexpr Index size() const { return pixels() * channels; }
  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

[[nodiscard]] inline std::string to_string(const Shape& s) {
  return std::to_string(s.channels) + " x " + std::to_string(s.height) + " x " + std::to_string(s.width);
}

/// Smallest integer >= a / b, for positive b.
[[nodiscard]] constexpr Index ceil_div(Index a, Index b) {
  return (a + b - 1) / b;
}
[[nodiscard]] constexpr int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}
/// Smallest multiple of b >= a.
[[nodiscard]] constexpr Index round_up(Index a, Index b) {
  return ceil_div(a, b) * b;
}

}  // namespace drnet::inline DRNET_ISA
