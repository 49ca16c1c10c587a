// Convolutions of ResNet-50 at 224: the stem and, of each stage, what most of its time goes to.
#include <kernels_benchmark/convolution.hpp>

namespace kernels_benchmark {
namespace {

[[maybe_unused]] const bool kAdded = [] {
  constexpr Window k1{1, 1, 0}, k3{3, 1, 1}, k3s2{3, 2, 1}, stem{7, 2, 3};
  add_convolution<stem, Shape{3, 224, 224}, 64>();
  add_convolution<k3, Shape{64, 56, 56}, 64>();
  add_convolution<k1, Shape{64, 56, 56}, 256>();
  add_convolution<k1, Shape{256, 56, 56}, 64>();
  add_convolution<k3s2, Shape{128, 56, 56}, 128>();
  add_convolution<k3, Shape{128, 28, 28}, 128>();
  add_convolution<k3, Shape{256, 14, 14}, 256>();
  add_convolution<k1, Shape{1024, 14, 14}, 256>();
  add_convolution<k3, Shape{512, 7, 7}, 512>();
  add_convolution<k1, Shape{512, 7, 7}, 2048>();
  return true;
}();

}  // namespace
}  // namespace kernels_benchmark
