// Ensemble distillation of one image: values against the formula written out, gradients against differences
// of the terms that each of them belongs to.
#include <support/catch.hpp>

#include <drnet/core/random.hpp>
#include <drnet/training/distillation.hpp>

namespace {

using namespace drnet;
using Rows = std::vector<std::vector<double>>;
constexpr double kSmoothing = 0.1;

std::vector<double> softmax(std::vector<double> z, double tau = 1) {
  double sum = 0;
  for (double& v : z) sum += v = std::exp(v / tau);
  for (double& v : z) v /= sum;
  return z;
}
double naive_cross_entropy(const std::vector<double>& z, std::size_t label) {
  const auto p = softmax(z);
  double loss = 0;
  for (std::size_t k = 0; k < z.size(); ++k)
    loss -= (kSmoothing / double(z.size()) + (k == label ? 1 - kSmoothing : 0)) * std::log(p[k]);
  return loss;
}
/// tau^2 KL(teacher || student).
double naive_divergence(const std::vector<double>& teacher, const std::vector<double>& student, double tau) {
  const auto t = softmax(teacher, tau), s = softmax(student, tau);
  double sum = 0;
  for (std::size_t k = 0; k < t.size(); ++k) sum += t[k] * std::log(t[k] / s[k]);
  return tau * tau * sum;
}
std::vector<double> ensemble_of(const std::vector<double>& scores, const Rows& logits) {
  const auto w = softmax(scores);
  std::vector<double> mean(logits[0].size());
  for (std::size_t r = 0; r < logits.size(); ++r)
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += w[r] * logits[r][k];
  return mean;
}
/// What teaches the logits: their cross entropies, and the divergences from `teachers` [m] and an `ensemble`.
double students_loss(const Rows& logits, const Rows& teachers, const std::vector<double>& ensemble,
                     std::size_t label, double tau) {
  const double factor = 2.0 / (double(logits.size()) + 1);
  double loss = 0;
  for (std::size_t s = 0; s < logits.size(); ++s) {
    loss += naive_cross_entropy(logits[s], label) + factor * naive_divergence(ensemble, logits[s], tau);
    for (std::size_t t = 0; t < s; ++t) loss += factor * naive_divergence(teachers[t], logits[s], tau);
  }
  return loss;
}

/// The derivative of f() with respect to x.
template <class F>
double difference(double& x, F f) {
  constexpr double h = 1e-5;
  const double at = x;
  x = at + h;
  const double above = f();
  x = at - h;
  const double below = f();
  x = at;
  return (above - below) / (2 * h);
}

Rows random_rows(std::size_t m, std::size_t classes, std::uint64_t seed) {
  const Random random(seed, Purpose::check);
  Rows rows(m, std::vector<double>(classes));
  std::uint32_t draw = 0;
  for (auto& row : rows)
    for (double& v : row) v = random.uniform(draw++, -3.0, 3.0);
  return rows;
}

template <class T>
struct Image {
  std::vector<std::vector<T>> logits, gradients;
  std::vector<std::span<const T>> in;
  std::vector<std::span<T>> out;
  explicit Image(const Rows& rows) {
    for (const auto& row : rows) logits.emplace_back(row.begin(), row.end());
    gradients = logits;
    in.assign(logits.begin(), logits.end());
    out.assign(gradients.begin(), gradients.end());
  }
};

void check_image(std::size_t m, double tau) {
  CAPTURE(m, tau);
  constexpr std::size_t kClasses = 5, kLabel = 2;
  constexpr double kWeight = 0.25;
  Rows logits = random_rows(m, kClasses, 5);
  std::vector<double> scores = random_rows(1, m, 6).front();
  Image<double> image(logits);
  EnsembleDistillation<double> distillation(static_cast<int>(m), {.temperature = tau});
  std::copy(scores.begin(), scores.end(), distillation.scores().begin());
  distillation.begin();
  const auto losses = distillation.add(image.in, kLabel, kSmoothing, kWeight, image.out);

  double own = 0;
  for (const auto& row : logits) own += naive_cross_entropy(row, kLabel);
  const auto ensemble = ensemble_of(scores, logits);
  CHECK(losses.cross_entropy == Approx(own).epsilon(1e-12));
  CHECK(losses.ensemble == Approx(naive_cross_entropy(ensemble, kLabel)).epsilon(1e-12));
  CHECK(losses.cross_entropy + losses.divergence ==
        Approx(students_loss(logits, logits, ensemble, kLabel, tau)).epsilon(1e-12));
  CHECK(losses.total() == losses.cross_entropy + losses.ensemble + losses.divergence);

  const Rows teachers = logits;  // constants
  for (std::size_t r = 0; r < m; ++r)
    for (std::size_t k = 0; k < kClasses; ++k) {
      const double expected =
          difference(logits[r][k], [&] { return students_loss(logits, teachers, ensemble, kLabel, tau); });
      CHECK(image.gradients[r][k] == Approx(kWeight * expected).epsilon(1e-7).margin(1e-9));
    }
  for (std::size_t r = 0; r < m; ++r) {
    const double expected =
        difference(scores[r], [&] { return naive_cross_entropy(ensemble_of(scores, logits), kLabel); });
    CHECK(distillation.gradient()[r] == Approx(kWeight * expected).epsilon(1e-7).margin(1e-9));
  }
}

}  // namespace

