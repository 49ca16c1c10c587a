// What the rows run on: processor, compiler, and what the processor can do at most, measured by chains of
// fused multiply-adds on all threads at once.
#pragma once

#include <timing.hpp>

#include <drnet/io/markup.hpp>

#include <array>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>

namespace bench {

/// GFLOP/s of so many threads together in one short run.
inline double fma_gflops(int threads) {
  constexpr int kRuns = 50;  // some 20 ms
  std::vector<double> operations(static_cast<std::size_t>(threads));
  const double seconds = benchmark_support::seconds_of([&] {
    std::vector<std::thread> team;
    for (double& sum : operations)
      team.emplace_back([&sum] {
        double own = 0;
        for (int run = 0; run < kRuns; ++run) own += benchmark_support::peak_run();
        sum = own;
      });
    for (std::thread& one : team) one.join();
  });
  return 1e-9 * std::accumulate(operations.begin(), operations.end(), 0.0) / seconds;
}

struct Machine {
  std::string processor;          ///< its name, as Linux has it; empty elsewhere
  std::array<double, 2> peaks{};  ///< of one and two threads: the best of all runs

  Machine() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; processor.empty() && std::getline(info, line);)
      if (line.starts_with("model name")) processor = line.substr(line.find(':') + 2);
    measure_peaks();
  }
  /// To be called now and then, as other programs may disturb it.
  void measure_peaks() {
    for (int threads : {1, 2}) {
      double& peak = peaks.at(static_cast<std::size_t>(threads) - 1);
      for (int i = 0; i < 3; ++i) peak = std::max(peak, fma_gflops(threads));
    }
  }
  /// GFLOP/s of so many threads.
  [[nodiscard]] double peak(int threads) const { return peaks.at(static_cast<std::size_t>(threads) - 1); }
};

[[nodiscard]] inline std::string description(const Machine& machine) {
  using drnet::markup::number;
  const std::string name = machine.processor.empty() ? "this processor" : machine.processor;
  return name + ": at most " + number(machine.peak(1), 0) + " GFLOP/s on one thread and " +
         number(machine.peak(2), 0) + " on two; drnet by compiler " + __VERSION__;
}

}  // namespace bench
