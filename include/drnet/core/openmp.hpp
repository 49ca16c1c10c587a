// The OpenMP policy: one parallel region per loop, parts handed out dynamically.
#pragma once

#include <drnet/core/parallel.hpp>

#include <omp.h>

namespace drnet::inline DRNET_ISA {

/// Runs parts on an OpenMP team of the given size.
struct OpenMP final : ExecutionPolicy {
  explicit OpenMP(int thread_count = omp_get_max_threads()) : count(thread_count < 1 ? 1 : thread_count) {}
  [[nodiscard]] int threads() const noexcept override { return count; }
  void for_parts(Index parts, PartFunction f) const override {
    if (count == 1 || parts <= 1) return Serial{}.for_parts(parts, f);
    FirstException failure;
#pragma omp parallel for schedule(dynamic) num_threads(count)
    for (Index part = 0; part < parts; ++part) failure.guard([&] { f(part, omp_get_thread_num()); });
    failure.rethrow();
  }
  int count;
};

}  // namespace drnet::inline DRNET_ISA
