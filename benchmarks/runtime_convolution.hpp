// The forward convolution with run-time extents, for comparison: the same micro-kernel, layout and loop
// order, but tiles of up to 14 pixels of one row, chosen from a table at run time. Rows narrower than a tile
// cannot be joined.
#pragma once

#include <drnet/kernels/convolution_tile.hpp>

namespace benchmark_support {

/// Extents and strides (in scalars) of one convolution.
struct RuntimeConvolution {
  int in_channels, out_blocks, out_height, out_width, kernel;
  drnet::Index in_row, in_plane, out_row, out_plane;
};

template <int Step>
class RuntimeKernels {
 public:
  static constexpr int kTile = drnet::kSimdRegisters == 32 ? 14 : 6, kVectors = 2;

  /// y = x * weights; x points at tap (0, 0) of output (0, 0), y at output (0, 0). out_blocks must be even.
  static void run(const RuntimeConvolution& c, const float* x, const float* weights, float* y) {
    constexpr int B = drnet::kLanes<float>;
    const drnet::Index panel = drnet::Index{c.in_channels} * c.kernel * c.kernel * B;
    alignas(64) float tile[kTile * kVectors * B];
    for (int block = 0; block < c.out_blocks; block += kVectors)
      for (int row = 0; row < c.out_height; ++row)
        for (int column = 0; column < c.out_width; column += kTile) {
          const int pixels = std::min(kTile, c.out_width - column);
          const drnet::TileInput<float> in{
              .pixels = x + row * Step * c.in_row + drnet::Index{column} * Step * B,
              .wrap = 0,
              .segment_stride = 0,
              .row_stride = c.in_row,
              .plane_stride = c.in_plane,
              .weights = weights + block * panel,
              .panel_stride = panel,
              .taps_h = c.kernel,
              .taps_w = c.kernel,
              .channels = c.in_channels};
          kernels()[static_cast<std::size_t>(pixels - 1)](in, tile);
          for (int p = 0; p < pixels; ++p)
            for (int o = 0; o < kVectors; ++o)
              drnet::simd::store<float>(
                  y + (block + o) * c.out_plane + row * c.out_row + drnet::Index{column + p} * B,
                  drnet::simd::load<float>(tile + (o * pixels + p) * B));
        }
  }

 private:
  using Kernel = void (*)(const drnet::TileInput<float>&, float*);
  static const std::array<Kernel, kTile>& kernels() {
    static const auto table = []<int... I>(std::integer_sequence<int, I...>) {
      return std::array<Kernel, kTile>{
          drnet::convolution_tile<float, Step, kVectors, drnet::Segments<I + 1>>...};
    }
    (std::make_integer_sequence<int, kTile>{});
    return table;
  }
};

}  // namespace benchmark_support
