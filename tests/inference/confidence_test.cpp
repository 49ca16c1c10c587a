// Temperature scaling and calibration errors against naive formulas, a search over temperatures, and data
// whose temperature is known because it was drawn with it.
#include <support/catch.hpp>

#include <drnet/core/random.hpp>
#include <drnet/inference/confidence.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using namespace drnet;

/// Logits of n images at 2 candidates, normal with deviation 2; the label of each image is drawn from softmax
/// of those at candidate j divided by temperature[j] (candidate 0 for even images, 1 for odd ones).
Outputs draw_outputs(Index n, int classes, const std::vector<double>& temperature, std::uint64_t seed = 7) {
  Outputs outputs{.candidates = 2, .classes = classes, .labels = {}, .logits = {}, .predictor = {}};
  for (Index i = 0; i < n; ++i) {
    const Random random(seed, Purpose::check, 0, static_cast<std::uint32_t>(i));
    for (int k = 0; k < 2 * classes; ++k)
      outputs.logits.push_back(static_cast<float>(2 * random.normal(static_cast<std::uint32_t>(k))));
    const int j = static_cast<int>(i % 2);
    std::vector<double> p;
    double sum = 0;
    outputs.labels.push_back(0);
    for (const float z : outputs.at(i, j))
      sum += p.emplace_back(std::exp(static_cast<double>(z) / temperature[static_cast<std::size_t>(j)]));
    double u = sum * random.uniform<double>(static_cast<std::uint32_t>(4 * classes + 4));
    int label = 0;
    while (label < classes - 1 && (u -= p[static_cast<std::size_t>(label)]) >= 0) ++label;
    outputs.labels.back() = label;
  }
  return outputs;
}

/// Every second image, beginning with `first`.
Outputs every_second(const Outputs& all, Index first) {
  Outputs part{.candidates = 2, .classes = all.classes, .labels = {}, .logits = {}, .predictor = {}};
  for (Index i = first; i < all.images(); i += 2) {
    part.labels.push_back(all.labels[static_cast<std::size_t>(i)]);
    for (int j = 0; j < 2; ++j)
      part.logits.insert(part.logits.end(), all.at(i, j).begin(), all.at(i, j).end());
  }
  return part;
}

double naive_likelihood(const Outputs& outputs, int j, double temperature) {
  double total = 0;
  for (Index i = 0; i < outputs.images(); ++i) {
    double sum = 0;
    for (const float z : outputs.at(i, j)) sum += std::exp(static_cast<double>(z) / temperature);
    const float z = outputs.at(i, j)[static_cast<std::size_t>(outputs.labels[static_cast<std::size_t>(i)])];
    total -= std::log(std::exp(static_cast<double>(z) / temperature) / sum);
  }
  return total / static_cast<double>(outputs.images());
}

/// Two images of two classes: `right` of them are classified correctly with a margin of `margin`.
Outputs two_images(float margin, int right) {
  return {.candidates = 1,
          .classes = 2,
          .labels = {0, right == 2 ? 0 : 1},
          .logits = {margin, 0, margin, 0},
          .predictor = {}};
}

}  // namespace

TEST_CASE("Confidence is the largest probability at a temperature", "[confidence]") {
  const std::vector<float> logits{1, 3, 2};
  for (const double t : {0.25, 1.0, 4.0}) {
    const double sum = std::exp(1 / t) + std::exp(3 / t) + std::exp(2 / t);
    CHECK(top_probability<float>(logits, t) == Approx(std::exp(3 / t) / sum).epsilon(1e-12));
  }
  CHECK(top_probability<float>(std::vector<float>{5, 5, 5, 5}) == 0.25);
  CHECK(top_probability<float>(std::vector<float>{1e30F, 0}) == 1);
}

TEST_CASE("Negative log likelihood against the formula", "[confidence]") {
  const Outputs outputs = draw_outputs(50, 7, {1, 1});
  for (const int j : {0, 1})
    for (const double t : {0.3, 1.0, 2.5})
      CHECK(negative_log_likelihood(outputs, j, t) == Approx(naive_likelihood(outputs, j, t)).epsilon(1e-12));
}

