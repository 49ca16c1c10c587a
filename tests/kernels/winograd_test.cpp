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
  Buffer<T> v(std::max(winograd_scratch<T, M, In, OutChannels>(n, 1),
                       winograd_scratch<T, M, out, In.channels>(n, 1)));
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
/// Nine images and the last one by itself, on every policy: with a V for each thread, or shared.
template <int M, Shape In, int OutChannels>
void check_bits() {
  constexpr Index n = 9;
  constexpr Shape out{OutChannels, In.height, In.width};
  constexpr ConvChannels channels{.out = OutChannels, .in = In.channels};
  const auto x = random_values<float>(static_cast<std::size_t>(n * In.size()), 1),
             weights = random_values<float>(static_cast<std::size_t>(channels.weights() * 9), 3);
  FeatureTensor<float, In, 1> tx(n);
  from_planar(x.data(), tx.view(), n);
  const auto run = [&](const ExecutionPolicy& policy, Index first) {
    const Index count = n - first;
    FeatureTensor<float, out, 1> ty(count);
    Buffer<float> packed(winograd_size<float, M>(channels)),
        v(winograd_scratch<float, M, In, OutChannels>(count, policy.threads()));
    pack_winograd<M>(policy, weights.data(), channels, packed.data());
    winograd_forward<M>(policy, count, std::as_const(tx).view().from(first), std::as_const(packed).data(),
                        ty.view(), accumulator, v.data());
    std::vector<float> y(static_cast<std::size_t>(count * out.size()));
    to_planar(ty.view(), y.data(), count);
    return y;
  };
  const auto want = run(Serial{}, 0);
  auto policies = support::policies();
  policies.emplace_back("std::thread 11", support::ThreadPolicy{11});
  for (const auto& [name, policy] : policies) {
    INFO(name);
    CHECK(run(*policy, 0) == want);
    const auto last = run(*policy, n - 1);
    CHECK(std::equal(last.begin(), last.end(), want.end() - out.size()));
  }
}
}  // namespace

TEST_CASE("Winograd's convolution has the same bits for every policy, number of threads and batch",
          "[convolution][threads]") {
  check_bits<4, Shape{64, 21, 21}, 64>();
  check_bits<4, Shape{144, 13, 13}, 96>();
  check_bits<2, Shape{144, 7, 7}, 96>();
}

TEST_CASE("Winograd is chosen where it was measured to be faster", "[convolution]") {
  STATIC_REQUIRE(winograd_tile(56, 56, {.out = 64, .in = 64}) == 4);
  STATIC_REQUIRE(winograd_tile(6, 6, {.out = 64, .in = 64}) == 2);
  STATIC_REQUIRE(winograd_tile(14, 14, {.out = 256, .in = 256}) == 2);
  STATIC_REQUIRE(winograd_tile(28, 28, {.out = 128, .in = 128}) == 4);
  STATIC_REQUIRE(winograd_tile(14, 14, {.out = 128, .in = 128}) == 2);
  STATIC_REQUIRE(winograd_tile(7, 7, {.out = 256, .in = 256}) == 0);
  STATIC_REQUIRE(winograd_tile(7, 7, {.out = 512, .in = 512}) == 0);
  STATIC_REQUIRE(winograd_tile(56, 56, {.out = 64, .in = 3}) == 0);
  STATIC_REQUIRE(winograd_tile(56, 56, {.out = 64, .in = 64, .groups = 2}) == 0);
}
