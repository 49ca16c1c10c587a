// Cross entropy and stochastic gradient descent against their cases of reference/operators.json.
#include <support/catch.hpp>
#include <support/reference.hpp>

#include <drnet/training/cross_entropy.hpp>
#include <drnet/training/sgd.hpp>

namespace {
template <class T>
constexpr double kTolerance = sizeof(T) == 4 ? 1e-5 : 1e-6;
}

TEMPLATE_TEST_CASE("Cross entropy equals the reference", "[reference]", float, double) {
  using T = TestType;
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, "cross_entropy");
  CHECK(!cases.empty());
  for (const auto& c : cases) {
    INFO(c.name);
    REQUIRE(c.attributes.at("reduction") == "mean");
    const auto smoothing = c.attributes.at("label_smoothing").template get<double>();
    const auto x = c.template values<T>("x");
    const auto target = c.template values<std::int64_t>("target");
    const std::size_t n = target.size(), classes = x.size() / n;
    std::vector<T> dx(x.size());
    double loss = 0;
    for (std::size_t i = 0; i < n; ++i)
      loss += drnet::cross_entropy<T>(std::span(x).subspan(i * classes, classes), static_cast<int>(target[i]),
                                      smoothing, 1 / static_cast<double>(n),
                                      std::span(dx).subspan(i * classes, classes)) /
              static_cast<double>(n);
    CHECK(support::disagreement(std::vector{loss}, c.template values<double>("y"), kTolerance<T>) == "");
    CHECK(support::disagreement(dx, c.template values<double>("dx"), kTolerance<T>) == "");
  }
}

TEMPLATE_TEST_CASE("Gradient descent equals the reference's three steps", "[reference]", float, double) {
  using T = TestType;
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, "sgd");
  CHECK(!cases.empty());
  for (const auto& c : cases) {
    const auto attribute = [&](const char* name) { return c.attributes.at(name).template get<double>(); };
    std::vector<T> p = c.template values<T>("p0"), velocity(p.size());
    for (int step = 0; step < 3; ++step) {
      const auto gradient = c.template values<T>("g" + std::to_string(step));
      drnet::sgd_step<T>(p, gradient, velocity, attribute("lr"), attribute("weight_decay"),
                         {.momentum = attribute("momentum")});
      CHECK(support::disagreement(p, c.template values<double>("p" + std::to_string(step + 1)),
                                  kTolerance<T>) == "");
    }
  }
}
