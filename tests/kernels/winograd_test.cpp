// Winograd's convolution against naive loops: planes that its tiles divide and planes that they do not,
// several slabs, channels beyond a block; and the input gradient, which is the same with turned weights.
#include <kernels/convolution_check.hpp>
#include <support/policies.hpp>

#include <drnet/kernels/winograd.hpp>

using namespace convolution_check;

namespace {

template <int M, class T, Shape In, int OutChannels>
void check_winograd(Index n = 2) {
  constexpr Window w{3, 1, 1};
  constexpr Shape out{OutChannels, In.height, In.width};
  constexpr ConvChannels channels{.out = OutChannels, .in = In.channels};
  INFO("F(" << M << " x " << M << "), input " << to_string(In) << ", output " << to_string(out));
  const auto x = random_values<T>(static_cast<std::size_t>(n * In.size()), 1),
             dy = random_values<T>(static_cast<std::size_t>(n * out.size()), 2),
             weights = random_values<T>(static_cast<std::size_t>(channels.weights() * 9), 3),
             residual = random_values<T>(dy.size(), 4);
  std::vector<double> want_y(residual.begin(), residual.end()), want_dx(x.size());
  oracle::for_each_product(n, In, OutChannels, w, 1, [&](std::size_t o, std::size_t i, std::size_t k) {
    want_y[o] += double(x[i]) * double(weights[k]);
    want_dx[i] += double(dy[o]) * double(weights[k]);
  });

  FeatureTensor<T, In, 1> tx(n);
  FeatureTensor<T, In, 2> tdx(n);
  FeatureTensor<T, out, 1> ty(n), tdy(n), added(n);
  from_planar(x.data(), tx.view(), n);
  from_planar(dy.data(), tdy.view(), n);
  from_planar(residual.data(), added.view(), n);
  const Serial serial;
  Buffer<T> packed(winograd_size<T, M>(channels)), turned(winograd_size<T, M>(channels.turned()));
  Buffer<T> v(std::max(kWinogradScratch<T, M, In, OutChannels>, kWinogradScratch<T, M, out, In.channels>));
  pack_winograd<M>(serial, weights.data(), channels, packed.data());
  pack_winograd<M, true>(serial, weights.data(), channels.turned(), turned.data());
  winograd_forward<M>(serial, n, std::as_const(tx).view(), std::as_const(packed).data(), ty.view(),
                      accumulator + elements(added.view()), v.data());
  winograd_forward<M>(serial, n, std::as_const(tdy).view(), std::as_const(turned).data(), tdx.view(),
                      accumulator, v.data());
  std::vector<T> y(dy.size()), dx(x.size());
  to_planar(ty.view(), y.data(), n);
  to_planar(tdx.view(), dx.data(), n);
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-13;
  CHECK(error(y, want_y) < tolerance);
  CHECK(error(dx, want_dx) < tolerance);
}

}  // namespace

TEMPLATE_TEST_CASE("Winograd's convolution equals naive loops", "[convolution]", float, double) {
  check_winograd<4, TestType, Shape{16, 8, 8}, 32>();
  check_winograd<4, TestType, Shape{24, 7, 5}, 40>();
  check_winograd<4, TestType, Shape{64, 21, 21}, 16>(1);
  check_winograd<4, TestType, Shape{128, 30, 30}, 16>(1);  // more than one slab
  check_winograd<4, TestType, Shape{16, 1, 1}, 16>();
  check_winograd<2, TestType, Shape{16, 6, 6}, 48>();
  check_winograd<2, TestType, Shape{33, 7, 9}, 20>();
  check_winograd<2, TestType, Shape{64, 3, 3}, 64>(3);
}

namespace {
/// More images than V is kept for, alone (64 channels) or shared (144).
template <Shape In, int OutChannels>
void check_bits() {
  constexpr Index n = 9;
  constexpr Shape out{OutChannels, In.height, In.width};
  constexpr ConvChannels channels{.out = OutChannels, .in = In.channels};
  const auto x = random_values<float>(static_cast<std::size_t>(n * In.size()), 1),
             weights = random_values<float>(static_cast<std::size_t>(channels.weights() * 9), 3);
  FeatureTensor<float, In, 1> tx(n);
  FeatureTensor<float, out, 1> ty(n);
  from_planar(x.data(), tx.view(), n);
  std::vector<float> first;
  auto policies = support::policies();
  policies.emplace_back("std::thread 11", support::ThreadPolicy{11});
  for (const auto& [name, policy] : policies) {
    INFO(name);
    Buffer<float> packed(winograd_size<float, 4>(channels)), v(kWinogradScratch<float, 4, In, OutChannels>);
    pack_winograd<4>(*policy, weights.data(), channels, packed.data());
    winograd_forward<4>(*policy, n, std::as_const(tx).view(), std::as_const(packed).data(), ty.view(),
                        accumulator, v.data());
    std::vector<float> y(static_cast<std::size_t>(n * out.size()));
    to_planar(ty.view(), y.data(), n);
    if (first.empty()) first = y;
    CHECK(y == first);
  }
  // One image by itself.
  Buffer<float> packed(winograd_size<float, 4>(channels)), v(kWinogradScratch<float, 4, In, OutChannels>);
  pack_winograd<4>(Serial{}, weights.data(), channels, packed.data());
  winograd_forward<4>(Serial{}, 1, std::as_const(tx).view().from(n - 1), std::as_const(packed).data(),
                      ty.view(), accumulator, v.data());
  std::vector<float> y(static_cast<std::size_t>(out.size()));
  to_planar(ty.view(), y.data(), 1);
  CHECK(std::equal(y.begin(), y.end(), first.end() - static_cast<std::ptrdiff_t>(y.size())));
}
}  // namespace

TEST_CASE("Winograd's convolution has the same bits for every policy, number of threads and batch",
          "[convolution][threads]") {
  check_bits<Shape{64, 21, 21}, 64>();
  check_bits<Shape{144, 13, 13}, 96>();
}

TEST_CASE("Winograd is chosen where it was measured to be faster", "[convolution]") {
  STATIC_REQUIRE(winograd_tile(56, 56, {.out = 64, .in = 64}) == 4);
  STATIC_REQUIRE(winograd_tile(6, 6, {.out = 64, .in = 64}) == 2);
  STATIC_REQUIRE(winograd_tile(14, 14, {.out = 256, .in = 256}) == 2);
  STATIC_REQUIRE(winograd_tile(7, 7, {.out = 512, .in = 512}) == 0);
  STATIC_REQUIRE(winograd_tile(56, 56, {.out = 64, .in = 3}) == 0);
  STATIC_REQUIRE(winograd_tile(56, 56, {.out = 64, .in = 64, .groups = 2}) == 0);
}
