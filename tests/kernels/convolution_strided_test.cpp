// Strides above 1, unpadded windows, other kernels.
#include <kernels/convolution_check.hpp>

using namespace convolution_check;

TEMPLATE_TEST_CASE("Strided and unpadded convolutions equal naive loops", "[convolution]", float, double) {
  check_convolution<TestType, Window{3, 2, 1}, Shape{16, 28, 28}, 32>();
  check_convolution<TestType, Window{3, 2, 1}, Shape{16, 11, 11}, 40>();
  check_convolution<TestType, Window{3, 2, 1}, Shape{16, 1, 1}, 16>();
  check_convolution<TestType, Window{3, 1, 0}, Shape{4, 8, 9}, 6>();
  check_convolution<TestType, Window{3, 3, 0}, Shape{5, 10, 11}, 6>();
  check_convolution<TestType, Window{2, 2, 0}, Shape{5, 9, 8}, 6>();
  check_convolution<TestType, Window{7, 2, 3}, Shape{3, 30, 30}, 64>();
  check_convolution<TestType, Window{5, 1, 2}, Shape{7, 13, 11}, 9>();
  check_convolution<TestType, Window{5, 3, 1}, Shape{7, 13, 11}, 9>();
}
