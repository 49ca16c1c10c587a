// The OpenMP policy: one parallel region per loop. Parts are dealt in contiguous runs, one a thread:
// neighbours read the same weights, and a thread finds in its cache what it wrote in the loop before. Who is
// done helps the others.
#pragma once

#include <drnet/core/parallel.hpp>

#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace drnet::inline DRNET_ISA {

/// Parts [0, n) in runs that threads take from; every part is taken once.
class PartRuns {
 public:
  PartRuns(Index parts, int threads) : count_(std::min(threads, kMost)) {
    for (Index i = 0; i < count_; ++i) {
      run(i).next.store(parts * i / count_, std::memory_order_relaxed);
      run(i).end = parts * (i + 1) / count_;
    }
  }
  /// Calls f(part) for the parts of this worker's run, then for what is left of the others.
  template <class F>
  void work(int worker, const F& f) {
    for (int i = 0; i < count_; ++i) {
      Run& from = run((worker + i) % count_);
      for (Index part; (part = from.next.fetch_add(1, std::memory_order_relaxed)) < from.end;) f(part);
    }
  }

 private:
  static constexpr int kMost = 64;
  struct alignas(64) Run {
    std::atomic<Index> next;
    Index end;
  };
  [[nodiscard]] Run& run(Index i) { return runs_[static_cast<std::size_t>(i)]; }

  int count_;
  std::array<Run, kMost> runs_;
};

/// Runs parts on an OpenMP team of the given size.
struct OpenMP final : ExecutionPolicy {
  explicit OpenMP(int thread_count = omp_get_max_threads()) : count(thread_count < 1 ? 1 : thread_count) {}
  [[nodiscard]] int threads() const noexcept override { return count; }
  void for_parts(Index parts, PartFunction f) const override {
    if (count == 1 || parts <= 1) return Serial{}.for_parts(parts, f);
    FirstException failure;
    PartRuns runs(parts, count);
#pragma omp parallel num_threads(count)
    {
      const int worker = omp_get_thread_num();
      runs.work(worker, [&](Index part) { failure.guard([&] { f(part, worker); }); });
    }
    failure.rethrow();
  }
  int count;
};

}  // namespace drnet::inline DRNET_ISA
