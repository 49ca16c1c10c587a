// Threads kept awake: every part once, exceptions, loops of any length, and the policies that have such
// threads.
#include <support/catch.hpp>
#include <support/policies.hpp>

#include <drnet/core/error.hpp>
#include <drnet/core/team.hpp>

#include <thread>
#include <vector>

using namespace drnet;

namespace {
/// Runs f(team) on this thread and the team's other threads beside it.
template <class F>
void with_team(int threads, F&& f) {
  const Team team(threads);
  std::vector<std::thread> followers;
  for (int worker = 1; worker < threads; ++worker)
    followers.emplace_back([&team, worker] { team.follow(worker); });
  FirstException failure;
  failure.guard([&] { f(team); });
  team.end();
  for (std::thread& thread : followers) thread.join();
  failure.rethrow();
}
}  // namespace

TEST_CASE("A team runs every part of every loop once", "[threads]") {
  with_team(3, [](const Team& team) {
    CHECK(team.threads() == 3);
    for (Index parts = 0; parts < 300; ++parts) {
      std::vector<int> runs(static_cast<std::size_t>(parts));  // each part writes its own
      std::vector<int> workers(runs.size());
      team.for_parts(parts, [&](Index part, int worker) {
        ++runs[static_cast<std::size_t>(part)];
        workers[static_cast<std::size_t>(part)] = worker;
      });
      REQUIRE(runs == std::vector<int>(runs.size(), 1));
      for (const int worker : workers) REQUIRE((worker >= 0 && worker < 3));
    }
  });
}

TEST_CASE("An exception of a part reaches the leader, and the team works on", "[threads]") {
  with_team(2, [](const Team& team) {
    const auto fail = [&] {
      team.for_parts(50, [](Index part, int) {
        if (part == 17) throw Error("part", "no number 17", "17");
      });
    };
    CHECK_THROWS_AS(fail(), Error);
    std::vector<int> runs(50);
    CHECK_NOTHROW(team.for_parts(50, [&](Index part, int) { ++runs[static_cast<std::size_t>(part)]; }));
    CHECK(runs == std::vector<int>(50, 1));
  });
}

TEST_CASE("A loop inside of a part runs every part once, too", "[threads]") {
  with_team(3, [](const Team& team) {
    std::array<std::array<int, 7>, 20> runs{};
    team.for_parts(20, [&](Index outer, int) {
      team.for_parts(7, [&](Index inner, int) {
        ++runs[static_cast<std::size_t>(outer)][static_cast<std::size_t>(inner)];
      });
    });
    for (const auto& inner : runs)
      for (const int count : inner) CHECK(count == 1);
  });
}

TEST_CASE("Every policy keeps its threads awake for a function, or runs it as it is", "[threads]") {
  for (const auto& entry : support::policies()) {
    const Policy& policy = entry.second;
    INFO(entry.first);
    std::vector<int> runs(100);
    int calls = 0;
    policy->keep_awake([&](const ExecutionPolicy& awake) {
      ++calls;
      CHECK(awake.threads() == policy->threads());
      for (int loop = 0; loop < 20; ++loop)
        awake.for_parts(100, [&](Index part, int) { ++runs[static_cast<std::size_t>(part)]; });
      awake.keep_awake([&](const ExecutionPolicy& again) {
        again.for_parts(100, [&](Index part, int) { ++runs[static_cast<std::size_t>(part)]; });
      });
    });
    CHECK(calls == 1);
    CHECK(runs == std::vector<int>(100, 21));
    CHECK_THROWS_AS(policy->keep_awake([](const ExecutionPolicy&) { throw Error("here", "a", "b"); }), Error);
  }
}
