// Bilinear resize against PyTorch's values and against its own defining properties.
#include <drnet/kernels/resize.hpp>

#include <support/catch.hpp>
#include <support/reference.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace {

using drnet::Resampling;
constexpr Resampling kAll[] = {Resampling::antialiased, Resampling::bilinear, Resampling::asymmetric};

std::vector<float> ramp(std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>((i * 7919) % 101) / 50.0F - 1.0F;
  return values;
}

}  // namespace

TEMPLATE_TEST_CASE("resize agrees with PyTorch's reference values", "[resize]", float, double) {
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, "resize_bilinear");
  CHECK(!cases.empty());
  for (const auto& c : cases) {
    INFO(c.name);
    const auto in = c.shape("x"), out = c.shape("y");
    const auto side = [](std::int64_t extent) { return static_cast<int>(extent); };
    const auto x = c.template values<TestType>("x");
    const bool antialias = c.attributes.at("antialias").template get<bool>();
    const auto y =
        drnet::resize<TestType>(x, side(in[0] * in[1]), side(in[2]), side(in[3]), side(out[2]), side(out[3]),
                                antialias ? Resampling::antialiased : Resampling::bilinear);
    CHECK(support::disagreement(y, c.template values<TestType>("y"), sizeof(TestType) == 4 ? 1e-5 : 1e-6) ==
          "");
  }
}

TEST_CASE("the taps of every output lie inside the input and add up to one", "[resize]") {
  for (const Resampling resampling : kAll)
    for (int in = 1; in <= 40; ++in)
      for (int out = 1; out <= 40; ++out) {
        const drnet::ResizeAxis<double> axis(in, out, resampling);
        INFO(in << " -> " << out);
        for (int i = 0; i < out; ++i) {
          REQUIRE(axis.first(i) >= 0);
          REQUIRE(axis.first(i) + axis.taps() <= in);
          REQUIRE(std::accumulate(axis.weights(i), axis.weights(i) + axis.taps(), 0.0) ==
                  Approx(1.0).epsilon(1e-14));
        }
      }
}

TEST_CASE("a resize to the same size copies every bit", "[resize]") {
  auto in = ramp(2 * 5 * 7);
  in[3] = -0.0F;
  in[4] = std::numeric_limits<float>::infinity();
  for (const Resampling resampling : kAll) {
    const auto out = drnet::resize<float>(in, 2, 5, 7, 5, 7, resampling);
    CHECK(out == in);
    CHECK(std::signbit(out[3]));
  }
}

TEST_CASE("halving with antialias weighs 1 3 3 1", "[resize]") {
  std::vector<double> in(8, 0.0);
  in[3] = 1.0;
  const auto out = drnet::resize<double>(in, 1, 1, 8, 1, 4);
  CHECK(out[0] == Approx(0.0));
  CHECK(out[1] == Approx(3.0 / 8));
  CHECK(out[2] == Approx(1.0 / 8));
  CHECK(out[3] == Approx(0.0));
}

TEST_CASE("asymmetric: output i reads the source point i in / out", "[resize]") {
  std::vector<double> x(9);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>((i * i) % 7);
  for (const int out : {1, 2, 3, 4, 6, 8, 10, 13, 27}) {
    const auto y = drnet::resize<double>(x, 1, 1, 9, 1, out, Resampling::asymmetric);
    const auto column = drnet::resize<double>(x, 1, 9, 1, out, 1, Resampling::asymmetric);
    CHECK(column == y);
    for (int i = 0; i < out; ++i) {
      INFO(out << " outputs, " << i);
      const double source = i * (9.0 / out);
      const auto left = static_cast<std::size_t>(source + 1e-12), right = std::min<std::size_t>(left + 1, 8);
      const double t = source - static_cast<double>(left);
      CHECK(y[static_cast<std::size_t>(i)] == Approx((1 - t) * x[left] + t * x[right]).margin(1e-12));
    }
  }
  // 224 -> 112: every second pixel as it is, where half-pixel centres give the mean of two.
  const std::vector<double> four{1, 2, 4, 8};
  CHECK(drnet::resize<double>(four, 1, 1, 4, 1, 2, Resampling::asymmetric) == std::vector<double>{1, 4});
  CHECK(drnet::resize<double>(four, 1, 1, 4, 1, 2, Resampling::bilinear) == std::vector<double>{1.5, 6});
}

TEST_CASE("an axis at a time: height and width are not mixed up", "[resize]") {
  const auto in = ramp(3 * 12 * 20);
  const auto tall = drnet::resize<float>(in, 3, 12, 20, 6, 20);
  const auto both = drnet::resize<float>(tall, 3, 6, 20, 6, 9);
  const auto once = drnet::resize<float>(in, 3, 12, 20, 6, 9);
  REQUIRE(once.size() == both.size());
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(once[i] == Approx(both[i]).margin(1e-6));
}

TEST_CASE("extreme sizes", "[resize]") {
  const std::vector<float> dot{0.25F};
  CHECK(drnet::resize<float>(dot, 1, 1, 1, 5, 3) == std::vector<float>(15, 0.25F));
  const std::vector<float> column(20000, 0.5F);
  for (const float v : drnet::resize<float>(column, 1, 20000, 1, 32, 32)) CHECK(v == Approx(0.5F));
  for (const float v : drnet::resize<float>(column, 1, 1, 20000, 1, 1)) CHECK(v == Approx(0.5F));
  CHECK(drnet::resize<float>(dot, 1, 1, 1, 20000, 1).size() == 20000);
}

TEST_CASE("a plane's result does not depend on its neighbours", "[resize]") {
  const auto in = ramp(4 * 9 * 11);
  const auto all = drnet::resize<float>(in, 4, 9, 11, 6, 5);
  const auto last = drnet::resize<float>(std::span(in).subspan(3 * 99), 1, 9, 11, 6, 5);
  CHECK(std::vector<float>(all.begin() + 90, all.end()) == last);
}

TEST_CASE("bad sizes are errors that name the argument", "[resize]") {
  CHECK_THROWS_AS(drnet::Resize<float>(0, 4, 4, 4), drnet::Error);
  CHECK_THROWS_AS(drnet::Resize<float>(4, -1, 4, 4), drnet::Error);
  CHECK_THROWS_AS(drnet::Resize<float>(4, 4, 4, 0), drnet::Error);
  CHECK_THROWS_AS(drnet::Resize<float>(4, 4, std::numeric_limits<int>::max(), 4), drnet::Error);
  try {
    drnet::Resize<float>(4, 4, 0, 4);
    FAIL("no error");
  } catch (const drnet::Error& e) {
    CHECK(e.place() == "Resize: output height");
    CHECK(e.got() == "0");
  }
  float sample = 0, result = 0, scratch[1];
  CHECK_THROWS_AS(drnet::Resize<float>(1, 1, 1, 1)(&sample, &result, -1, scratch), drnet::Error);
  const std::vector<float> short_input(15);
  CHECK_THROWS_AS(drnet::resize<float>(short_input, 1, 4, 4, 2, 2), drnet::Error);
  CHECK_THROWS_AS(drnet::resize<float>(short_input, 0, 4, 4, 2, 2), drnet::Error);
}
