// Weight gradient of a dense convolution. The reduction runs over pixels, so the register tile holds
// C input channels x O vectors of output channels of one tap:
//
//                 O vectors of dy (output channels)
//   channel 0   │ dw[0,0] │ dw[0,1] │    for every output pixel: load O vectors of dy,
//     ...       │   ...   │   ...   │    for every channel c: broadcast x[c], dw[c][o] += x[c] * dy[o]
//   channel C-1 │         │         │
//
// Rows are taken in bands that stay in L1 while all taps and channels pass over them. Where there are fewer
// outputs than a machine has cores, the batch is cut into a fixed number of chunks whose sums are added in a
// fixed order.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/convolution.hpp>

namespace drnet::inline DRNET_ISA {

namespace detail {

/// Operands of one weight-gradient tile; strides in scalars.
template <class T>
struct GradientBand {
  const T* x;
  Index x_row;
  const T* dy;
  Index dy_row, dy_plane;
  int rows, width;
};

/// dw[c][o] += sum over the band of x[c] * dy[o]; dw has `panel` scalars between output vectors.
template <class T, int Step, int Channels, int Vectors>
[[gnu::noinline]] void weight_gradient_tile(const GradientBand<T>& band, T* dw, Index panel) {
  constexpr int B = kLanes<T>;
  simd::Packet<T> acc[Channels][Vectors];
  unroll<Channels>([&](auto c) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
      acc[c][o] = simd::load<T>(dw + o * panel + c * B);
    });
  });
  for (int r = 0; r < band.rows; ++r) {
    const T* x = band.x + r * band.x_row;
    const T* dy = band.dy + r * band.dy_row;
    for (int i = 0; i < band.width; ++i, x += Step * B, dy += B) {
      simd::Packet<T> d[Vectors];
      unroll<Vectors>([&](auto o)
                          __attribute__((always_inline)) { d[o] = simd::load<T>(dy + o * band.dy_plane); });
      unroll<Channels>([&](auto c) __attribute__((always_inline)) {
        const auto value = simd::broadcast<T>(x[c]);
        unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
          acc[c][o] = simd::fma(value, d[o], acc[c][o]);
        });
      });
    }
  }
  unroll<Channels>([&](auto c) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
      simd::store<T>(dw + o * panel + c * B, acc[c][o]);
    });
  });
}

/// All taps and all channels of one input block over one band; Count = channels in the block.
template <class T, Window W, int Count, int Vectors, class In, class Out>
void weight_gradient_band(In x, Out dy, Index n, int in_block, int out_block, int row, int rows, T* dw,
                          Index panel) {
  constexpr int B = kLanes<T>, tile = std::min(Count, std::max(1, (kSimdRegisters == 32 ? 16 : 8) / Vectors));
  for (int kh = 0; kh < W.kernel; ++kh)
    for (int kw = 0; kw < W.kernel; ++kw) {
      const GradientBand<T> band{
          .x = x.row(n, in_block, row * W.stride - W.padding + kh) + Index{kw - W.padding} * B,
          .x_row = Index{W.stride} * In::kRowStride,
          .dy = dy.row(n, out_block, row),
          .dy_row = Out::kRowStride,
          .dy_plane = Out::kPlaneStride,
          .rows = rows,
          .width = Out::kShape.width};
      T* const out = dw + Index{kh * W.kernel + kw} * Count * B;
      for (int c = 0; c + tile <= Count; c += tile) {
        GradientBand<T> part = band;
        part.x += c;
        weight_gradient_tile<T, W.stride, tile, Vectors>(part, out + c * B, panel);
      }
      if constexpr (Count % tile > 0) {
        GradientBand<T> part = band;
        part.x += Count - Count % tile;
        weight_gradient_tile<T, W.stride, Count % tile, Vectors>(part, out + (Count - Count % tile) * B,
                                                                 panel);
      }
    }
}

}  // namespace detail

