// Depthwise convolution: one k x k filter per channel. Lanes are channels, so nothing is broadcast; weights
// are packed [block][tap][lanes]. The forward pass keeps P neighbouring outputs of a row in registers over
// all taps: their sums are independent, which hides the latency of a multiply-add, and share the tap's
// weight.
//
//   x row   ┌─┬─┬─┬─┬─┬─┬─┬─┬─┬─┐   for every tap (u, v): w = weight of the tap
//           └─┴─┴─┴─┴─┴─┴─┴─┴─┴─┘     for p < P: acc[p] += w * x[stride p + v]
//   y row     │ acc[0] ... acc[P-1] │
//
// Forward, input gradient and weight gradient sum in a fixed order per output.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/window.hpp>
#include <drnet/tensor/expression.hpp>

namespace drnet::inline DRNET_ISA {

/// Packs [channels][k][k] to [block][tap][lanes].
template <class T>
void pack_depthwise(const T* weights, int channels, int kernel, T* packed) {
  constexpr int B = kLanes<T>;
  const int taps = kernel * kernel;
  for (int b = 0; b < channels; b += B)
    for (int tap = 0; tap < taps; ++tap)
      for (int lane = 0; lane < B; ++lane)
        *packed++ = b + lane < channels ? weights[Index{b + lane} * taps + tap] : T(0);
}

namespace detail {
/// P outputs of one row, from the input pixel under the first tap of the first; stored through the epilogue.
template <Window W, int P, class T, class Row>
[[gnu::always_inline]] inline void depthwise_outputs(const T* x, Index row_stride, const T* weights, T* y,
                                                     const Row& epilogue, int column) {
  constexpr int B = kLanes<T>;
  simd::Packet<T> acc[P];
  unroll<P>([&](auto p) __attribute__((always_inline)) { acc[p] = simd::zero<simd::Packet<T>>(); });
  for (int kh = 0; kh < W.kernel; ++kh, x += row_stride)
    unroll<W.kernel>([&](auto kw) __attribute__((always_inline)) {
      const auto w = simd::load<T>(weights + (kh * W.kernel + kw) * B);
      unroll<P>([&](auto p) __attribute__((always_inline)) {
        acc[p] = simd::fma(simd::load<T>(x + (p * W.stride + kw) * B), w, acc[p]);
      });
    });
  unroll<P>([&](auto p) __attribute__((always_inline)) {
    simd::store<T>(y + (column + p) * B, epilogue(acc[p], column + p));
  });
}
}  // namespace detail

/// y = epilogue(depthwise convolution of x).
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void depthwise_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                       const T* packed, FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  static_assert(HaloIn >= W.padding, "the input's halo is narrower than the padding");
  using Map = FeatureMap<T, Out, HaloOut>;
  constexpr int B = kLanes<T>, P = std::min(Out.width, kSimdRegisters == 32 ? 14 : 7), rest = Out.width % P;
  constexpr Index row_stride = FeatureMap<const T, In, HaloIn>::kRowStride;
  policy.for_parts(n * Map::kBlocks, [&](Index part, int) {
    const int b = static_cast<int>(part % Map::kBlocks);
    const Index i = part / Map::kBlocks;
    const T* const w = packed + Index{b} * W.kernel * W.kernel * B;
    for (int oy = 0; oy < Out.height; ++oy) {
      const auto bound = epilogue.row(i, b, oy);
      T* const to = y.row(i, b, oy);
      const T* const from = x.row(i, b, oy * W.stride - W.padding) - W.padding * B;
      int ox = 0;
      for (; ox + P <= Out.width; ox += P)
        detail::depthwise_outputs<W, P>(from + ox * W.stride * B, row_stride, w, to, bound, ox);
      if constexpr (rest > 0)
        detail::depthwise_outputs<W, rest>(from + ox * W.stride * B, row_stride, w, to, bound, ox);
    }
  });
}

/// dx = epilogue(gradient with respect to x); each element gathers the windows that read it.
template <Window W, class T, Shape Out, int HaloOut, Shape In, int HaloIn, Expression E>
void depthwise_input_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, Out, HaloOut> dy,
                              const T* packed, FeatureMap<T, In, HaloIn> dx, const E& epilogue) {
  using Map = FeatureMap<T, In, HaloIn>;
  constexpr int B = kLanes<T>;
  policy.for_parts(n * Map::kBlocks, [&](Index part, int) {
    const int b = static_cast<int>(part % Map::kBlocks);
    const Index i = part / Map::kBlocks;
    const T* const w = packed + Index{b} * W.kernel * W.kernel * B;
    for (int iy = 0; iy < In.height; ++iy) {
      const auto bound = epilogue.row(i, b, iy);
      T* const to = dx.row(i, b, iy);
      for (int ix = 0; ix < In.width; ++ix) {
        auto acc = simd::zero<simd::Packet<T>>();
        for (int kh = (iy + W.padding) % W.stride; kh < W.kernel; kh += W.stride) {
          const int oy = (iy + W.padding - kh) / W.stride;
          if (iy + W.padding < kh || oy >= Out.height) continue;
          const T* const from = dy.row(i, b, oy);
          for (int kw = (ix + W.padding) % W.stride; kw < W.kernel; kw += W.stride) {
            const int ox = (ix + W.padding - kw) / W.stride;
            if (ix + W.padding < kw || ox >= Out.width) continue;
            acc = simd::fma(simd::load<T>(from + Index{ox} * B), simd::load<T>(w + (kh * W.kernel + kw) * B),
                            acc);
          }
        }
        simd::store<T>(to + Index{ix} * B, bound(acc, ix));
      }
    }
  });
}

/// dw += gradient with respect to the weights, dw in PyTorch's layout [channels][1][k][k].
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void depthwise_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                               FeatureMap<const T, Out, HaloOut> dy, T* dw) {
  using Map = FeatureMap<const T, In, HaloIn>;
  constexpr int B = kLanes<T>, taps = W.kernel * W.kernel;
  policy.for_parts(Index{Map::kBlocks} * taps, [&](Index part, int) {
    const int b = static_cast<int>(part / taps), kh = static_cast<int>(part % taps) / W.kernel,
              kw = static_cast<int>(part % taps) % W.kernel;
    alignas(64) T sum[B] = {};
    for (Index i = 0; i < n; ++i) {
      auto acc = simd::zero<simd::Packet<T>>();
      for (int oy = 0; oy < Out.height; ++oy) {
        const T* from = x.row(i, b, oy * W.stride - W.padding + kh) + Index{kw - W.padding} * B;
        const T* const d = dy.row(i, b, oy);
        for (int ox = 0; ox < Out.width; ++ox)
          acc = simd::fma(simd::load<T>(from + Index{ox} * W.stride * B), simd::load<T>(d + Index{ox} * B),
                          acc);
      }
      simd::store<T>(sum, simd::add(simd::load<T>(sum), acc));
    }
    for (int lane = 0; lane < B && b * B + lane < In.channels; ++lane)
      dw[Index{b * B + lane} * taps + part % taps] += sum[lane];
  });
}

}  // namespace drnet::inline DRNET_ISA
