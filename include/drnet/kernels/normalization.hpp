// Per-channel sums over a batch, for batch normalization. Lanes are channels. Sums of short runs of pixels
// are kept in T, runs are added in double, and the partial sums of a fixed number of image chunks are added
// in chunk order, so the result does not depend on who computed what.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/tensor/feature_map.hpp>

#include <array>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Two sums per channel, in double, padded to whole blocks.
struct ChannelSums {
  std::vector<double> first, second;
};

/// Two sums over all pixels of n images of `shape` for every channel: row(n, b, y, first, second) adds the
/// terms of one row of one block to two packets.
template <class T, class Row>
void channel_sums(const ExecutionPolicy& policy, Index n, Shape shape, ChannelSums& sums, const Row& row) {
  constexpr int B = kLanes<T>;
  const int blocks = ceil_div(shape.channels, B), run = std::max(1, 64 / shape.width);
  const Index chunks = std::min<Index>(n, 16);
  thread_local std::vector<double> storage;
  storage.assign(static_cast<std::size_t>(chunks * blocks * 2 * B), 0.0);
  double* const partials = storage.data();
  policy.for_parts(chunks * blocks, [&](Index part, int) {
    const int b = static_cast<int>(part % blocks);
    const Index chunk = part / blocks;
    double* const total = partials + part * 2 * B;
    for (Index i = n * chunk / chunks; i < n * (chunk + 1) / chunks; ++i)
      for (int y = 0; y < shape.height; y += run) {
        simd::Packet<T> acc[2] = {simd::zero<simd::Packet<T>>(), simd::zero<simd::Packet<T>>()};
        for (int r = y; r < std::min(y + run, shape.height); ++r) row(i, b, r, acc[0], acc[1]);
        alignas(64) T lanes[2 * B];
        simd::store<T>(lanes, acc[0]);
        simd::store<T>(lanes + B, acc[1]);
        for (int k = 0; k < 2 * B; ++k) total[k] += static_cast<double>(lanes[k]);
      }
  });
  sums.first.assign(static_cast<std::size_t>(blocks) * B, 0.0);
  sums.second.assign(static_cast<std::size_t>(blocks) * B, 0.0);
  for (Index chunk = 0; chunk < chunks; ++chunk)
    for (int b = 0; b < blocks; ++b)
      for (int lane = 0; lane < B; ++lane) {
        const double* const from = partials + (chunk * blocks + b) * 2 * B + lane;
        const auto c = static_cast<std::size_t>(b * B + lane);
        sums.first[c] += from[0];
        sums.second[c] += from[B];
      }
}

}  // namespace drnet::inline DRNET_ISA
