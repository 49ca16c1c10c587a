// Cross entropy of logits against labels, with label smoothing (Szegedy et al., 2016), computed in double.
//   target distribution q = (1 - s) one_hot(label) + s / K,  loss = -sum_k q_k log softmax(z)_k,  dz =
//   softmax(z) - q
#pragma once

#include <drnet/core/simd.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Loss of one sample; writes weight * gradient to dz. Logits of any size are safe: the largest is subtracted
/// first.
template <class T>
double cross_entropy(std::span<const T> z, int label, double smoothing, double weight, std::span<T> dz) {
  const double top = static_cast<double>(*std::max_element(z.begin(), z.end()));
  const auto classes = static_cast<double>(z.size());
  double sum = 0, total = 0;
  for (const T v : z) {
    sum += std::exp(static_cast<double>(v) - top);
    total += static_cast<double>(v) - top;
  }
  const double log_sum = std::log(sum);
  for (std::size_t k = 0; k < z.size(); ++k) {
    const double q = smoothing / classes + (static_cast<int>(k) == label ? 1 - smoothing : 0);
    dz[k] = static_cast<T>(weight * (std::exp(static_cast<double>(z[k]) - top - log_sum) - q));
  }
  const double own = static_cast<double>(z[static_cast<std::size_t>(label)]) - top;
  return log_sum - (1 - smoothing) * own - smoothing / classes * total;
}

}  // namespace drnet::inline DRNET_ISA
