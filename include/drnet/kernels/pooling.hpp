// Max pooling and global average pooling, forward and backward, on the channel-blocked layout.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/window.hpp>
#include <drnet/tensor/expression.hpp>

#include <limits>

namespace drnet::inline DRNET_ISA {

/// y = epilogue(max over the window); padding counts as minus infinity.
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void max_pool_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                      FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  using Map = FeatureMap<T, Out, HaloOut>;
  constexpr int B = kLanes<T>;
  policy.for_parts(n * Map::kBlocks, [&](Index part, int) {
    const int b = static_cast<int>(part % Map::kBlocks);
    const Index i = part / Map::kBlocks;
    for (int oy = 0; oy < Out.height; ++oy) {
      const int top = oy * W.stride - W.padding;
      const auto bound = epilogue.row(i, b, oy);
      for (int ox = 0; ox < Out.width; ++ox) {
        const int left = ox * W.stride - W.padding;
        auto best = simd::broadcast<T>(-std::numeric_limits<T>::infinity());
        for (int iy = std::max(top, 0); iy < std::min(top + W.kernel, In.height); ++iy)
          for (int ix = std::max(left, 0); ix < std::min(left + W.kernel, In.width); ++ix)
            best = simd::max(best, simd::load<T>(x.row(i, b, iy) + Index{ix} * B));
        simd::store<T>(y.row(i, b, oy) + Index{ox} * B, bound(best, ox));
      }
    }
  });
}

/// dx = epilogue(gradient): each window's dy goes to its first maximum in row-major order, as in PyTorch.
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut, int HaloX, Expression E>
void max_pool_backward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloX> x,
                       FeatureMap<const T, Out, HaloOut> dy, FeatureMap<T, In, HaloIn> dx,
                       const E& epilogue) {
  using Map = FeatureMap<T, In, HaloIn>;
  constexpr int B = kLanes<T>;
  policy.for_parts(n * Map::kBlocks, [&](Index part, int) {
    const int b = static_cast<int>(part % Map::kBlocks);
    const Index i = part / Map::kBlocks;
    thread_local Buffer<T> sums;  // a plane of gradients: the epilogue may read what dx held before
    sums.reserve(Index{In.height} * In.width * B);
    sums.fill(T(0));
    for (int oy = 0; oy < Out.height; ++oy)
      for (int ox = 0; ox < Out.width; ++ox) {
        const int top = oy * W.stride - W.padding, left = ox * W.stride - W.padding;
        const T* const d = dy.row(i, b, oy) + Index{ox} * B;
        for (int lane = 0; lane < B; ++lane) {
          T best = -std::numeric_limits<T>::infinity();
          Index where = -1;
          for (int iy = std::max(top, 0); iy < std::min(top + W.kernel, In.height); ++iy)
            for (int ix = std::max(left, 0); ix < std::min(left + W.kernel, In.width); ++ix)
              if (const T value = x.row(i, b, iy)[Index{ix} * B + lane]; value > best)
                best = value, where = Index{iy} * In.width + ix;
          if (where >= 0) sums[where * B + lane] += d[lane];
        }
      }
    for (int y = 0; y < In.height; ++y) {
      const auto bound = epilogue.row(i, b, y);
      for (int c = 0; c < In.width; ++c)
        simd::store<T>(dx.row(i, b, y) + Index{c} * B,
                       bound(simd::load<T>(sums.data() + (Index{y} * In.width + c) * B), c));
    }
  });
}

/// y[n][c] = epilogue(mean over all pixels); y is a 1 x 1 map.
template <class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void global_average_pool(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                         FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  using Map = FeatureMap<T, Out, HaloOut>;
  constexpr int B = kLanes<T>;
  for_planes(policy, n, Map::kBlocks, In.pixels() * B, [&](Index i, int b) {
    auto sum = simd::zero<simd::Packet<T>>();
    for (int r = 0; r < In.height; ++r) {
      auto line = simd::zero<simd::Packet<T>>();
      for (int c = 0; c < In.width; ++c) line = simd::add(line, simd::load<T>(x.row(i, b, r) + Index{c} * B));
      sum = simd::add(sum, line);
    }
    const auto mean = simd::mul(sum, simd::broadcast<T>(T(1) / static_cast<T>(In.pixels())));
    simd::store<T>(y.row(i, b, 0), epilogue.row(i, b, 0)(mean, 0));
  });
}

/// dx = epilogue(dy / pixels), spread over the plane.
template <class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void global_average_pool_backward(const ExecutionPolicy& policy, Index n,
                                  FeatureMap<const T, Out, HaloOut> dy, FeatureMap<T, In, HaloIn> dx,
                                  const E& epilogue) {
  using Map = FeatureMap<T, In, HaloIn>;
  constexpr int B = kLanes<T>;
  for_planes(policy, n, Map::kBlocks, In.pixels() * B, [&](Index i, int b) {
    const auto share =
        simd::mul(simd::load<T>(dy.row(i, b, 0)), simd::broadcast<T>(T(1) / static_cast<T>(In.pixels())));
    for (int r = 0; r < In.height; ++r) {
      const auto bound = epilogue.row(i, b, r);
      for (int c = 0; c < In.width; ++c) simd::store<T>(dx.row(i, b, r) + Index{c} * B, bound(share, c));
    }
  });
}

}  // namespace drnet::inline DRNET_ISA
