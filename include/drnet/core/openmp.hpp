// The OpenMP policy: one parallel region per loop, parts handed out dynamically; or one region for many
// loops.
#pragma once

#include <drnet/core/team.hpp>

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
  /// One parallel region whose threads are a Team.
  void keep_awake(FunctionRef<const ExecutionPolicy&> f) const override {
    if (count == 1 || count > Team::kMostThreads || omp_in_parallel()) return f(*this);
    const Team team(count);
    FirstException failure;
#pragma omp parallel num_threads(count)
    if (omp_get_thread_num() == 0) {
      failure.guard([&] { f(team); });
      team.end();
    } else {
      team.follow(omp_get_thread_num());
    }
    failure.rethrow();
  }
  int count;
};

}  // namespace drnet::inline DRNET_ISA
