// The register tile of the convolution kernels: P output pixels x O vectors of output channels.
//
//              O vectors of output channels
//            ┌──────────┬──────────┐
//   pixel 0  │ acc[0,0] │ acc[0,1] │   one step of the inner loop, for one input channel c of one kernel tap:
//   pixel 1  │ acc[1,0] │ acc[1,1] │     load O weight vectors w[o];
//     ...    │   ...    │   ...    │     for every pixel p: broadcast x[p][c], acc[p][o] += x[p][c] * w[o]
//   pixel P-1│          │          │
//            └──────────┴──────────┘
//
// The accumulators stay in registers over all input channels and taps. P * O >= 8 hides the FMA latency (4
// cycles, 2 a cycle) and P + O loads must not outweigh P * O multiply-adds. Narrow rows are joined: a tile is
// a list of row *segments*, e.g. two rows of 7 columns make one tile of 14 pixels.
#pragma once

#include <drnet/tensor/shape.hpp>

#include <algorithm>
#include <array>

namespace drnet::inline DRNET_ISA {

/// The row segments of one tile: lengths in pixels. The first starts at column `first_column`, the others at
/// 0.
template <int... Lengths>
struct Segments {
  static constexpr int kPixels = (Lengths + ...);
  static constexpr int kCount = sizeof...(Lengths);
  static constexpr std::array<int, sizeof...(Lengths)> kLengths{Lengths...};
  /// The segment that pixel p of the tile lies in, and its column there.
  static constexpr int segment(int p) {
    int s = 0;
    while (p >= kLengths[static_cast<std::size_t>(s)]) p -= kLengths[static_cast<std::size_t>(s++)];
    return s;
  }
  static constexpr int column(int p) {
    int s = 0;
    while (p >= kLengths[static_cast<std::size_t>(s)]) p -= kLengths[static_cast<std::size_t>(s++)];
    return p;
  }
};

/// Rows of a row group, and so segments of a tile, at most.
inline constexpr int kMostRows = 4;

/// How a plane of height x width outputs is cut: groups of `rows` rows, each cut into tiles of `pixels`
/// pixels (the last one smaller) by `vectors` vectors of output channels.
struct TileShape {
  int rows = 1, pixels = 1, vectors = 1;
  friend constexpr bool operator==(const TileShape&, const TileShape&) = default;
};

/// Cycles of one inner step of a tile: bound by two FMAs a cycle, two loads a cycle, or four cycles of
/// latency.
[[nodiscard]] constexpr double tile_cycles(int pixels, int vectors) {
  return std::max({pixels * vectors / 2.0, (pixels + vectors) / 2.0, 4.0}) + 0.4;
}

/// Whether a tile of accumulators, its weights and one broadcast fit the register file.
[[nodiscard]] constexpr bool fits_registers(int pixels, int vectors) {
  return pixels * vectors + vectors + 1 <= kSimdRegisters && pixels * vectors <= kSimdRegisters - 4;
}

namespace detail {
constexpr double group_cycles(Index pixels, int tile, int vectors) {
  const Index full = pixels / tile, rest = pixels % tile;
  return static_cast<double>(full) * tile_cycles(tile, vectors) +
         (rest > 0 ? tile_cycles(static_cast<int>(rest), vectors) : 0.0);
}
}  // namespace detail

/// Cycles of one input channel of one tap over a whole plane and all `blocks` output vectors.
[[nodiscard]] constexpr double plane_cycles(int height, int width, int blocks, TileShape t) {
  const auto plane = [&](int vectors) {
    return (height / t.rows) * detail::group_cycles(Index{t.rows} * width, t.pixels, vectors) +
           detail::group_cycles(Index{height % t.rows} * width, t.pixels, vectors);
  };
  return (blocks / t.vectors) * plane(t.vectors) + (blocks % t.vectors > 0 ? plane(blocks % t.vectors) : 0.0);
}

/// The cheapest tile for a plane of height x width outputs and `blocks` vectors of output channels; of tiles
/// that cut a row group into 16 at most, as long as there is one.
[[nodiscard]] constexpr TileShape choose_tile(int height, int width, int blocks) {
  TileShape best;
  double best_cycles = 1e300;
  for (const int most_tiles : {16, width}) {
    for (int vectors = 1; vectors <= std::min(blocks, 4); ++vectors)
      for (int rows = 1; rows <= std::min(height, kMostRows); ++rows) {
        if (rows > 1 && width > 24) break;
        for (int pixels = 1; pixels <= std::min(28, rows * width) && fits_registers(pixels, vectors);
             ++pixels) {
          if (ceil_div(rows * width, pixels) > most_tiles) continue;
          const TileShape tile{rows, pixels, vectors};
          const double cycles = plane_cycles(height, width, blocks, tile) * (1.0 + 0.002 * rows);
          if (cycles < best_cycles) best = tile, best_cycles = cycles;
        }
      }
    if (best_cycles < 1e300) break;
  }
  return best;
}

namespace detail {
/// The segments of a tile that starts at pixel Start of a row group `Width` pixels wide.
template <int Width, int Start, int Pixels>
constexpr auto segments() {
  constexpr int first = std::min(Pixels, Width - Start % Width);
  constexpr int rest = Pixels - first, full = rest / Width, last = rest % Width;
  if constexpr (rest == 0)
    return Segments<first>{};
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      if constexpr (last == 0)
        return Segments<first, (I * 0 + Width)...>{};
      else
        return Segments<first, (I * 0 + Width)..., last>{};
    }
  (std::make_integer_sequence<int, full>{});
}
}  // namespace detail

/// Calls f(segments, row, column) for every tile of a group of `Rows` rows of `Width` pixels; row and column
/// are where the tile starts.
template <int Rows, int Width, int Pixels, class F>
constexpr void for_each_tile(F&& f) {
  constexpr int total = Rows * Width;
  unroll<ceil_div(total, Pixels)>([&](auto i) {
    constexpr int start = i * Pixels;
    f(detail::segments<Width, start, std::min(Pixels, total - start)>(), start / Width, start % Width);
  });
}

}  // namespace drnet::inline DRNET_ISA
