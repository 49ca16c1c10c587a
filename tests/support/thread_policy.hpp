// An execution policy made of std::thread, which ThreadSanitizer sees into (it does not see into libgomp and
// libtbb), and an example of a policy that a user adds.
#pragma once

#include <drnet/core/parallel.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace support {

/// Starts `count` threads for each loop; they take parts from a common counter.
struct ThreadPolicy final : drnet::ExecutionPolicy {
  explicit ThreadPolicy(int thread_count) : count(thread_count) {}
  [[nodiscard]] int threads() const noexcept override { return count; }
  void for_parts(drnet::Index parts, drnet::PartFunction f) const override {
    drnet::FirstException failure;
    std::atomic<drnet::Index> next = 0;
    std::vector<std::jthread> team;
    for (int worker = 0; worker < count; ++worker)
      team.emplace_back([&, worker] {
        for (drnet::Index part; (part = next++) < parts;) failure.guard([&] { f(part, worker); });
      });
    team.clear();  // joins
    failure.rethrow();
  }
  int count;
};

}  // namespace support
