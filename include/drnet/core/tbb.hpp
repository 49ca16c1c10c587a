// The oneTBB policy: an arena of fixed size; parts are tasks.
#pragma once

#include <drnet/core/parallel.hpp>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace drnet::inline DRNET_ISA {

/// Runs parts in a TBB arena with the given number of slots.
struct TBB final : ExecutionPolicy {
  explicit TBB(int thread_count = tbb::this_task_arena::max_concurrency())
      : arena(std::make_shared<tbb::task_arena>(thread_count < 1 ? 1 : thread_count)) {}
  [[nodiscard]] int threads() const noexcept override { return arena->max_concurrency(); }
  void for_parts(Index parts, PartFunction f) const override {
    if (threads() == 1 || parts <= 1) return Serial{}.for_parts(parts, f);
    FirstException failure;
    arena->execute([&] {
      tbb::parallel_for(Index{0}, parts, [&](Index part) {
        failure.guard([&] { f(part, tbb::this_task_arena::current_thread_index()); });
      });
    });
    failure.rethrow();
  }
  std::shared_ptr<tbb::task_arena> arena;
};

}  // namespace drnet::inline DRNET_ISA
