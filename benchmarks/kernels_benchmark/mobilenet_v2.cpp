// Convolutions of MobileNetV2 at 224, whose channels do not always fill blocks: widening and narrowing ones.
#include <kernels_benchmark/convolution.hpp>

namespace kernels_benchmark {
namespace {

[[maybe_unused]] const bool kAdded = [] {
  constexpr Window k1{1, 1, 0}, stem{3, 2, 1};
  add_convolution<stem, Shape{3, 224, 224}, 32>();
  add_convolution<k1, Shape{16, 112, 112}, 96>();
  add_convolution<k1, Shape{24, 56, 56}, 144>();
  add_convolution<k1, Shape{144, 56, 56}, 24>();
  add_convolution<k1, Shape{64, 14, 14}, 384>();
  add_convolution<k1, Shape{576, 14, 14}, 96>();
  add_convolution<k1, Shape{320, 7, 7}, 1280>();
  return true;
}();

}  // namespace
}  // namespace kernels_benchmark
