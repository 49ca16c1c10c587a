// L-BFGS (Liu and Nocedal, *On the Limited Memory BFGS Method for Large Scale Optimization*, 1989): minimizes
// a smooth function by Newton steps whose Hessian is estimated from the last few steps s and what they
// changed about the gradient, y. The lengths of the steps satisfy the weak Wolfe conditions and are found by
// bisection.
#pragma once

#include <drnet/core/config.hpp>

#include <cmath>
#include <cstddef>
#include <deque>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Named options of minimize().
struct LbfgsOptions {
  int iterations = 100;     ///< at most
  std::size_t memory = 10;  ///< steps that are remembered
  double tolerance = 1e-4;  ///< stop where the gradient is shorter than this
};

namespace detail {

inline double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}
/// a + scale * b.
inline std::vector<double> plus(std::vector<double> a, double scale, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += scale * b[i];
  return a;
}

/// What the last steps tell about the Hessian.
class LbfgsMemory {
 public:
  explicit LbfgsMemory(std::size_t size) : size_(size) {}
  [[nodiscard]] bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }
  /// A step and its change of the gradient; left out where the function does not curve upwards.
  void add(std::vector<double> step, std::vector<double> change) {
    const double curvature = dot(step, change);
    if (!(curvature > 0)) return;
    pairs_.push_back({std::move(step), std::move(change), 1 / curvature});
    if (pairs_.size() > size_) pairs_.pop_front();
  }
  /// The estimated inverse Hessian times g: Nocedal's two loops.
  [[nodiscard]] std::vector<double> operator()(std::vector<double> g) const {
    std::vector<double> along(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      along[i] = pairs_[i].scale * dot(pairs_[i].step, g);
      g = plus(g, -along[i], pairs_[i].change);
    }
    if (!empty()) {
      const Pair& last = pairs_.back();
      const double curvature = last.scale * dot(last.change, last.change);  // along the last step
      for (double& x : g) x /= curvature;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      g = plus(g, along[i] - pairs_[i].scale * dot(pairs_[i].change, g), pairs_[i].step);
    return g;
  }

 private:
  struct Pair {
    std::vector<double> step, change;
    double scale;  ///< 1 / <step, change>
  };
  std::size_t size_;
  std::deque<Pair> pairs_;
};

}  // namespace detail

/// Moves x to a minimum of f, where `f(x, gradient)` returns the value at x and writes its gradient; returns
/// the value at the end, which is never above that at the start. Serial, so with the same f the same bits.
template <class F>
double minimize(std::vector<double>& x, F&& f, const LbfgsOptions& options = {}) {
  using detail::dot, detail::plus;
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;  // of the weak Wolfe conditions
  constexpr int kTries = 30;
  detail::LbfgsMemory memory(options.memory);
  std::vector<double> gradient(x.size()), next_gradient(x.size());
  double value = f(x, gradient);
  for (int k = 0; k < options.iterations && std::sqrt(dot(gradient, gradient)) > options.tolerance; ++k) {
    std::vector<double> uphill = memory(gradient);
    if (!(dot(uphill, gradient) > 0)) {  // rounding spoilt the estimate
      memory.clear();
      uphill = gradient;
    }
    const double slope = -dot(uphill, gradient);
    double low = 0, high = std::numeric_limits<double>::infinity();
    double length = memory.empty() ? 1 / std::sqrt(-slope) : 1;
    std::vector<double> next;
    double next_value = value;
    for (int tries = 0; tries < kTries; ++tries) {
      next = plus(x, -length, uphill);
      next_value = f(next, next_gradient);
      if (!(next_value <= value + kDecrease * length * slope))
        high = length;
      else if (-dot(next_gradient, uphill) < kCurvature * slope)
        low = length;
      else
        break;
      length = std::isinf(high) ? 2 * low : (low + high) / 2;
    }
    if (!(next_value < value)) break;  // nothing is left to gain within rounding
    memory.add(plus(next, -1, x), plus(next_gradient, -1, gradient));
    x = std::move(next);
    gradient.swap(next_gradient);
    value = next_value;
  }
  return value;
}

}  // namespace drnet::inline DRNET_ISA
