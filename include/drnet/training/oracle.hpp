// What an oracle that knows the errors of every candidate teaches the predictor.
//
// Image b at candidate j has the risk r_bj = error_bj + price C_j: the error counts 1, the price is
// eta / (C_max - C_min), so that eta is the accuracy that the whole range of costs is worth. With
//   w_bj = max_k r_bk - r_bj      (what j saves against the worst candidate)
// the loss of the predictor's choice p_b = softmax(z_b) is the weighted cross entropy
//   L = -1/B sum_b sum_j w_bj log p_bj,      dL/dz_bj = (p_bj sum_k w_bk - w_bj) / B.
// Over pictures that look alike its minimum is p_j ~ mean w_j, and the largest of those belongs to the
// candidate of the smallest mean r_j: the choice is right even where no single picture's answer is (a
// cost-sensitive classification). There is neither noise nor straight-through bias.
#pragma once

#include <drnet/core/config.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace drnet::inline DRNET_ISA {

/// For one image: loss and gradient of the predictor's choice. error [m], cost [m] with its price, p [m]
/// (softmax of the logits), dz [m] <- scale * dL/dz. Returns the loss, not scaled.
template <class T>
double oracle_loss(std::span<const T> error, std::span<const T> cost, T price, std::span<const T> p, T scale,
                   std::span<T> dz) {
  const auto risk = [&](std::size_t j) { return error[j] + price * cost[j]; };
  T worst = risk(0), sum = 0;
  for (std::size_t j = 1; j < dz.size(); ++j) worst = std::max(worst, risk(j));
  for (std::size_t j = 0; j < dz.size(); ++j) sum += worst - risk(j);
  double loss = 0;
  for (std::size_t j = 0; j < dz.size(); ++j) {
    const T saved = worst - risk(j);
    if (saved > 0) loss -= static_cast<double>(saved) * std::log(std::max(static_cast<double>(p[j]), 1e-30));
    dz[j] = scale * (p[j] * sum - saved);
  }
  return loss;
}

}  // namespace drnet::inline DRNET_ISA
