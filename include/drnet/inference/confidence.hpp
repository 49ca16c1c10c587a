// How far confidences can be believed, and how to mend them: temperature scaling (C. Guo et al., *On
// Calibration of Modern Neural Networks*, ICML 2017), one temperature T_j for each candidate's bank:
//
//   p = softmax(z / T_j),  confidence = max_k p_k;  T_j minimizes  NLL = -mean over images of log p_label
//
// The confidence is top_probability() in dynamic/router.hpp, by which a cascade decides.
// NLL is convex in 1 / T, and no temperature changes which class is the largest. Sums are taken in double in
// the order of the images.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/dynamic/router.hpp>
#include <drnet/inference/outputs.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Fitted temperatures stay in kLeastTemperature..kMostTemperature: for images that are all classified
/// correctly (separable) every smaller one fits better, for answers that mean nothing every larger one.
inline constexpr double kLeastTemperature = 1.0 / 32, kMostTemperature = 32;

namespace confidence_detail {

/// Throws Error for a candidate that there is not and a temperature that is not above 0.
inline void check(const Outputs& outputs, int candidate, double temperature) {
  outputs.check();
  if (candidate < 0 || candidate >= outputs.candidates)
    throw Error("candidate", "0 to " + std::to_string(outputs.candidates - 1), std::to_string(candidate));
  if (!(temperature > 0) || !std::isfinite(temperature))
    throw Error("temperature", "a number above 0", std::to_string(temperature));
}

/// NLL of one image, or of several (sums), as a function of b = 1 / T, and its two derivatives:
///   log sum_k exp(b z_k) - b z_label,  E_p[z] - z_label,  Var_p[z]
struct Likelihood {
  double value = 0, slope = 0, curvature = 0;

  void add(std::span<const float> logits, int label, double b) {
    const double top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    const double target = static_cast<double>(logits[static_cast<std::size_t>(label)]) - top;
    double sum = 0, first = 0, second = 0;  // of exp(b d), d exp(b d), d^2 exp(b d); d = z - top
    for (const float z : logits) {
      const double d = static_cast<double>(z) - top, e = std::exp(b * d);
      sum += e;
      first += d * e;
      second += d * d * e;
    }
    const double mean = first / sum;
    value += std::log(sum) - b * target;
    slope += mean - target;
    curvature += std::max(0.0, second / sum - mean * mean);
  }
};

inline Likelihood likelihood(const Outputs& outputs, int candidate, double b) {
  Likelihood sum;
  for (Index i = 0; i < outputs.images(); ++i)
    sum.add(outputs.at(i, candidate), outputs.labels[static_cast<std::size_t>(i)], b);
  return sum;
}

}  // namespace confidence_detail

/// -log softmax(logits / T)_label, the mean over the images at one candidate. Throws Error for outputs that
/// do not fit each other, a candidate that there is not and a temperature that is not above 0.
[[nodiscard]] inline double negative_log_likelihood(const Outputs& outputs, int candidate,
                                                    double temperature = 1) {
  confidence_detail::check(outputs, candidate, temperature);
  return confidence_detail::likelihood(outputs, candidate, 1 / temperature).value /
         static_cast<double>(outputs.images());
}

/// The temperature of one candidate that minimizes negative_log_likelihood(), to 1e-9 of itself, in
/// kLeastTemperature..kMostTemperature; 1 where all fit alike (logits that are all equal). Newton's method on
/// 1 / T, with bisection where a step would leave the bracket or the last one gained little. Throws Error as
/// negative_log_likelihood(), and for logits that are not finite.
[[nodiscard]] inline double fit_temperature(const Outputs& outputs, int candidate) {
  confidence_detail::check(outputs, candidate, 1);
  for (Index i = 0; i < outputs.images(); ++i)
    for (const float z : outputs.at(i, candidate))
      if (!std::isfinite(z))
        throw Error("logits of image " + std::to_string(i), "finite numbers", std::to_string(z));
  const auto at = [&](double b) { return confidence_detail::likelihood(outputs, candidate, b); };
  double low = 1 / kMostTemperature, high = 1 / kLeastTemperature, b = 1;
  const auto ends = at(low), start = at(b);
  if (ends.curvature == 0 && start.curvature == 0 && start.slope == 0) return 1;
  if (ends.slope >= 0) return kMostTemperature;
  if (at(high).slope <= 0) return kLeastTemperature;
  double before = std::numeric_limits<double>::infinity();
  for (auto here = start; high - low > 1e-9 * low; here = at(b)) {
    (here.slope < 0 ? low : high) = b;
    const double newton = b - here.slope / here.curvature;  // not a number where the curvature is 0
    const bool good = newton >= low && newton <= high && std::abs(here.slope) <= before / 2;
    const double next = good ? newton : std::sqrt(low * high);
    if (std::abs(next - b) <= 1e-10 * b) return 1 / next;
    before = std::abs(here.slope);
    b = next;
  }
  return 1 / b;
}

/// fit_temperature() of every candidate, [m].
[[nodiscard]] inline std::vector<double> fit_temperatures(const Outputs& outputs) {
  outputs.check();
  std::vector<double> temperatures;
  for (int j = 0; j < outputs.candidates; ++j) temperatures.push_back(fit_temperature(outputs, j));
  return temperatures;
}

/// Images whose confidence lies in one interval; both means are 0 without an image.
struct ReliabilityBin {
  Index count = 0;
  double confidence = 0;  ///< mean
  double accuracy = 0;    ///< share of the images that are classified correctly
};

/// Images by their confidence: bin k of B holds confidences in (k / B, (k + 1) / B].
struct Reliability {
  std::vector<ReliabilityBin> bins;

  /// ECE: |accuracy - confidence|, the mean over the images (Naeini et al., 2015; Guo et al., equation 3).
  [[nodiscard]] double expected_calibration_error() const {
    double sum = 0, images = 0;
    for (const ReliabilityBin& bin : bins) {
      sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
      images += static_cast<double>(bin.count);
    }
    return images > 0 ? sum / images : 0;
  }
};

/// Reliability of one candidate at a temperature, in `bins` bins of equal width. Throws Error as
/// negative_log_likelihood(), and for no bin.
[[nodiscard]] inline Reliability reliability(const Outputs& outputs, int candidate, double temperature = 1,
                                             int bins = 15) {
  confidence_detail::check(outputs, candidate, temperature);
  if (bins < 1) throw Error("bins of a reliability diagram", "at least 1", std::to_string(bins));
  Reliability result{std::vector<ReliabilityBin>(static_cast<std::size_t>(bins))};
  for (Index i = 0; i < outputs.images(); ++i) {
    const auto logits = outputs.at(i, candidate);
    const double p = top_probability(logits, temperature);
    const int k = std::clamp(static_cast<int>(std::ceil(p * bins)) - 1, 0, bins - 1);
    ReliabilityBin& bin = result.bins[static_cast<std::size_t>(k)];
    ++bin.count;
    bin.confidence += p;
    bin.accuracy += argmax<float>(logits) == outputs.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  for (ReliabilityBin& bin : result.bins)
    if (bin.count > 0) {
      bin.confidence /= static_cast<double>(bin.count);
      bin.accuracy /= static_cast<double>(bin.count);
    }
  return result;
}

}  // namespace drnet::inline DRNET_ISA
