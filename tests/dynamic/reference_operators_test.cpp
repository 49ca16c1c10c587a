// Gumbel softmax and the FLOPs loss against their cases of reference/operators.json.
#include <support/catch.hpp>
#include <support/reference.hpp>

#include <drnet/dynamic/flops_loss.hpp>
#include <drnet/dynamic/gumbel.hpp>

namespace {

template <class T>
constexpr double kTolerance = sizeof(T) == 4 ? 1e-5 : 1e-6;

/// Row i of an array of rows of m values.
template <class Values>
auto row(Values& values, std::size_t i, std::size_t m) {
  return std::span(values).subspan(i * m, m);
}

}  // namespace

TEMPLATE_TEST_CASE("Gumbel softmax equals the reference", "[reference]", float, double) {
  using T = TestType;
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, "gumbel_softmax");
  CHECK(!cases.empty());
  for (const auto& c : cases) {
    INFO(c.name);
    REQUIRE(c.attributes.at("hard") == true);
    const T tau = c.attributes.at("tau").template get<T>();
    const auto m = static_cast<std::size_t>(c.shape("x")[1]);
    const std::vector<T> x = c.template values<T>("x"), noise = c.template values<T>("noise"),
                         dy = c.template values<T>("dy");
    std::vector<T> soft(x.size()), hard(x.size()), dx(x.size());
    for (std::size_t i = 0; i < x.size() / m; ++i) {
      const int selected = drnet::gumbel_softmax<T>(row(x, i, m), row(noise, i, m), tau, row(soft, i, m));
      row(hard, i, m)[static_cast<std::size_t>(selected)] = 1;
      drnet::gumbel_softmax_backward<T>(row(soft, i, m), row(dy, i, m), tau, row(dx, i, m));
    }
    const auto check = [&](const std::vector<T>& actual, const char* tensor) {
      INFO(tensor);
      CHECK(support::disagreement(actual, c.template values<double>(tensor), kTolerance<T>) == "");
    };
    check(soft, "soft");
    check(hard, "y");
    check(dx, "dx");
  }
}

TEMPLATE_TEST_CASE("The FLOPs loss equals the reference", "[reference]", float, double) {
  using T = TestType;
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, "flops_loss");
  CHECK(!cases.empty());
  for (const auto& c : cases) {
    INFO(c.name);
    const std::vector<T> h = c.template values<T>("h"), cost = c.template values<T>("cost");
    const drnet::FlopsLoss<T> loss{cost, c.attributes.at("alpha").template get<T>()};
    const std::vector<T> value{loss.value(h)};
    std::vector<T> dh(h.size(), T(2));  // half of the gradient is added to what was there
    loss.add_gradient(h, T(0.5), dh);
    for (T& d : dh) d = (d - 2) * 2;
    CHECK(support::disagreement(value, c.template values<double>("y"), kTolerance<T>) == "");
    CHECK(support::disagreement(dh, c.template values<double>("dh"), kTolerance<T>) == "");
  }
}
