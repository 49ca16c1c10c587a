// Grouped and depthwise convolutions.
#include <kernels/convolution_check.hpp>
#include <support/policies.hpp>

using namespace convolution_check;

// Whole groups fill blocks of 16 lanes; where they cannot, all of them are one bundle.
static_assert(ConvChannels{.out = 128, .in = 128, .groups = 32}.bundles(16) == 8);
static_assert(ConvChannels{.out = 1024, .in = 1024, .groups = 32}.bundles(16) == 32);
static_assert(ConvChannels{.out = 24, .in = 48, .groups = 3}.bundles(16) == 1);
static_assert(ConvChannels{.out = 24, .in = 48, .groups = 3}.bundles(1) == 3);

TEMPLATE_TEST_CASE("Grouped convolution equals naive loops", "[convolution]", float, double) {
  check_convolution<TestType, Window{3, 1, 1}, Shape{64, 9, 9}, 64, 16>();   // several groups in a block
  check_convolution<TestType, Window{3, 2, 1}, Shape{64, 11, 9}, 128, 2>();  // several blocks in a group
  check_convolution<TestType, Window{3, 1, 1}, Shape{30, 6, 5}, 20, 5>();    // groups that fill no block
  check_convolution<TestType, Window{1, 1, 0}, Shape{96, 7, 7}, 48, 3>(5);
  check_convolution<TestType, Window{5, 2, 2}, Shape{8, 9, 9}, 24, 8>();  // three filters a channel
}

TEMPLATE_TEST_CASE("Depthwise convolution equals naive loops", "[depthwise]", float, double) {
  check_convolution<TestType, Window{3, 1, 1}, Shape{24, 14, 14}, 24, 24>();
  check_convolution<TestType, Window{3, 2, 1}, Shape{24, 21, 21}, 24, 24>();
  check_convolution<TestType, Window{5, 2, 2}, Shape{20, 14, 14}, 20, 20>();
  check_convolution<TestType, Window{5, 1, 2}, Shape{40, 7, 28}, 40, 40>();
  check_convolution<TestType, Window{3, 1, 0}, Shape{7, 5, 4}, 7, 7>();
}

namespace {
template <Shape In>
void check_bits_of_depthwise(Index n) {
  constexpr Window w{3, 1, 1};
  const auto x = random_values<float>(static_cast<std::size_t>(n * In.size()), 1),
             weights = random_values<float>(static_cast<std::size_t>(In.channels * 9), 2);
  FeatureTensor<float, In, 1> tx(n);
  from_planar(x.data(), tx.view(), n);
  Buffer<float> packed(round_up(In.channels, kLanes<float>) * 9);
  pack_depthwise(weights.data(), In.channels, w.kernel, packed.data());
  const auto run = [&](const ExecutionPolicy& policy) {
    FeatureTensor<float, In, 0> ty(n);
    depthwise_forward<w>(policy, n, std::as_const(tx).view(), std::as_const(packed).data(), ty.view(),
                         accumulator);
    std::vector<float> y(x.size());
    to_planar(ty.view(), y.data(), n);
    return y;
  };
  const auto want = run(Serial{});
  for (const auto& [name, policy] : support::policies()) {
    INFO(name << ", " << n << " images of " << to_string(In));
    CHECK(run(*policy) == want);
  }
}
}  // namespace

// A single image is cut by rows, or by channels where these are many.
TEST_CASE("Depthwise convolution has the same bits for every policy and number of threads",
          "[depthwise][threads]") {
  check_bits_of_depthwise<Shape{40, 7, 9}>(1);
  check_bits_of_depthwise<Shape{40, 19, 5}>(1);
  check_bits_of_depthwise<Shape{640, 4, 4}>(1);
  check_bits_of_depthwise<Shape{40, 7, 9}>(16);
}
