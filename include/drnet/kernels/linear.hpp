// The matrix products of a fully connected layer, y = x W^T, dx = dy W, dW += dy^T x, for x in the blocked
// layout with one pixel. Weights are rows of [out][in padded to whole blocks]. Every sum runs in one fixed
// order.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/tensor/expression.hpp>

namespace drnet::inline DRNET_ISA {

/// Copies [out][in] to rows padded with zeros.
template <class T>
void pad_rows(const T* weights, int out, int in, T* padded) {
  const Index stride = round_up(in, kLanes<T>);
  for (Index o = 0; o < out; ++o) {
    std::copy_n(weights + o * in, in, padded + o * stride);
    std::fill(padded + o * stride + in, padded + (o + 1) * stride, T(0));
  }
}

namespace detail {
constexpr int kLinearImages = 4, kLinearOutputs = 4;

/// Dot products of Images inputs with Outputs weight rows: lanes run over input channels.
template <int Images, int Outputs, class T, class X>
void dot_products(X x, const T* rows, Index n, T* sums, Index image_stride) {
  constexpr Index stride = Index{X::kBlocks} * kLanes<T>;
  simd::Packet<T> acc[Images][Outputs];
  unroll<Images>(
      [&](auto i) { unroll<Outputs>([&](auto o) { acc[i][o] = simd::zero<simd::Packet<T>>(); }); });
  for (int b = 0; b < X::kBlocks; ++b) {
    simd::Packet<T> w[Outputs];
    unroll<Outputs>([&](auto o) { w[o] = simd::load<T>(rows + o * stride + b * kLanes<T>); });
    unroll<Images>([&](auto i) {
      const auto value = simd::load<T>(x.row(n + i, b, 0));
      unroll<Outputs>([&](auto o) { acc[i][o] = simd::fma(value, w[o], acc[i][o]); });
    });
  }
  unroll<Images>([&](auto i) {
    unroll<Outputs>([&](auto o) { sums[i * image_stride + o] = simd::reduce_add<T>(acc[i][o]); });
  });
}
}  // namespace detail

/// y = epilogue(x W^T).
template <class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void linear_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                    const T* weights, FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  using X = FeatureMap<const T, In, HaloIn>;
  using Y = FeatureMap<T, Out, HaloOut>;
  constexpr int B = kLanes<T>, P = detail::kLinearImages, O = detail::kLinearOutputs;
  constexpr Index stride = Index{X::kBlocks} * B;
  policy.for_parts(ceil_div(n, Index{P}) * Y::kBlocks, [&](Index part, int) {
    const int b = static_cast<int>(part % Y::kBlocks);
    const Index first = part / Y::kBlocks * P;
    const Index images = std::min<Index>(P, n - first);
    const int outputs = std::min(B, Out.channels - b * B);
    alignas(64) T sums[P * B] = {};
    const auto rows = [&](int o) { return weights + (Index{b} * B + o) * stride; };
    int o = 0;
    for (; o + O <= outputs; o += O)
      if (images == P)
        detail::dot_products<P, O, T>(x, rows(o), first, sums + o, B);
      else
        for (Index i = 0; i < images; ++i)
          detail::dot_products<1, O, T>(x, rows(o), first + i, sums + i * B + o, B);
    for (; o < outputs; ++o)
      for (Index i = 0; i < images; ++i)
        detail::dot_products<1, 1, T>(x, rows(o), first + i, sums + i * B + o, B);
    for (Index i = 0; i < images; ++i)
      simd::store<T>(y.row(first + i, b, 0), epilogue.row(first + i, b, 0)(simd::load<T>(sums + i * B), 0));
  });
}

/// dx = epilogue(dy W).
template <class T, Shape Out, int HaloOut, Shape In, int HaloIn, Expression E>
void linear_input_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, Out, HaloOut> dy,
                           const T* weights, FeatureMap<T, In, HaloIn> dx, const E& epilogue) {
  using X = FeatureMap<T, In, HaloIn>;
  constexpr int B = kLanes<T>, P = detail::kLinearImages;
  constexpr Index stride = Index{X::kBlocks} * B;
  policy.for_parts(ceil_div(n, Index{P}) * X::kBlocks, [&](Index part, int) {
    const int b = static_cast<int>(part % X::kBlocks);
    const Index first = part / X::kBlocks * P;
    const Index images = std::min<Index>(P, n - first);
    simd::Packet<T> acc[P];
    for (auto& a : acc) a = simd::zero<simd::Packet<T>>();
    for (int o = 0; o < Out.channels; ++o) {
      const auto w = simd::load<T>(weights + o * stride + b * B);
      for (Index i = 0; i < images; ++i)
        acc[i] = simd::fma(simd::broadcast<T>(dy.row(first + i, o / B, 0)[o % B]), w, acc[i]);
    }
    for (Index i = 0; i < images; ++i)
      simd::store<T>(dx.row(first + i, b, 0), epilogue.row(first + i, b, 0)(acc[i], 0));
  });
}

/// dw += dy^T x, db += sum of dy, in PyTorch's layouts [out][in] and [out]; db may be null.
template <class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void linear_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                            FeatureMap<const T, Out, HaloOut> dy, T* dw, T* db) {
  using X = FeatureMap<const T, In, HaloIn>;
  constexpr int B = kLanes<T>;
  policy.for_parts(Out.channels, [&](Index o, int) {
    const int block = static_cast<int>(o) / B, lane = static_cast<int>(o) % B;
    for (int b = 0; b < X::kBlocks; ++b) {
      auto acc = simd::zero<simd::Packet<T>>();
      for (Index i = 0; i < n; ++i)
        acc = simd::fma(simd::broadcast<T>(dy.row(i, block, 0)[lane]), simd::load<T>(x.row(i, b, 0)), acc);
      alignas(64) T sums[B];
      simd::store<T>(sums, acc);
      T* const to = dw + o * In.channels + Index{b} * B;
      for (int c = 0; c < std::min(B, In.channels - b * B); ++c) to[c] += sums[c];
    }
    if (db != nullptr)
      for (Index i = 0; i < n; ++i) db[o] += dy.row(i, block, 0)[lane];
  });
}

}  // namespace drnet::inline DRNET_ISA