TEST_CASE("The fitted temperature is the best of all", "[confidence]") {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const Outputs outputs = draw_outputs(60, 5, {1.5, 0.7}, seed);
    const std::vector<double> fitted = fit_temperatures(outputs);
    REQUIRE(fitted.size() == 2);
    for (const int j : {0, 1}) {
      const double t = fitted[static_cast<std::size_t>(j)];
      CHECK(t == fit_temperature(outputs, j));
      // Where the temperature lies inside, both sides are worse; a search finds none that is better.
      const double best = naive_likelihood(outputs, j, t);
      for (double other = kLeastTemperature; other <= kMostTemperature; other *= 1.05)
        CHECK(naive_likelihood(outputs, j, other) >= best - 1e-12);
      if (t < kMostTemperature) {
        CHECK(naive_likelihood(outputs, j, 1.001 * t) > best);
        CHECK(naive_likelihood(outputs, j, t / 1.001) > best);
      }
    }
  }
}

TEST_CASE("The temperature that labels were drawn with is found", "[confidence]") {
  const std::vector<double> drawn{1.8, 0.6};
  const Outputs all = draw_outputs(20'000, 5, drawn);
  for (const int j : {0, 1}) {
    const Outputs outputs = every_second(all, j);
    const double t = fit_temperature(outputs, j), truth = drawn[static_cast<std::size_t>(j)];
    CHECK(t == Approx(truth).epsilon(0.05));
    CHECK(reliability(outputs, j, t).expected_calibration_error() < 0.02);
    CHECK(reliability(outputs, j).expected_calibration_error() > 0.04);
  }
  // Logits that are c times as large want c times the temperature.
  Outputs larger = every_second(all, 0);
  const double before = fit_temperature(larger, 0);
  for (float& z : larger.logits) z *= 4;
  CHECK(fit_temperature(larger, 0) == Approx(4 * before).epsilon(1e-8));
}

TEST_CASE("Temperatures of data without a best one", "[confidence]") {
  CHECK(fit_temperature(two_images(3, 2), 0) == kLeastTemperature);    // all right: separable
  CHECK(fit_temperature(two_images(100, 2), 0) == kLeastTemperature);  // even where nothing is left to gain
  CHECK(fit_temperature(two_images(3, 1), 0) == kMostTemperature);     // half right, always confident
  CHECK(fit_temperature(two_images(0, 1), 0) == 1);                    // no difference at all
  CHECK(fit_temperature(two_images(-3, 2), 0) == kMostTemperature);    // always wrong
}

TEST_CASE("Reliability bins against counts by hand", "[confidence]") {
  // Confidences of two classes with margin d: 1 / (1 + exp(-d)).
  const auto margin = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  const Outputs outputs{.candidates = 1,
                        .classes = 2,
                        .labels = {0, 1, 0, 0, 1},
                        .logits = {margin(0.55), 0, margin(0.58), 0, margin(0.75), 0, margin(0.95), 0, 0, 0},
                        .predictor = {}};
  const Reliability result = reliability(outputs, 0, 1, 10);
  REQUIRE(result.bins.size() == 10);
  CHECK(result.bins[4].count == 1);  // 0.5 belongs to (0.4, 0.5]; ties are answered with the first class
  CHECK(result.bins[4].accuracy == 0);
  CHECK(result.bins[5].count == 2);
  CHECK(result.bins[5].confidence == Approx(0.565).epsilon(1e-6));
  CHECK(result.bins[5].accuracy == 0.5);
  CHECK(result.bins[7].count == 1);
  CHECK(result.bins[9].count == 1);
  CHECK(result.bins[0].count == 0);
  CHECK(result.expected_calibration_error() ==
        Approx((0.5 + 2 * (0.565 - 0.5) + 0.25 + 0.05) / 5).epsilon(1e-6));
  CHECK(reliability(outputs, 0).bins.size() == 15);
  CHECK(reliability(outputs, 0, 1, 1).bins[0].count == 5);
}

TEST_CASE("Confidence refuses what it cannot use", "[confidence]") {
  const Outputs outputs = draw_outputs(4, 3, {1, 1});
  CHECK_THROWS_AS(fit_temperature(outputs, 2), Error);
  CHECK_THROWS_AS(fit_temperature(outputs, -1), Error);
  CHECK_THROWS_AS(fit_temperatures({}), Error);
  CHECK_THROWS_AS(negative_log_likelihood(outputs, 0, 0), Error);
  CHECK_THROWS_AS(negative_log_likelihood(outputs, 0, -1), Error);
  CHECK_THROWS_AS(negative_log_likelihood(outputs, 0, std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS(reliability(outputs, 0, 1, 0), Error);
  Outputs broken = outputs;
  broken.logits[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(fit_temperature(broken, 0), support::contains("finite"));
  CHECK_NOTHROW(fit_temperature(broken, 1));
  broken.logits.pop_back();
  CHECK_THROWS_AS(fit_temperature(broken, 1), Error);
}
