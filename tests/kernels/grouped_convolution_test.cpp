// Grouped and depthwise convolutions.
#include <kernels/convolution_check.hpp>

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
