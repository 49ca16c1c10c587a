// The FLOPs regularizer (docs/method.md, loss): max(0, (E[sum_j C_j h_j] - alpha) / (C_max - C_min)), where
// C_j is the cost of candidate j, E the mean over the batch and alpha the target in the same unit:
// multiply-adds in G, counted exactly, or a measured time. The unit cancels out.
#pragma once

#include <drnet/core/simd.hpp>

#include <algorithm>
#include <span>

namespace drnet::inline DRNET_ISA {

/// Costs C_j [m] and the target alpha, in one unit.
template <class T>
struct FlopsLoss {
  std::span<const T> cost;
  T alpha;

  /// C_max - C_min, or 1 for a single candidate, whose term has no gradient to scale.
  [[nodiscard]] T range() const {
    const auto [low, high] = std::minmax_element(cost.begin(), cost.end());
    return *high > *low ? *high - *low : T(1);
  }
  /// The loss of selections h [batch][m].
  [[nodiscard]] T value(std::span<const T> h) const {
    return std::max(T(0), (mean_cost(h) - alpha) / range());
  }
  /// dh += scale * gradient; C_j / (B (C_max - C_min)) while the hinge is active.
  void add_gradient(std::span<const T> h, T scale, std::span<T> dh) const {
    if (!(mean_cost(h) > alpha)) return;
    const T k = scale / (static_cast<T>(h.size() / cost.size()) * range());
    for (std::size_t i = 0; i < h.size(); ++i) dh[i] += k * cost[i % cost.size()];
  }

 private:
  [[nodiscard]] T mean_cost(std::span<const T> h) const {
    T sum = 0;
    for (std::size_t i = 0; i < h.size(); ++i) sum += h[i] * cost[i % cost.size()];
    return sum / static_cast<T>(h.size() / cost.size());
  }
};

}  // namespace drnet::inline DRNET_ISA
