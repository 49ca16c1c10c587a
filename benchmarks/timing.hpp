// What the benchmarks share: interleaved timing (A B A B ...), medians, and the FMA peak of the core they run
// on.
#pragma once

#include <drnet/core/simd.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace benchmark_support {

inline double seconds_of(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Median seconds of each function; the functions take turns, so that a disturbance hits all of them.
inline std::vector<double> medians(const std::vector<std::function<void()>>& functions, double budget = 0.3) {
  std::vector<std::vector<double>> times(functions.size());
  for (const auto& f : functions) f();
  double spent = 0;
  for (int round = 0; round < 100 && (round < 5 || spent < budget); ++round)
    for (std::size_t i = 0; i < functions.size(); ++i) {
      times[i].push_back(seconds_of(functions[i]));
      spent += times[i].back();
    }
  std::vector<double> result;
  for (auto& t : times) {
    std::nth_element(t.begin(), t.begin() + static_cast<std::ptrdiff_t>(t.size() / 2), t.end());
    result.push_back(t[t.size() / 2]);
  }
  return result;
}

/// 24 independent chains of fused multiply-adds: what the core can do at most. Returns operations done.
inline double peak_run() {
  constexpr int chains = 24, steps = 100'000;
  drnet::simd::Packet<float> acc[chains];
  for (auto& a : acc) a = drnet::simd::broadcast(0.0F);
  const auto m = drnet::simd::broadcast(0.999F);
  for (int i = 0; i < steps; ++i)
    drnet::unroll<chains>([&](auto k)
                              __attribute__((always_inline)) { acc[k] = drnet::simd::fma(acc[k], m, m); });
  volatile float sink = 0;
  for (const auto& a : acc) sink = sink + drnet::simd::reduce_add<float>(a);
  return 2.0 * chains * steps * drnet::kLanes<float>;
}

}  // namespace benchmark_support
