// The minimizer on functions whose minima are known.
#include <support/catch.hpp>

#include <drnet/training/lbfgs.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using drnet::LbfgsOptions;
using drnet::minimize;
using Vector = std::vector<double>;

}  // namespace

TEST_CASE("A parabola with curvatures from 1 to 10,000 is minimized", "[training]") {
  constexpr int n = 20;
  int calls = 0;
  const auto parabola = [&](const Vector& x, Vector& gradient) {
    ++calls;
    double value = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double curvature = std::pow(10.0, 4.0 * static_cast<double>(i) / (n - 1)),
                   d = x[i] - static_cast<double>(i);
      value += curvature / 2 * d * d;
      gradient[i] = curvature * d;
    }
    return value;
  };
  Vector x(n, 0.0);
  const double value = minimize(x, parabola, {.iterations = 500, .tolerance = 1e-9});
  CHECK(value < 1e-12);
  for (std::size_t i = 0; i < n; ++i) CHECK(x[i] == Approx(static_cast<double>(i)).margin(1e-8));
  CHECK(calls < 1000);  // steepest descent would take 100,000
  calls = 0;
  minimize(x, parabola);  // which begins where nothing is to be done
  CHECK(calls == 1);
}

TEST_CASE("Rosenbrock's valley is followed to its end, and never upwards", "[training]") {
  Vector x{-1.2, 1};
  double last = std::numeric_limits<double>::infinity();
  const auto valley = [](const Vector& at, Vector& gradient) {
    const double a = 1 - at[0], b = at[1] - at[0] * at[0];
    gradient = {-2 * a - 400 * at[0] * b, 200 * b};
    return a * a + 100 * b * b;
  };
  for (int iterations = 0; iterations < 60; ++iterations) {
    x = {-1.2, 1};
    const double value = minimize(x, valley, {.iterations = iterations, .tolerance = 1e-10});
    CHECK(value <= last);
    Vector gradient(2);
    CHECK(valley(x, gradient) == value);
    last = value;
  }
  CHECK(x[0] == Approx(1));
  CHECK(x[1] == Approx(1));
}

TEST_CASE("Steps to where a function is not defined are taken back", "[training]") {
  Vector x{10};
  const auto barrier = [](const Vector& at, Vector& gradient) {  // x - log x: least at 1, for x > 0 only
    gradient = {1 - 1 / at[0]};
    return at[0] - std::log(at[0]);
  };
  CHECK(minimize(x, barrier, {.tolerance = 1e-8}) == Approx(1));
  CHECK(x[0] == Approx(1).epsilon(1e-6));
}
