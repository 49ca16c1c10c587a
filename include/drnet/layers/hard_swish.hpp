// Hard swish (Howard et al., MobileNetV3, 2019): y = x min(max(x + 3, 0), 6) / 6. Like SiLU it is not
// monotone; its derivative is 0 up to -3, x / 3 + 1/2 up to 3, and 1 above.
#pragma once

#include <drnet/layers/activation.hpp>

namespace drnet::inline DRNET_ISA {

struct HardSwish : InputActivation<HardSwish> {
  static constexpr std::string_view kName = "HardSwish";
  template <class P>
  [[gnu::always_inline]] static P value(const P& x) {
    const P gate =
        simd::min(simd::max(simd::add(x, simd::constant<P>(3)), simd::zero<P>()), simd::constant<P>(6));
    return simd::div(simd::mul(x, gate), simd::constant<P>(6));
  }
  template <class P>
  [[gnu::always_inline]] static P gradient(const P& x, const P& dy) {
    const P three = simd::constant<P>(3);
    const P inner = simd::mul(dy, simd::fma(x, simd::constant<P>(1.0 / 3), simd::constant<P>(0.5)));
    const P upper = simd::where_less(three, x, simd::sub(dy, inner));  // what is missing above 3
    return simd::where_less(simd::constant<P>(-3), x, simd::add(inner, upper));
  }
};

}  // namespace drnet::inline DRNET_ISA
