// y = 1 / (1 + e^-x). Its derivative needs only the result: dx = dy y (1 - y).
#pragma once

#include <drnet/layers/activation.hpp>

namespace drnet::inline DRNET_ISA {

struct Sigmoid : ResultActivation<Sigmoid, Zero::moves> {
  static constexpr std::string_view kName = "Sigmoid";
  template <class P>
  [[gnu::always_inline]] static P value(const P& x) {
    return simd::sigmoid(x);
  }
  template <class P>
  [[gnu::always_inline]] static P gradient(const P& y, const P& dy) {
    return simd::mul(dy, simd::mul(y, simd::sub(simd::constant<P>(1), y)));
  }
};

}  // namespace drnet::inline DRNET_ISA
