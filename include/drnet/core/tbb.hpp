// The oneTBB policy: an arena of fixed size; parts are tasks.
#pragma once

#include <drnet/core/parallel.hpp>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace drnet::inline DRNET_ISA {

/// TBB has no more threads than processors, whatever an arena asks for, until the process allows more. Raises
/// that limit where it is lower, for the rest of the process.
inline void allow_tbb_threads(int threads) {
  using Limit = tbb::global_control;
  static std::mutex mutex;
  static std::unique_ptr<Limit> limit;
  const auto wanted = static_cast<std::size_t>(threads);
  const std::scoped_lock lock(mutex);
  if (Limit::active_value(Limit::max_allowed_parallelism) >= wanted) return;
  limit.reset();
  limit = std::make_unique<Limit>(Limit::max_allowed_parallelism, wanted);
}

/// Runs parts in a TBB arena with the given number of slots, also where that is more than the processors.
struct TBB final : ExecutionPolicy {
  explicit TBB(int thread_count = tbb::this_task_arena::max_concurrency())
      : arena(std::make_shared<tbb::task_arena>(std::max(thread_count, 1))) {
    allow_tbb_threads(std::max(thread_count, 1));
  }
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
