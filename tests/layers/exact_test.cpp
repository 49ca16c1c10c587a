// DRNET_EXACT and ConvOptions::exact: no Winograd.
#define DRNET_EXACT
#include <support/catch.hpp>

#include <drnet/layers/conv2d.hpp>

using namespace drnet;

TEST_CASE("without Winograd only the packed weights are prepared", "[convolution]") {
  constexpr Shape in{64, 14, 14};
  using Default = Conv2d<ConvOptions{.out = 64, .kernel = 3}>;
  using Either = Conv2d<ConvOptions{.out = 64, .kernel = 3, .exact = false}>;
  STATIC_REQUIRE(kExactConvolutions);
  STATIC_REQUIRE(Default::winograd<float>(in) == 0);
  STATIC_REQUIRE(Default::prepared<float>(in, 1) == 64 * 64 * 9);
  STATIC_REQUIRE(Either::winograd<float>(in) == (kLanes<float> > 1 ? 4 : 0));
}
