// A fused epilogue of one's own: what a convolution stores is an expression of its accumulator, so a function
// written here costs no pass over memory. (On packets: the same source is SIMD for every instruction set.)
#include <drnet/drnet.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace drnet;

// x / (1 + |x|), which the library does not have.
struct Softsign {
  template <class P>
  P operator()(const P& x) const {
    const P magnitude = simd::max(x, simd::sub(simd::zero<P>(), x));
    return simd::div(x, simd::add(simd::constant<P>(1), magnitude));
  }
};

using Conv = Conv2d<ConvOptions{.out = 24, .kernel = 3}>;
constexpr Shape kIn{3, 9, 9}, kOut = Conv::output(kIn);

int main() {
  const Network<Conv> network(/*seed=*/1);
  Buffer<float> weights(Conv::prepared<float>(kIn, 1)), memory(Conv::arena<float, kIn>(1, 1));
  Conv::prepare(kIn, 1, network.parameters().data(), network.statistics().data(), weights.data());

  FeatureTensor<float, kIn, Conv::input_halo(kIn)> x(1);
  const Random random(1, Purpose::check);
  for (int i = 0; i < kIn.size(); ++i)
    x.view().at(0, i / 81, i / 9 % 9, i % 9) = random.uniform(static_cast<std::uint32_t>(i), -4.0F, 4.0F);

  FeatureTensor<float, kOut> plain(1), fused(1);
  const Serial serial;
  const Pass pass{.policy = serial, .n = 1, .capacity = 1};
  const auto in = std::as_const(x).view();
  const float* const packed = weights.data();
  run_infer<Conv>(pass, in, plain.view(), accumulator, packed, memory.data());
  run_infer<Conv>(pass, in, fused.view(), map(Softsign{}, accumulator), packed, memory.data());

  float difference = 0;
  for (int c = 0; c < kOut.channels; ++c)
    for (int y = 0; y < kOut.height; ++y)
      for (int q = 0; q < kOut.width; ++q) {
        const float v = plain.view().at(0, c, y, q);
        const float expected = v / (1 + std::abs(v));
        difference = std::max(difference, std::abs(fused.view().at(0, c, y, q) - expected));
      }
  std::printf("largest difference to the function applied afterwards: %g\n", static_cast<double>(difference));
  return difference < 1e-5F ? 0 : 1;
}
