// What a test set of limited size says: 95 % intervals of an accuracy, and of the difference of two
// accuracies on the same images; the median of measurements. Intervals cover the sampling of the images, not
// that of the training.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Of at least one value; of an even number the larger of the two in the middle.
[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Interval {
  double low, high;
};

/// 97.5 % quantile of the standard normal distribution.
inline constexpr double kNormalQuantile = 1.959963984540054;

/// 95 % interval of a proportion (E. B. Wilson, 1927): stays inside 0..1 and holds for small counts too.
/// Without images, NaN.
[[nodiscard]] inline Interval wilson_interval(std::int64_t correct, std::int64_t images) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN(), z = kNormalQuantile;
  if (images <= 0 || correct < 0 || correct > images) return {kUnknown, kUnknown};
  const double n = static_cast<double>(images), p = static_cast<double>(correct) / n;
  const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

/// Two systems on the same images: what tells them apart is only where one is right and the other is not.
struct PairedCounts {
  std::int64_t images = 0;
  std::int64_t first = 0;   ///< images that the first is right about and the second is not
  std::int64_t second = 0;  ///< the other way round

  /// Accuracy of the first minus that of the second, -1..1.
  [[nodiscard]] double difference() const {
    return static_cast<double>(first - second) / static_cast<double>(images);
  }
};

/// Counts of two lists that say of every image, in the same order, whether a system is right about it. Throws
/// Error for lists of different lengths, and for empty ones.
[[nodiscard]] inline PairedCounts paired_counts(const std::vector<bool>& first,
                                                const std::vector<bool>& second) {
  if (first.empty() || first.size() != second.size())
    throw Error("comparison of two systems", "answers to the same images, at least one",
                std::to_string(first.size()) + " and " + std::to_string(second.size()));
  PairedCounts counts{static_cast<std::int64_t>(first.size())};
  for (std::size_t i = 0; i < first.size(); ++i) {
    counts.first += first[i] && !second[i];
    counts.second += !first[i] && second[i];
  }
  return counts;
}

namespace statistics_detail {

/// Tango's score statistic of a difference d: (b - c - n d) / sqrt(n (2 q + d (1 - d))), where q is the most
/// likely share of the images that only the second is right about, given d. It falls from one end of d to the
/// other; where the variance is 0 it is infinite.
inline double paired_score(const PairedCounts& counts, double d) {
  const double n = static_cast<double>(counts.images), b = static_cast<double>(counts.first),
               c = static_cast<double>(counts.second);
  const double linear = (2 * n - b + c) * d - b - c, constant = -c * d * (1 - d);
  const double root = std::sqrt(std::max(0.0, linear * linear - 8 * n * constant));
  const double q = (root - linear) / (4 * n);
  const double distance = b - c - n * d, variance = n * (2 * q + d * (1 - d));
  if (variance > 0) return distance / std::sqrt(variance);
  return distance == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), distance);
}

/// The difference in low..high where the score passes `level`.
inline double difference_at(const PairedCounts& counts, double level, double low, double high) {
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (paired_score(counts, middle) > level ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace statistics_detail

/// 95 % interval of PairedCounts::difference(): the differences that a score test does not reject (T. Tango,
/// *Equivalence test and confidence interval for the difference in proportions for the paired-sample design*,
/// Statistics in Medicine 17, 1998). It stays inside -1..1 and holds for few images that differ, and for
/// none: then it is +- z^2 / (n + z^2). Without images, or with counts that do not fit them, NaN.
[[nodiscard]] inline Interval difference_interval(const PairedCounts& counts) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (counts.images <= 0 || counts.first < 0 || counts.second < 0 ||
      counts.first > counts.images - counts.second)
    return {kUnknown, kUnknown};
  const double difference = counts.difference();
  return {statistics_detail::difference_at(counts, kNormalQuantile, -1, difference),
          statistics_detail::difference_at(counts, -kNormalQuantile, difference, 1)};
}

}  // namespace drnet::inline DRNET_ISA
