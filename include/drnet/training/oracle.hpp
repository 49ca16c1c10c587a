// What an oracle that knows the errors of every candidate teaches the predictor: weights w_bj of image b and
// candidate j, and the weighted cross entropy of the predictor's choice p_b = softmax(z_b),
//
//   L = -1/B sum_b sum_j w_bj log p_bj,      dL/dz_bj = (p_bj sum_k w_bk - w_bj) / B.
//
// There is neither noise nor straight-through bias. Two oracles:
//
// Cost-sensitive: candidate j has the risk r_bj = error_bj + price C_j: the error counts 1, the price is
// eta / (C_max - C_min), so that eta is the accuracy that the whole range of costs is worth, and
//   w_bj = max_k r_bk - r_bj      (what j saves against the worst candidate).
// Over pictures that look alike the minimum of L is p_j ~ mean w_j, and the largest of those belongs to the
// candidate of the smallest mean r_j: the choice is right even where no single picture's answer is.
//
// Minimum resolution: w_b is 1 for the smallest candidate that is right about image b, or, where none is, for
// the smallest of all (inference/minimum_resolution.hpp), and 0 for the others: a plain classification, which
// looks at no cost and at no other candidate.
#pragma once

#include <drnet/core/config.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace drnet::inline DRNET_ISA {

/// The weights of the cost-sensitive oracle for one image. error [m], cost [m] with its price, weight [m].
template <class T>
void cost_sensitive_weights(std::span<const T> error, std::span<const T> cost, T price, std::span<T> weight) {
  const auto risk = [&](std::size_t j) { return error[j] + price * cost[j]; };
  T worst = risk(0);
  for (std::size_t j = 1; j < weight.size(); ++j) worst = std::max(worst, risk(j));
  for (std::size_t j = 0; j < weight.size(); ++j) weight[j] = worst - risk(j);
}

/// The weights of the minimum-resolution oracle for one image. error [m], largest resolution first: a
/// candidate is right where it is below a half. weight [m].
template <class T>
void minimum_resolution_weights(std::span<const T> error, std::span<T> weight) {
  std::fill(weight.begin(), weight.end(), T(0));
  std::size_t smallest = weight.size() - 1;
  for (std::size_t j = weight.size(); j-- > 0;)
    if (error[j] < T(0.5)) {
      smallest = j;
      break;
    }
  weight[smallest] = T(1);
}

/// For one image: loss and gradient of the predictor's choice. weight [m], p [m] (softmax of the logits),
/// dz [m] <- scale * dL/dz. Returns the loss, not scaled.
template <class T>
double oracle_loss(std::span<const T> weight, std::span<const T> p, T scale, std::span<T> dz) {
  T sum = 0;
  for (const T w : weight) sum += w;
  double loss = 0;
  for (std::size_t j = 0; j < dz.size(); ++j) {
    if (weight[j] > 0)
      loss -= static_cast<double>(weight[j]) * std::log(std::max(static_cast<double>(p[j]), 1e-30));
    dz[j] = scale * (p[j] * sum - weight[j]);
  }
  return loss;
}

}  // namespace drnet::inline DRNET_ISA
