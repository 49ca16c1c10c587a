// What the micro-benchmarks share: random maps, names, batches and counters. All run on one thread.
#pragma once

#include <random_values.hpp>

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/window.hpp>
#include <drnet/tensor/feature_map.hpp>

#include <benchmark/benchmark.h>

#include <string>

namespace kernels_benchmark {

using namespace drnet;
using benchmark_support::random_values;

inline const Serial kSerial;

/// Random numbers within a halo of zeros.
template <Shape S, int Halo = 0>
FeatureTensor<float, S, Halo> random_map(Index n, std::uint64_t seed) {
  FeatureTensor<float, S, Halo> map(n);
  from_planar(random_values(n * S.size(), seed).data(), map.view(), n);
  return map;
}

/// "3x3s2": a window; "128@56": a map's channels and width.
inline std::string text_of(Window w) {
  const std::string kernel = std::to_string(w.kernel);
  std::string text = kernel;
  text.append("x").append(kernel);
  if (w.stride > 1) text.append("s").append(std::to_string(w.stride));
  return text;
}
inline std::string text_of(Shape s) {
  return std::to_string(s.channels).append("@").append(std::to_string(s.width));
}
inline std::string text_of(int number) {
  return std::to_string(number);
}

/// "kernel/part/part".
template <class... Parts>
std::string name_of(std::string kernel, Parts... parts) {
  (kernel.append("/").append(text_of(parts)), ...);
  return kernel;
}

/// Adds a benchmark, f(state, images), for one image and for a batch.
template <class F>
void add(const std::string& name, F f) {
  benchmark::RegisterBenchmark(name.c_str(), [f](benchmark::State& state) { f(state, state.range(0)); })
      ->ArgName("batch")
      ->Arg(1)
      ->Arg(8)
      ->Unit(benchmark::kMicrosecond);
}

/// Times f; `per_run` operations ("FLOP") or bytes ("B") are reported by the second.
template <class F>
void time(benchmark::State& state, const char* unit, double per_run, const F& f) {
  for (auto _ : state) {
    f();
    benchmark::ClobberMemory();
  }
  state.counters[unit] = benchmark::Counter(per_run, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace kernels_benchmark
