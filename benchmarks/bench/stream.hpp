// The floor of an image that comes alone: whatever its resolution, every weight is read once.
#pragma once

#include <policy.hpp>
#include <timing.hpp>

#include <drnet/core/simd.hpp>
#include <drnet/tensor/buffer.hpp>

namespace bench {

using drnet::Index;

/// Milliseconds in which the threads together read so many floats once; median of passes that follow each
/// other, so that what the caches keep of one pass is there for the next, as it is for one image after the
/// other.
inline double stream_milliseconds(Index floats, int threads) {
  constexpr int kPasses = 21;
  const Index part = floats / threads / drnet::kLanes<float> * drnet::kLanes<float>;
  drnet::Buffer<float> weights(part * threads);
  weights.fill(1);
  std::vector<float> sums(static_cast<std::size_t>(threads) * 64);  // a line of its own for each thread
  const drnet::Policy policy = benchmark_support::policy_of(threads);
  const auto pass = [&] {
    policy->for_parts(threads, [&](Index t, int) {
      constexpr int kChains = 8;
      drnet::simd::Packet<float> sum[kChains];
      for (auto& s : sum) s = drnet::simd::broadcast(0.0F);
      const float* values = weights.data() + t * part;
      for (Index i = 0; i + kChains * drnet::kLanes<float> <= part; i += kChains * drnet::kLanes<float>)
        drnet::unroll<kChains>([&](auto k) {
          sum[k] = drnet::simd::add(sum[k], drnet::simd::load(values + i + k * drnet::kLanes<float>));
        });
      for (const auto& s : sum) sums[static_cast<std::size_t>(t) * 64] += drnet::simd::reduce_add<float>(s);
    });
  };
  pass();
  std::vector<double> times;
  for (int i = 0; i < kPasses; ++i) times.push_back(1e3 * benchmark_support::seconds_of(pass));
  if (!(sums[0] > 0)) throw drnet::Error("streaming weights", "a sum above 0", std::to_string(sums[0]));
  std::nth_element(times.begin(), times.begin() + kPasses / 2, times.end());
  return times[kPasses / 2];
}

}  // namespace bench
