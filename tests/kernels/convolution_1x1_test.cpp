// 1 x 1 convolutions.
#include <kernels/convolution_check.hpp>

using namespace convolution_check;

TEMPLATE_TEST_CASE("1 x 1 convolution equals naive loops", "[convolution]", float, double) {
  check_convolution<TestType, Window{1, 1, 0}, Shape{64, 14, 14}, 64>();
  check_convolution<TestType, Window{1, 1, 0}, Shape{300, 7, 7}, 96>(5);
  check_convolution<TestType, Window{1, 1, 0}, Shape{130, 5, 5}, 170>(1);
  check_convolution<TestType, Window{1, 1, 0}, Shape{130, 5, 5}, 170>(3);
  check_convolution<TestType, Window{1, 1, 0}, Shape{48, 2, 3}, 370>();
  check_convolution<TestType, Window{1, 2, 0}, Shape{32, 21, 21}, 64>();
  check_convolution<TestType, Window{1, 2, 0}, Shape{24, 6, 6}, 40>();
}
