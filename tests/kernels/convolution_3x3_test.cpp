// 3 x 3 convolutions with stride 1: extents that the tiles treat differently.
#include <kernels/convolution_check.hpp>

using namespace convolution_check;

TEMPLATE_TEST_CASE("3 x 3 convolution equals naive loops", "[convolution]", float, double) {
  check_convolution<TestType, Window{3, 1, 1}, Shape{16, 14, 14}, 32>();
  check_convolution<TestType, Window{3, 1, 1}, Shape{32, 7, 7}, 48>();
  check_convolution<TestType, Window{3, 1, 1}, Shape{3, 21, 21}, 16>();
  check_convolution<TestType, Window{3, 1, 1}, Shape{20, 6, 6}, 33>();
  check_convolution<TestType, Window{3, 1, 1}, Shape{16, 4, 4}, 64>(3);
  check_convolution<TestType, Window{3, 1, 1}, Shape{64, 2, 2}, 80>(3);
  check_convolution<TestType, Window{3, 1, 1}, Shape{8, 1, 1}, 8>();
}
