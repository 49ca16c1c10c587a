// The SIMD layer against plain loops over its lanes.
#include <drnet/core/simd.hpp>

#include <support/catch.hpp>

#include <array>
#include <cmath>

using namespace drnet;

namespace {

template <class T>
using Lanes = std::array<T, static_cast<std::size_t>(kLanes<T>)>;

template <class T>
Lanes<T> lanes(const simd::Packet<T>& packet) {
  Lanes<T> values;
  simd::store<T>(values.data(), packet);
  return values;
}

template <class T>
Lanes<T> counted(T first) {
  Lanes<T> values;
  for (T& v : values) v = first++;
  return values;
}

}  // namespace

TEMPLATE_TEST_CASE("Packets compute lane by lane", "", float, double) {
  using T = TestType;
  const Lanes<T> a = counted<T>(-3), b = counted<T>(2);
  const auto x = simd::load<T>(a.data()), y = simd::load<T>(b.data());
  const Lanes<T> sum = lanes<T>(simd::add(x, y)), difference = lanes<T>(simd::sub(x, y)),
                 product = lanes<T>(simd::mul(x, y)), fused = lanes<T>(simd::fma(x, y, y)),
                 largest = lanes<T>(simd::max(x, simd::broadcast<T>(1))),
                 smallest = lanes<T>(simd::min(x, simd::broadcast<T>(1))),
                 gated = lanes<T>(simd::where_positive(x, y));
  T total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(sum[i] == a[i] + b[i]);
    CHECK(difference[i] == a[i] - b[i]);
    CHECK(product[i] == a[i] * b[i]);
    CHECK(fused[i] == a[i] * b[i] + b[i]);
    CHECK(largest[i] == std::max(a[i], T(1)));
    CHECK(smallest[i] == std::min(a[i], T(1)));
    CHECK(gated[i] == (a[i] > 0 ? b[i] : T(0)));
    total += a[i];
  }
  CHECK(simd::reduce_add<T>(x) == total);
  CHECK(lanes<T>(simd::zero<simd::Packet<T>>()) == Lanes<T>{});
}

TEMPLATE_TEST_CASE("exp is right to two units in the last place", "", float, double) {
  using T = TestType;
  const double low = sizeof(T) == 4 ? -87.3 : -708.3, high = sizeof(T) == 4 ? 88.0 : 709.0;
  double worst = 0;
  for (int i = 0; i <= 100'000; ++i) {
    const T a = static_cast<T>(low + (high - low) * i / 100'000);
    const T got = lanes<T>(simd::exp(simd::broadcast<T>(a)))[0];
    const long double want = std::exp(static_cast<long double>(a));
    const T unit =
        std::nextafter(static_cast<T>(want), std::numeric_limits<T>::infinity()) - static_cast<T>(want);
    worst = std::max(worst, std::abs(static_cast<double>((static_cast<long double>(got) - want) /
                                                         static_cast<long double>(unit))));
  }
  CHECK(worst < 2);
  CHECK(lanes<T>(simd::exp(simd::broadcast<T>(T(-1e6))))[0] > 0);
  CHECK(std::isfinite(lanes<T>(simd::exp(simd::broadcast<T>(T(1e6))))[0]));
}

TEMPLATE_TEST_CASE("A square of packets is transposed", "", float, double) {
  using T = TestType;
  constexpr int n = kLanes<T>;
  simd::Packet<T> rows[n];
  for (int i = 0; i < n; ++i) rows[i] = simd::load<T>(counted<T>(static_cast<T>(100 * i)).data());
  simd::transpose<T>(rows);
  for (int i = 0; i < n; ++i) {
    const Lanes<T> row = lanes<T>(rows[i]);
    for (int lane = 0; lane < n; ++lane)
      CHECK(row[static_cast<std::size_t>(lane)] == static_cast<T>(100 * lane + i));
  }
}

TEST_CASE("unroll calls with every index in order") {
  int digits = 0;
  unroll<4>([&](auto i) {
    static_assert(i < 4);
    digits = digits * 10 + i;
  });
  CHECK(digits == 123);
}
