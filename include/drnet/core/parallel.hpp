// Execution policies. A policy only decides who runs which part of a loop. Work is cut into parts by the
// problem, or in ways that change no bit, so results are the same for every policy and number of threads.
#pragma once

#include <drnet/core/simd.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace drnet::inline DRNET_ISA {

/// A non-owning reference to a function.
template <class... Args>
class FunctionRef {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
      FunctionRef(F&& f)  // NOLINT: implicit on purpose
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) {
          (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  void operator()(Args... args) const { call_(object_, args...); }

 private:
  void* object_;
  void (*call_)(void*, Args...);
};

/// f(part, worker); worker < threads() names the scratch memory to use.
using PartFunction = FunctionRef<Index, int>;

/// Who runs the parts of a parallel loop. Implementations: Serial, OpenMP, TBB; a user may add one.
class ExecutionPolicy {
 public:
  virtual ~ExecutionPolicy() = default;
  [[nodiscard]] virtual int threads() const noexcept = 0;
  /// Calls f(part, worker) once for every part in [0, parts); the first exception thrown by a part is
  /// rethrown.
  virtual void for_parts(Index parts, PartFunction f) const = 0;
  /// Calls f(policy) once, with a policy of the same threads() that stay awake between its loops, if there is
  /// such a one: for many short loops in a row. `f` runs on the calling thread.
  virtual void keep_awake(FunctionRef<const ExecutionPolicy&> f) const { f(*this); }
};

/// Runs every part on the calling thread, in order.
struct Serial final : ExecutionPolicy {
  [[nodiscard]] int threads() const noexcept override { return 1; }
  void for_parts(Index parts, PartFunction f) const override {
    for (Index part = 0; part < parts; ++part) f(part, 0);
  }
};

/// Calls f(image, block) for the `blocks` planes of each of n images, some planes of `plane_scalars` scalars
/// a part: for element-wise work, where one plane may be less than handing it out costs.
template <class F>
void for_planes(const ExecutionPolicy& policy, Index n, int blocks, Index plane_scalars, const F& f) {
  const Index planes = n * blocks, step = plane_scalars < 16384 ? 16384 / plane_scalars : 1;
  policy.for_parts((planes + step - 1) / step, [&](Index part, int) {
    const Index end = part * step + step < planes ? part * step + step : planes;
    for (Index plane = part * step; plane < end; ++plane) f(plane / blocks, static_cast<int>(plane % blocks));
  });
}

/// Keeps the first exception of a parallel region, to be rethrown on the thread that started it.
class FirstException {
 public:
  template <class F>
  void guard(F&& f) noexcept {
    try {
      f();
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!first_) first_ = std::current_exception();
    }
  }
  /// Rethrows the first exception, if any, and forgets it.
  void rethrow() {
    if (first_) std::rethrow_exception(std::exchange(first_, nullptr));
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

/// Owns any execution policy; cheap to copy.
class Policy {
 public:
  Policy() : policy_(std::make_shared<Serial>()) {}
  template <std::derived_from<ExecutionPolicy> P>
  Policy(P policy) : policy_(std::make_shared<P>(std::move(policy))) {}  // NOLINT: implicit on purpose
  [[nodiscard]] const ExecutionPolicy& operator*() const noexcept { return *policy_; }
  [[nodiscard]] const ExecutionPolicy* operator->() const noexcept { return policy_.get(); }

 private:
  std::shared_ptr<const ExecutionPolicy> policy_;
};

}  // namespace drnet::inline DRNET_ISA
