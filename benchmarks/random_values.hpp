// Inputs of the benchmarks: random, because constants could be faster than what a network sees.
#pragma once

#include <drnet/core/random.hpp>
#include <drnet/tensor/buffer.hpp>

namespace benchmark_support {

/// Numbers in [-1, 1), others for another seed.
inline drnet::Buffer<float> random_values(drnet::Index count, std::uint64_t seed) {
  const drnet::Random random(seed, drnet::Purpose::check);
  drnet::Buffer<float> values(count);
  for (drnet::Index i = 0; i < count; ++i)
    values[i] = random.uniform(static_cast<std::uint32_t>(i), -1.0F, 1.0F);
  return values;
}

}  // namespace benchmark_support
