// SiLU, also called swish (Hendrycks and Gimpel, 2016; Ramachandran et al., 2017): y = x s = x / (1 + e^-x),
// s = sigmoid(x). It is not monotone, so its derivative needs the input: dx = dy (s + y (1 - s)).
#pragma once

#include <drnet/layers/activation.hpp>

namespace drnet::inline DRNET_ISA {

struct SiLU : InputActivation<SiLU> {
  static constexpr std::string_view kName = "SiLU";
  template <class P>
  [[gnu::always_inline]] static P value(const P& x) {
    const P one = simd::constant<P>(1);
    return simd::div(x, simd::add(one, simd::exp(simd::sub(simd::zero<P>(), x))));
  }
  template <class P>
  [[gnu::always_inline]] static P gradient(const P& x, const P& dy) {
    const P s = simd::sigmoid(x);
    return simd::mul(dy, simd::fma(simd::mul(x, s), simd::sub(simd::constant<P>(1), s), s));
  }
};

}  // namespace drnet::inline DRNET_ISA
