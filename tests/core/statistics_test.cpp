// Intervals against closed forms, published values, a naive score test, and their coverage counted over every
// outcome.
#include <support/catch.hpp>

#include <drnet/core/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using namespace drnet;

constexpr double kZ2 = 3.841458820694124;  // 95 % quantile of chi-squared with one degree of freedom

/// The score statistic of a difference d, with the most likely share of the second kind found by search.
double naive_score(const PairedCounts& counts, double d) {
  const double n = static_cast<double>(counts.images), b = static_cast<double>(counts.first),
               c = static_cast<double>(counts.second);
  const double least = std::max(0.0, -d), most = (1 - d) / 2;
  const auto likelihood = [&](double q) {
    const auto term = [](double count, double p) { return count > 0 ? count * std::log(p) : 0.0; };
    return term(b, q + d) + term(c, q) + term(n - b - c, 1 - 2 * q - d);
  };
  double low = least, high = most;  // the likelihood has one maximum
  for (int i = 0; i < 300; ++i) {
    const double left = low + (high - low) / 3, right = high - (high - low) / 3;
    (likelihood(left) < likelihood(right) ? low : high) = likelihood(left) < likelihood(right) ? left : right;
  }
  return (b - c - n * d) / std::sqrt(n * (low + high + d - d * d));
}

/// Share of all outcomes of n images, weighted by their probability, whose interval holds the truth.
double coverage(int n, double first, double second) {
  double covered = 0;
  for (int b = 0; b <= n; ++b)
    for (int c = 0; b + c <= n; ++c) {
      const double logarithm = std::lgamma(n + 1.0) - std::lgamma(b + 1.0) - std::lgamma(c + 1.0) -
                               std::lgamma(n - b - c + 1.0) + b * std::log(first) + c * std::log(second) +
                               (n - b - c) * std::log(1 - first - second);
      const Interval interval = difference_interval({n, b, c});
      if (interval.low <= first - second && first - second <= interval.high) covered += std::exp(logarithm);
    }
  return covered;
}

}  // namespace

TEST_CASE("Wilson intervals", "[statistics]") {
  // Closed forms: 1/2 -+ z / (2 sqrt(n + z^2)) for half of n, 0 to z^2 / (n + z^2) for none, and its mirror
  // image for all.
  const auto half = wilson_interval(5, 10);
  CHECK(half.low == Approx(0.5 - 0.5 * std::sqrt(kZ2 / (10 + kZ2))).epsilon(1e-12));
  CHECK(half.high == Approx(0.5 + 0.5 * std::sqrt(kZ2 / (10 + kZ2))).epsilon(1e-12));
  const auto none = wilson_interval(0, 10);
  CHECK(none.low == Approx(0).margin(1e-12));
  CHECK(none.high == Approx(kZ2 / (10 + kZ2)).epsilon(1e-12));
  const auto all = wilson_interval(10, 10);
  CHECK(all.low == Approx(10 / (10 + kZ2)).epsilon(1e-12));
  CHECK(all.high <= 1);
  CHECK(std::isnan(wilson_interval(0, 0).low));
  CHECK(std::isnan(wilson_interval(2, 1).high));
  CHECK(std::isnan(wilson_interval(-1, 10).low));
}

TEST_CASE("Images that two systems differ about", "[statistics]") {
  const std::vector<bool> first{true, true, false, false, true}, second{true, false, true, false, false};
  const PairedCounts counts = paired_counts(first, second);
  CHECK(counts.images == 5);
  CHECK(counts.first == 2);
  CHECK(counts.second == 1);
  CHECK(counts.difference() == Approx(0.2));
  CHECK(paired_counts(second, first).difference() == Approx(-0.2));
  CHECK_THROWS_WITH(paired_counts(first, std::vector<bool>(4)), support::contains("got 5 and 4"));
  CHECK_THROWS_AS(paired_counts({}, {}), Error);
}

TEST_CASE("Intervals of a paired difference", "[statistics]") {
  // Fagerland, Lydersen and Laake (2014): children before and after a transplantation, 1 and 7 of 21 differ.
  const Interval published = difference_interval({21, 1, 7});
  CHECK(published.low == Approx(-0.517).margin(5e-4));
  CHECK(published.high == Approx(-0.026).margin(5e-4));
  // No image differs: Wilson's bound to both sides. All of them do: Wilson's bound of the rest.
  for (const std::int64_t n : {1, 10, 1000}) {
    const double size = static_cast<double>(n);
    CHECK(difference_interval({n, 0, 0}).high == Approx(kZ2 / (size + kZ2)).epsilon(1e-9));
    CHECK(difference_interval({n, 0, 0}).low == Approx(-kZ2 / (size + kZ2)).epsilon(1e-9));
    CHECK(difference_interval({n, n, 0}).high == Approx(1));
    CHECK(difference_interval({n, n, 0}).low < 1);
  }
  // Many images: the normal interval.
  const double deviation = std::sqrt((0.05 + 0.03 - 0.02 * 0.02) / 1e6);
  const Interval many = difference_interval({1'000'000, 50'000, 30'000});
  CHECK(many.low == Approx(0.02 - std::sqrt(kZ2) * deviation).epsilon(1e-3));
  CHECK(many.high == Approx(0.02 + std::sqrt(kZ2) * deviation).epsilon(1e-3));
  for (const PairedCounts& wrong : {PairedCounts{}, {3, 2, 2}, {3, -1, 1}, {3, 1, -1}})
    CHECK(std::isnan(difference_interval(wrong).low));
}

TEST_CASE("Both ends of a paired interval are just rejected", "[statistics]") {
  for (const PairedCounts& counts :
       {PairedCounts{21, 1, 7}, {160, 40, 20}, {30, 3, 0}, {30, 0, 1}, {50, 25, 25}, {10'000, 90, 70}}) {
    const Interval interval = difference_interval(counts),
                   mirrored = difference_interval({counts.images, counts.second, counts.first});
    CAPTURE(counts.images, counts.first, counts.second);
    CHECK(naive_score(counts, interval.low) == Approx(std::sqrt(kZ2)).epsilon(1e-4));
    CHECK(naive_score(counts, interval.high) == Approx(-std::sqrt(kZ2)).epsilon(1e-4));
    CHECK(mirrored.low == Approx(-interval.high).margin(1e-9));
    CHECK(mirrored.high == Approx(-interval.low).margin(1e-9));
  }
}

TEST_CASE("Paired intervals hold the truth in about 95 % of all samples", "[statistics]") {
  double sum = 0;
  int count = 0;
  for (const int n : {20, 40, 60})
    for (const double first : {0.02, 0.1, 0.3})
      for (const double second : {0.02, 0.1, 0.3}) {
        const double share = coverage(n, first, second);
        CAPTURE(n, first, second, share);
        CHECK(share > 0.92);
        sum += share;
        ++count;
      }
  CHECK(sum / count > 0.94);
  CHECK(sum / count < 0.98);
}

TEST_CASE("the median is the value in the middle, of an even number the larger one", "[statistics]") {
  CHECK(drnet::median({3}) == 3);
  CHECK(drnet::median({5, 1, 3}) == 3);
  CHECK(drnet::median({4, 1, 3, 2}) == 3);
}
