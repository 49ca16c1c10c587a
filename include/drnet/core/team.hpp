// Threads that work on one short loop after the other. Waking threads up for each layer of a network costs
// more than a small layer; a team's threads spin between two loops instead:
//
//   leader     ─ for_parts ▒▒▒▒▒ ─ for_parts ▒▒▒▒▒▒ ─ ... ─ end      ▒ parts
//   follower   ~~~~~~~~~~~ ▒▒▒▒▒ ~~~~~~~~~~~ ▒▒▒▒▒▒ ~~~~~~~ return   ~ looks at its own range of parts
//
// Every thread begins with a range of its own, so neighbouring parts, hence neighbouring rows of one layer
// after the other, stay in one core's cache, and threads meet only at the ends of a loop. Who has nothing
// left takes parts from the back of other ranges. The leader waits for parts, not for threads: a follower
// that the system has put to sleep holds up nobody unless it has a part in hand.
#pragma once

#include <drnet/core/parallel.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

namespace drnet::inline DRNET_ISA {

/// The policy of a team; see keep_awake() of a policy for how to get one. One thread leads; a loop inside of
/// a part runs on the thread of that part.
class Team final : public ExecutionPolicy {
 public:
  static constexpr int kMostThreads = 128;
  explicit Team(int threads) : threads_(std::clamp(threads, 1, kMostThreads)) {}
  [[nodiscard]] int threads() const noexcept override { return threads_; }

  void for_parts(Index parts, PartFunction f) const override {
    if (threads_ == 1 || parts <= 1 || parts > kMostParts || busy_.load(std::memory_order_acquire))
      return Serial{}.for_parts(parts, f);
    busy_.store(true, std::memory_order_relaxed);
    function_ = &f;
    done_.store(0, std::memory_order_relaxed);
    for (int worker = threads_ - 1; worker >= 0; --worker)
      range(worker).store(packed(parts * worker / threads_, parts * (worker + 1) / threads_),
                          std::memory_order_release);
    take_parts(0);
    for (int spins = 0; done_.load(std::memory_order_acquire) != parts; ++spins) rest(spins);
    busy_.store(false, std::memory_order_relaxed);
    failure_.rethrow();
  }

  /// What every thread but the leader does until the leader calls end().
  void follow(int worker) const noexcept {
    int spins = 0;
    while (!ended_.load(std::memory_order_acquire)) {
      spins = take_parts(worker) ? 0 : spins + 1;
      rest(spins);
    }
  }
  void end() const noexcept { ended_.store(true, std::memory_order_release); }

 private:
  static constexpr int kPartBits = 32;
  static constexpr Index kMostParts = (Index{1} << kPartBits) - 1;
  /// Two numbers of parts in one word: next | end << 32. A range is empty where they are equal.
  [[nodiscard]] static constexpr std::uint64_t packed(Index next, Index end) {
    return static_cast<std::uint64_t>(next) | static_cast<std::uint64_t>(end) << kPartBits;
  }
  [[nodiscard]] std::atomic<std::uint64_t>& range(int worker) const noexcept {
    return ranges_[static_cast<std::size_t>(worker)].parts;
  }

  /// Takes a part from the front or from the back of a range; -1 if there is none. It does not matter which
  /// loop the range was read in: what a successful exchange takes is a part of the present loop.
  [[nodiscard]] Index take(int worker, bool front) const noexcept {
    std::atomic<std::uint64_t>& parts = range(worker);
    for (std::uint64_t old = parts.load(std::memory_order_acquire);;) {
      const Index next = static_cast<Index>(old & static_cast<std::uint64_t>(kMostParts)),
                  end = static_cast<Index>(old >> kPartBits);
      if (next == end) return -1;
      if (parts.compare_exchange_weak(old, front ? packed(next + 1, end) : packed(next, end - 1),
                                      std::memory_order_acq_rel, std::memory_order_acquire))
        return front ? next : end - 1;
    }
  }
  /// Runs parts of the present loop, its own first, until none is left; whether there was any. While a part
  /// is in hand the loop cannot end, so function_ is its own.
  bool take_parts(int worker) const noexcept {
    Index done = 0;
    for (int i = 0; i < threads_; ++i) {
      const int owner = (worker + i) % threads_;
      for (Index part; (part = take(owner, i == 0)) >= 0; ++done)
        failure_.guard([&] { (*function_)(part, worker); });
    }
    if (done > 0) done_.fetch_add(done, std::memory_order_acq_rel);
    return done > 0;
  }
  /// Waits a little; after a while lets other threads have the processor.
  static void rest(int spins) noexcept {
    constexpr int patience = 4096;
    if (spins > patience)
      std::this_thread::yield();
    else
      simd::pause();
  }

  struct alignas(kCacheLine) Range {
    std::atomic<std::uint64_t> parts{0};
  };

  int threads_;
  mutable const PartFunction* function_ = nullptr;
  mutable FirstException failure_;
  mutable std::array<Range, kMostThreads> ranges_;
  alignas(kCacheLine) mutable std::atomic<Index> done_{0};
  alignas(kCacheLine) mutable std::atomic<bool> ended_{false};
  mutable std::atomic<bool> busy_{false};  ///< a loop runs
};

}  // namespace drnet::inline DRNET_ISA
