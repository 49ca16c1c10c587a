// Element-wise expressions on feature maps: what each part computes, and that a user's own function fits in.
#include <support/catch.hpp>

#include <drnet/core/random.hpp>
#include <drnet/tensor/expression.hpp>

#include <cmath>

namespace {

using namespace drnet;

constexpr Shape kShape{19, 3, 5};
constexpr Index kImages = 2;

/// |x| x: a user's own activation, written with the library's packet operations alone.
struct SignedSquare {
  template <class P>
  P operator()(const P& x) const {
    const P magnitude = simd::max(x, simd::sub(simd::zero<P>(), x));
    return simd::mul(magnitude, x);
  }
};

/// Images, a second tensor of the same shape with another halo, and one value per channel.
template <class T>
struct Values {
  FeatureTensor<T, kShape, 1> x{kImages};
  FeatureTensor<T, kShape, 0> other{kImages};
  Buffer<T> channel{round_up(kShape.channels, kLanes<T>)};

  Values() {
    const Random random(11, Purpose::check);
    std::uint32_t draw = 0;
    for (Index n = 0; n < kImages; ++n)
      for (int c = 0; c < kShape.channels; ++c) {
        channel[c] = random.uniform<T>(draw++, T(-2), T(2));
        for (int y = 0; y < kShape.height; ++y)
          for (int i = 0; i < kShape.width; ++i) {
            x.view().at(n, c, y, i) = random.uniform<T>(draw++, T(-2), T(2));
            other.view().at(n, c, y, i) = random.uniform<T>(draw++, T(-2), T(2));
          }
      }
  }
};

/// Checks x = e, in place, against scalar(x, other, channel) for every element.
template <class T, Expression E, class F>
void check_expression(Values<T>& v, const E& e, const F& scalar) {
  const FeatureTensor<T, kShape, 1> before = v.x;
  for (Index n = 0; n < kImages; ++n)
    for (int b = 0; b < v.x.view().kBlocks; ++b) assign_plane(v.x.view(), n, b, e);
  for (Index n = 0; n < kImages; ++n)
    for (int c = 0; c < kShape.channels; ++c)
      for (int y = 0; y < kShape.height; ++y)
        for (int i = 0; i < kShape.width; ++i) {
          const double expected =
              scalar(static_cast<double>(before.view().at(n, c, y, i)),
                     static_cast<double>(v.other.view().at(n, c, y, i)), static_cast<double>(v.channel[c]));
          REQUIRE(
              static_cast<double>(v.x.view().at(n, c, y, i)) ==
              Approx(expected).epsilon(sizeof(T) == 4 ? 1e-6 : 1e-14).margin(sizeof(T) == 4 ? 1e-6 : 1e-14));
        }
}

}  // namespace

TEMPLATE_TEST_CASE("Expressions compute what they say", "[expression]", float, double) {
  using T = TestType;
  Values<T> v;
  const auto x = accumulator;
  const auto other = elements(v.other.view());
  const auto channel = per_channel(static_cast<const T*>(v.channel.data()));
  SECTION("the accumulator") {
    check_expression(v, x, [](double a, double, double) { return a; });
  }
  SECTION("elements of another tensor") {
    check_expression(v, other, [](double, double o, double) { return o; });
  }
  SECTION("sum, difference and product") {
    check_expression(v, x * channel + other - x, [](double a, double o, double c) { return a * c + o - a; });
  }
  SECTION("multiply_add") {
    check_expression(v, multiply_add(x, channel, other),
                     [](double a, double o, double c) { return a * c + o; });
  }
  SECTION("relu") {
    check_expression(v, relu(x + other), [](double a, double o, double) { return std::max(a + o, 0.0); });
  }
  SECTION("clamp") {
    check_expression(v, clamp(x, T(-0.5), T(1.25)),
                     [](double a, double, double) { return std::clamp(a, -0.5, 1.25); });
  }
  SECTION("a user's function of one argument") {
    check_expression(v, map(SignedSquare{}, x + channel),
                     [](double a, double, double c) { return std::abs(a + c) * (a + c); });
  }
  SECTION("a user's function of three arguments, a lambda") {
    const auto largest = [](const auto& a, const auto& b, const auto& c) {
      return simd::max(simd::max(a, b), c);
    };
    check_expression(v, map(largest, x, other, channel), [](double a, double o, double c) {
      return std::max({a, o, c});
    });
  }
}

TEMPLATE_TEST_CASE("An expression is substituted for the accumulator of another", "[expression]", float,
                   double) {
  using T = TestType;
  Values<T> v;
  const auto channel = per_channel(static_cast<const T*>(v.channel.data()));
  const auto outer = relu(accumulator + elements(v.other.view()));
  SECTION("both are more than the accumulator") {
    check_expression(v, substitute(outer, accumulator * channel),
                     [](double a, double o, double c) { return std::max(a * c + o, 0.0); });
  }
  SECTION("an outer expression that uses the accumulator twice") {
    check_expression(v, substitute(accumulator * accumulator, accumulator - channel),
                     [](double a, double, double c) { return (a - c) * (a - c); });
  }
  SECTION("the accumulator itself changes nothing") {
    const auto same = [](const auto& a, const auto& b) { return std::is_same_v<decltype(a), decltype(b)>; };
    CHECK(same(substitute(outer, accumulator), outer));
    CHECK(same(substitute(accumulator, outer), outer));
    check_expression(v, substitute(outer, accumulator),
                     [](double a, double o, double) { return std::max(a + o, 0.0); });
  }
}

TEST_CASE("An assignment leaves other planes and the halo alone", "[expression]") {
  Values<float> v;
  const FeatureTensor<float, kShape, 1> before = v.x;
  const auto map_of = v.x.view();
  assign_plane(map_of, 1, 0, accumulator - accumulator);
  const Index plane = map_of.kPlaneStride, begin = map_of.kImageStride, size = kImages * map_of.kImageStride;
  CHECK(std::equal(map_of.data(), map_of.data() + begin, before.view().data()));
  CHECK(
      std::equal(map_of.data() + begin + plane, map_of.data() + size, before.view().data() + begin + plane));
  CHECK(std::all_of(map_of.data() + begin, map_of.data() + begin + plane, [](float f) { return f == 0; }));
}
