// Execution policies: every part once, on as many workers as were asked for, and errors reach the caller.
#include <support/policies.hpp>

#include <support/catch.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

using namespace drnet;

TEST_CASE("A policy runs every part once and names workers below its number of threads", "[threads]") {
  for (const auto& [name, policy] : support::policies()) {
    CAPTURE(name);
    const int threads = policy->threads();
    for (const Index parts : {0, 1, 7, 100}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(parts));
      std::atomic<bool> in_range = true;
      policy->for_parts(parts, [&](Index part, int worker) {
        ++runs[static_cast<std::size_t>(part)];
        if (worker < 0 || worker >= threads) in_range = false;
      });
      CHECK(in_range);
      for (const auto& count : runs) CHECK(count == 1);
    }
  }
}

TEST_CASE("Eight threads are eight, on any number of processors", "[threads]") {
  for (const auto& [name, policy] : support::policies()) {
    if (policy->threads() != 8) continue;
    CAPTURE(name);
    std::mutex mutex;
    std::set<std::thread::id> threads;
    std::set<int> workers;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    policy->for_parts(8, [&](Index, int worker) {  // a part waits until all eight run
      {
        const std::scoped_lock lock(mutex);
        threads.insert(std::this_thread::get_id());
        workers.insert(worker);
      }
      while (std::chrono::steady_clock::now() < deadline) {
        const std::scoped_lock lock(mutex);
        if (threads.size() == 8) break;
        std::this_thread::yield();
      }
    });
    CHECK(threads.size() == 8);
    CHECK(workers.size() == 8);
  }
}

TEST_CASE("What a part throws is thrown again on the caller's thread", "[threads]") {
  for (const auto& [name, policy] : support::policies()) {
    CAPTURE(name);
    CHECK_THROWS_WITH(policy->for_parts(20,
                                        [](Index part, int) {
                                          if (part == 11) throw std::runtime_error("part 11");
                                        }),
                      "part 11");
  }
}
