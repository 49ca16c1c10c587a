// Straight-through Gumbel softmax (docs/method.md, selection step 2), one row of m candidate logits at a
// time.
//
//   log p = log softmax(logits),  g = -log(-log u)
//
//   hard = one_hot(argmax_j(log p_j + g_j)),  soft = softmax((log p + g) / tau)
//
//   dlogits_k = soft_k (dh_k - sum_j dh_j soft_j) / tau
//
// The value is hard, the gradient goes through soft; log-softmax only shifts a row, which softmax ignores.
#pragma once

#include <drnet/core/random.hpp>
#include <drnet/core/simd.hpp>

#include <algorithm>
#include <cmath>
#include <span>

namespace drnet::inline DRNET_ISA {

/// Standard Gumbel noise: draw `candidate` of a random function.
[[nodiscard]] inline double gumbel_noise(const Random& random, std::uint32_t candidate) {
  const double u = random.uniform<double>(candidate) + 0x1p-25;  // in (0, 1)
  return -std::log(-std::log(u));
}
/// That of sample `sample`, candidate `candidate` in `epoch` of a training: a function of the seed.
[[nodiscard]] inline double gumbel_noise(std::uint64_t seed, std::uint32_t epoch, std::uint32_t sample,
                                         std::uint32_t candidate) {
  return gumbel_noise(Random(seed, Purpose::gumbel, epoch, sample), candidate);
}

/// Index of the first largest value.
template <class T>
[[nodiscard]] int argmax(std::span<const T> values) {
  return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

/// soft = softmax((logits + noise) / tau); returns the selected candidate. All spans have m elements.
template <class T>
int gumbel_softmax(std::span<const T> logits, std::span<const T> noise, T tau, std::span<T> soft) {
  T top = (logits[0] + noise[0]) / tau;
  for (std::size_t j = 0; j < soft.size(); ++j) {
    soft[j] = (logits[j] + noise[j]) / tau;
    top = std::max(top, soft[j]);
  }
  const int selected = argmax<T>(soft);
  T sum = 0;
  for (T& s : soft) sum += s = std::exp(s - top);
  for (T& s : soft) s /= sum;
  return selected;
}

/// dlogits from dh, the gradient with respect to the selection.
template <class T>
void gumbel_softmax_backward(std::span<const T> soft, std::span<const T> dh, T tau, std::span<T> dlogits) {
  T mean = 0;
  for (std::size_t j = 0; j < soft.size(); ++j) mean += dh[j] * soft[j];
  for (std::size_t j = 0; j < soft.size(); ++j) dlogits[j] = soft[j] * (dh[j] - mean) / tau;
}

}  // namespace drnet::inline DRNET_ISA
