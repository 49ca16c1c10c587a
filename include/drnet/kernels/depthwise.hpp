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

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

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
  constexpr int B = kLanes<T>, K = W.kernel;
  const auto run = [&]<int... p, int... I>(std::integer_sequence<int, p...>, std::integer_sequence<int, I...>)
      __attribute__((always_inline)) {
    simd::Packet<T> acc[P] = {(void(p), simd::zero<simd::Packet<T>>())...};
    for (int kh = 0; kh < K; ++kh, x += row_stride, weights += K * B)  // I = kw * P + p
      ((acc[I % P] = simd::fma(simd::load<T>(x + (I % P * W.stride + I / P) * B),
                               simd::load<T>(weights + I / P * B), acc[I % P])),
       ...);
    (simd::store<T>(y + (column + p) * B, epilogue(acc[p], column + p)), ...);
  };
  run(std::make_integer_sequence<int, P>{}, std::make_integer_sequence<int, P * K>{});
}

/// How a row of outputs is cut: runs of P and one of `Rest`.
template <class T, int Width>
struct DepthwiseRuns {
  static constexpr int P = std::min(Width, kSimdRegisters == 32 ? 14 : 7), Rest = Width % P;
};

/// Rows [begin, end) of one channel block of one image.
template <Window W, class Runs, class T, class E>
void depthwise_rows(Planes<const T> x, const T* packed, Planes<T> y, int width, const E& epilogue, Index i,
                    int b, int begin, int end) {
  constexpr int B = kLanes<T>, P = Runs::P;
  const T* const w = packed + Index{b} * W.kernel * W.kernel * B;
  for (int oy = begin; oy < end; ++oy) {
    const auto bound = epilogue.row(i, b, oy);
    T* const to = y.row(i, b, oy);
    const T* const from = x.row(i, b, oy * W.stride - W.padding) - W.padding * B;
    int ox = 0;
    for (; ox + P <= width; ox += P)
      depthwise_outputs<W, P>(from + ox * W.stride * B, x.row_stride, w, to, bound, ox);
    if constexpr (Runs::Rest > 0)
      depthwise_outputs<W, Runs::Rest>(from + ox * W.stride * B, x.row_stride, w, to, bound, ox);
  }
}

/// depthwise_forward() on shapes known at run time. Threads that share few images take rows or channel blocks
/// as the 1 x 1 convolutions before and after do (kernels/convolution.hpp, whose weights are about C^2 / 6 in
/// an inverted residual): what one thread has written it reads.
template <Window W, class Runs, class T, Expression E>
void depthwise_sweep(const ExecutionPolicy& policy, Index n, Planes<const T> x, const T* packed, Planes<T> y,
                     Shape out, const E& epilogue) {
  const Index blocks = ceil_div(out.channels, kLanes<T>);
  constexpr int most_cuts = 8;
  const bool by_rows = n < policy.threads() && policy.threads() <= most_cuts &&
                       Index{out.channels} * out.channels / 6 * Index{sizeof(T)} <= kLightWeights;
  const Index cuts = by_rows ? std::min(out.height, most_cuts) : blocks;
  policy.for_parts(n * cuts, [&](Index part, int) {
    const Index i = part / cuts, cut = part % cuts;
    const auto rows = [&](Index b, Index begin, Index end) {
      depthwise_rows<W, Runs, T>(x, packed, y, out.width, epilogue, i, static_cast<int>(b),
                                 static_cast<int>(begin), static_cast<int>(end));
    };
    if (!by_rows) return rows(cut, 0, out.height);
    for (Index b = 0; b < blocks; ++b) rows(b, out.height * cut / cuts, out.height * (cut + 1) / cuts);
  });
}

/// depthwise_input_gradient(); `out` and `in` are the shapes of dy and dx.
template <Window W, class T, Expression E>
void depthwise_gather(const ExecutionPolicy& policy, Index n, Planes<const T> dy, Shape out, const T* packed,
                      Planes<T> dx, Shape in, const E& epilogue) {
  constexpr int B = kLanes<T>;
  const Index blocks = ceil_div(in.channels, B);
  policy.for_parts(n * blocks, [&](Index part, int) {
    const int b = static_cast<int>(part % blocks);
    const Index i = part / blocks;
    const T* const w = packed + Index{b} * W.kernel * W.kernel * B;
    for (int iy = 0; iy < in.height; ++iy) {
      const auto bound = epilogue.row(i, b, iy);
      T* const to = dx.row(i, b, iy);
      for (int ix = 0; ix < in.width; ++ix) {
        auto acc = simd::zero<simd::Packet<T>>();
        for (int kh = (iy + W.padding) % W.stride; kh < W.kernel; kh += W.stride) {
          const int oy = (iy + W.padding - kh) / W.stride;
          if (iy + W.padding < kh || oy >= out.height) continue;
          const T* const from = dy.row(i, b, oy);
          for (int kw = (ix + W.padding) % W.stride; kw < W.kernel; kw += W.stride) {
            const int ox = (ix + W.padding - kw) / W.stride;
            if (ix + W.padding < kw || ox >= out.width) continue;
            acc = simd::fma(simd::load<T>(from + Index{ox} * B), simd::load<T>(w + (kh * W.kernel + kw) * B),
                            acc);
          }
        }
        simd::store<T>(to + Index{ix} * B, bound(acc, ix));
      }
    }
  });
}

