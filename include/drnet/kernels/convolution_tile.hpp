// The micro-kernel of forward convolution and input gradient: one register tile over all taps and input
// channels. It depends on (segments, vectors, input step, scalar) alone; extents, taps and channels are
// run-time numbers, so one more resolution adds loops around it, not kernels. The 16 input channels of a
// block are a rolled loop: unrolling it makes g++ spill accumulators. Each of its steps asks for one pixel of
// the tile that follows: the planes of a 1 x 1 convolution are too far apart for the hardware to foresee it.
#pragma once

#include <drnet/kernels/tile.hpp>

namespace drnet::inline DRNET_ISA {

/// What a tile reads; strides in scalars.
template <class T>
struct TileInput {
  const T* pixels;       ///< input of the tile's first pixel at tap (0, 0), channel 0
  Index wrap;            ///< from the first segment's start to the second segment's
  Index segment_stride;  ///< from one later segment to the next
  Index row_stride;      ///< from tap row to tap row
  Index plane_stride;    ///< from input block to input block
  const T* weights;      ///< [vectors] panels of [input block][tap row][tap column][channel][lanes]
  Index panel_stride;    ///< from one vector's weights to the next one's
  int taps_h, taps_w, channels;
  const T* next = nullptr;  ///< weights wanted after this tile
  int next_lines = 0;       ///< cache lines of them that every tap of every block asks for
};

/// tile[o][p] = sum over blocks, taps and channels; tile is [vectors][pixels][lanes].
template <class T, int Step, int Vectors, class Tile>
[[gnu::noinline]] void convolution_tile(const TileInput<T>& in, T* tile) {
  static_assert(Tile::kCount <= kMostRows);
  // One fold over the accumulators acc[p][o], I = p * Vectors + o, compiles faster than a loop nest of
  // lambdas.
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    constexpr int B = kLanes<T>, P = Tile::kPixels, O = Vectors;
    simd::Packet<T> acc[P * O] = {(void(I), simd::zero<simd::Packet<T>>())...};
    const T* weights = in.weights;
    const Index panel = in.panel_stride;
    const T *plane = in.pixels, *next = in.next;
    for (int left = in.channels; left > 0; left -= B, plane += in.plane_stride) {
      const int count = left < B ? left : B;
      const T* row = plane;
      for (int kh = 0; kh < in.taps_h; ++kh, row += in.row_stride) {
        const T* tap = row;
        for (int kw = 0; kw < in.taps_w; ++kw, tap += B) {
          for (int line = 0; line < in.next_lines; ++line, next += kCacheLine / Index{sizeof(T)})
            simd::prefetch_far(next);
          const T* segment[Tile::kCount];
          segment[0] = tap;
          if constexpr (Tile::kCount > 1) segment[1] = tap + in.wrap;
          if constexpr (Tile::kCount > 2) segment[2] = segment[1] + in.segment_stride;
          if constexpr (Tile::kCount > 3) segment[3] = segment[2] + in.segment_stride;
          const T* const end = weights + Index{count} * B;
          for (Index c = 0; weights != end; weights += B, ++c) {
            simd::prefetch(segment[0] + (P + c) * Step * B);
            ((acc[I] = simd::fma(
                  simd::broadcast<T>(segment[Tile::segment(I / O)][c + Tile::column(I / O) * Step * B]),
                  simd::load<T>(weights + I % O * panel), acc[I])),
             ...);
          }
        }
      }
    }
    (simd::store<T>(tile + (I % O * P + I / O) * B, acc[I]), ...);
  }
  (std::make_integer_sequence<int, Tile::kPixels * Vectors>{});
}

}  // namespace drnet::inline DRNET_ISA