/// How the batch is cut for the weight gradient of one convolution: a function of the problem alone.
template <class T, Window W, Shape In, int OutChannels>
struct WeightGradientPlan {
  static constexpr int B = kLanes<T>;
  static constexpr int in_blocks = ceil_div(In.channels, B), out_blocks = ceil_div(OutChannels, B);
  static constexpr int vectors = out_blocks > 1 ? 2 : 1, panels = ceil_div(out_blocks, vectors);
  static constexpr int taps = W.kernel * W.kernel;
  static constexpr Index panel_size = Index{In.channels} * taps * B;
  [[nodiscard]] static constexpr Index chunks(Index n) {
    return std::clamp<Index>(ceil_div(16, in_blocks * panels), 1, n);
  }
  /// Scalars of scratch memory for a batch of n.
  [[nodiscard]] static constexpr Index scratch(Index n) { return chunks(n) * panel_size * out_blocks; }
};

/// dw += gradient with respect to the weights, dw in PyTorch's layout [out][in][k][k].
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void convolution_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                                 FeatureMap<const T, Out, HaloOut> dy, T* dw, T* scratch) {
  using Plan = WeightGradientPlan<T, W, In, Out.channels>;
  constexpr int B = Plan::B;
  constexpr Index size = Plan::panel_size * Plan::out_blocks;
  constexpr int band_bytes =
      (Out.width * Plan::vectors + W.stride * FeatureMap<T, In, HaloIn>::kRowStride / B) * B *
      static_cast<int>(sizeof(T));
  constexpr int band = std::clamp(24 * 1024 / band_bytes, 1, Out.height);
  const Index chunks = Plan::chunks(n);

  policy.for_parts(chunks * Plan::panels * Plan::in_blocks, [&](Index part, int) {
    const int in_block = static_cast<int>(part % Plan::in_blocks);
    const int out_block = static_cast<int>(part / Plan::in_blocks % Plan::panels) * Plan::vectors;
    const Index chunk = part / Plan::in_blocks / Plan::panels;
    const auto run = [&]<int Count, int Vectors>(std::integer_sequence<int, Count, Vectors>) {
      T* const dst =
          scratch + chunk * size + out_block * Plan::panel_size + Index{in_block} * Plan::taps * B * B;
      for (int o = 0; o < Vectors; ++o) std::fill_n(dst + o * Plan::panel_size, Plan::taps * Count * B, T(0));
      for (Index i = n * chunk / chunks; i < n * (chunk + 1) / chunks; ++i)
        for (int row = 0; row < Out.height; row += band)
          detail::weight_gradient_band<T, W, Count, Vectors>(
              x, dy, i, in_block, out_block, row, std::min(band, Out.height - row), dst, Plan::panel_size);
    };
    const auto with_vectors = [&]<int Count>(std::integer_sequence<int, Count>) {
      if (out_block + Plan::vectors <= Plan::out_blocks)
        run(std::integer_sequence<int, Count, Plan::vectors>{});
      else if constexpr (Plan::out_blocks % Plan::vectors > 0)
        run(std::integer_sequence<int, Count, 1>{});
    };
    if ((in_block + 1) * B <= In.channels) {
      if constexpr (In.channels >= B) with_vectors(std::integer_sequence<int, B>{});
    } else if constexpr (In.channels % B > 0) {
      with_vectors(std::integer_sequence<int, In.channels % B>{});
    }
  });

  policy.for_parts(Out.channels, [&](Index o, int) {
    const T* from = scratch + o / B * Plan::panel_size + o % B;
    T* const to = dw + o * In.channels * Plan::taps;
    for (int ib = 0; ib < In.channels; ib += B)
      for (int tap = 0; tap < Plan::taps; ++tap)
        for (int c = ib; c < std::min(ib + B, In.channels); ++c, from += B) {
          T sum = from[0];
          for (Index k = 1; k < chunks; ++k) sum += from[k * size];
          to[Index{c} * Plan::taps + tap] += sum;
        }
  });
}

}  // namespace drnet::inline DRNET_ISA