/// Sums of one block of one image, to [tap][lanes]: rows kh of the kernel, all of whose taps stay in
/// registers.
template <Window W, int Rows, class T>
void depthwise_correlate_rows(Planes<const T> x, Planes<const T> dy, Shape out, Index i, int b, int kh,
                              T* to) {
  constexpr int B = kLanes<T>, K = W.kernel;
  const auto run = [&]<int... tap>(std::integer_sequence<int, tap...>) __attribute__((always_inline)) {
    simd::Packet<T> acc[] = {(void(tap), simd::zero<simd::Packet<T>>())...};
    for (int oy = 0; oy < out.height; ++oy) {
      const T* from = x.row(i, b, oy * W.stride - W.padding + kh) - Index{W.padding} * B;
      const T* d = dy.row(i, b, oy);
      for (int ox = 0; ox < out.width; ++ox, from += W.stride * B, d += B) {
        const auto g = simd::load<T>(d);
        ((acc[tap] = simd::fma(simd::load<T>(from + tap / K * x.row_stride + tap % K * B), g, acc[tap])),
         ...);
      }
    }
    (simd::store<T>(to + (kh * K + tap) * B, acc[tap]), ...);
  };
  run(std::make_integer_sequence<int, Rows * K>{});
}

/// depthwise_weight_gradient(); `out` is the shape of dy. x and dy come from memory once for as many taps as
/// registers hold sums of; images are added in order, whoever summed them.
template <Window W, class T>
void depthwise_correlate(const ExecutionPolicy& policy, Index n, Planes<const T> x, Planes<const T> dy,
                         Shape out, T* dw) {
  constexpr int B = kLanes<T>, K = W.kernel, taps = K * K;
  constexpr int most = kSimdRegisters == 32 ? 25 : 9, rows = std::clamp(most / K, 1, K);
  const Index blocks = ceil_div(out.channels, B);
  thread_local std::vector<T> storage;
  storage.resize(static_cast<std::size_t>(n * blocks * taps * B));
  T* const partials = storage.data();
  policy.for_parts(n * blocks, [&](Index part, int) {
    const Index i = part / blocks;
    const int b = static_cast<int>(part % blocks);
    int kh = 0;
    for (; kh + rows <= K; kh += rows)
      depthwise_correlate_rows<W, rows, T>(x, dy, out, i, b, kh, partials + part * taps * B);
    if constexpr (K % rows > 0)
      depthwise_correlate_rows<W, K % rows, T>(x, dy, out, i, b, kh, partials + part * taps * B);
  });
  for (Index b = 0; b < blocks; ++b)
    for (int tap = 0; tap < taps; ++tap) {
      auto sum = simd::zero<simd::Packet<T>>();
      for (Index i = 0; i < n; ++i)
        sum = simd::add(sum, simd::load<T>(partials + ((i * blocks + b) * taps + tap) * B));
      alignas(64) T lanes[B];
      simd::store<T>(lanes, sum);
      for (Index lane = 0; lane < B && b * B + lane < out.channels; ++lane)
        dw[(b * B + lane) * taps + tap] += lanes[lane];
    }
}
}  // namespace detail

/// y = epilogue(depthwise convolution of x).
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void depthwise_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                       const T* packed, FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  static_assert(HaloIn >= W.padding, "the input's halo is narrower than the padding");
  detail::depthwise_sweep<W, detail::DepthwiseRuns<T, Out.width>, T>(policy, n, x, packed, y, Out, epilogue);
}

/// dx = epilogue(gradient with respect to x); each element gathers the windows that read it.
template <Window W, class T, Shape Out, int HaloOut, Shape In, int HaloIn, Expression E>
void depthwise_input_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, Out, HaloOut> dy,
                              const T* packed, FeatureMap<T, In, HaloIn> dx, const E& epilogue) {
  detail::depthwise_gather<W, T>(policy, n, dy, Out, packed, dx, In, epilogue);
}

/// dw += gradient with respect to the weights, dw in PyTorch's layout [channels][1][k][k].
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void depthwise_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                               FeatureMap<const T, Out, HaloOut> dy, T* dw) {
  detail::depthwise_correlate<W, T>(policy, n, x, dy, Out, dw);
}

}  // namespace drnet::inline DRNET_ISA