TEST_CASE("Ensemble distillation has the loss and the gradients of its formula", "[training]") {
  for (const std::size_t m : {1U, 2U, 3U, 5U})
    for (const double tau : {1.0, 2.5, 0.7}) check_image(m, tau);
}

TEST_CASE("With one candidate ensemble distillation is cross entropy", "[training]") {
  Image<double> image(random_rows(1, 4, 9));
  EnsembleDistillation<double> distillation(1);
  const auto losses = distillation.add(image.in, 1, 0, 1, image.out);
  std::vector<double> expected(4);
  CHECK(losses.cross_entropy == cross_entropy<double>(image.in[0], 1, 0, 1, expected));
  CHECK(losses.ensemble == Approx(losses.cross_entropy));
  CHECK(losses.divergence == Approx(0).margin(1e-15));
  for (std::size_t k = 0; k < 4; ++k) CHECK(image.gradients[0][k] == Approx(expected[k]).margin(1e-15));
  CHECK(distillation.gradient()[0] == Approx(0).margin(1e-15));
}

TEST_CASE("The gradient of the ensemble's scores adds up over a batch and begins anew with the next",
          "[training]") {
  Image<double> one(random_rows(3, 4, 1)), two(random_rows(3, 4, 2));
  EnsembleDistillation<double> distillation(3);
  CHECK(distillation.weights() == std::vector<double>(3, 1.0 / 3));
  distillation.add(one.in, 0, 0, 0.5, one.out);
  const auto first = distillation.gradient();
  distillation.add(two.in, 1, 0, 0.5, two.out);
  const auto both = distillation.gradient();
  distillation.begin();
  distillation.add(two.in, 1, 0, 0.5, two.out);
  for (std::size_t r = 0; r < 3; ++r)
    CHECK(both[r] == Approx(first[r] + distillation.gradient()[r]).epsilon(1e-12));
}

TEST_CASE("Logits far from each other keep distillation finite", "[training]") {
  Image<float> image({{1e4, 0, -1e4}, {-1e4, 0, 1e4}});
  EnsembleDistillation<float> distillation(2, {.temperature = 0.5});
  const auto losses = distillation.add(image.in, 0, 0, 1, image.out);
  CHECK(std::isfinite(losses.total()));
  CHECK(losses.divergence > 1e4);
  for (const auto& row : image.gradients)
    for (const float g : row) CHECK(std::isfinite(g));
}

TEST_CASE("Distillation refuses temperatures without a meaning", "[training]") {
  for (const double bad : {0.0, -1.0, double(NAN), double(INFINITY)})
    CHECK_THROWS_AS(EnsembleDistillation<double>(2, {.temperature = bad}), Error);
}
