// A decoded picture: 8-bit samples, rows from top to bottom, channels interleaved.
// pixels [height][width][channels], channels = 1 (grey) or 3 (RGB)
#pragma once

#include <drnet/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// No picture may have a longer side than this (what a JPEG can hold) or more pixels than kMaxImagePixels:
/// a guard against sizes read from garbage.
inline constexpr int kMaxImageSide = 65'535;
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

struct Image {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  /// The sample at row y, column x, channel c; all three must be inside.
  [[nodiscard]] std::uint8_t at(int y, int x, int c) const noexcept {
    const auto row = static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
    return pixels[(row + static_cast<std::size_t>(x)) * static_cast<std::size_t>(channels) +
                  static_cast<std::size_t>(c)];
  }
};

}  // namespace drnet::inline DRNET_ISA
