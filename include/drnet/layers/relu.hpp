// Rectifiers: ReLU, y = max(x, 0), and ReLU6, y = min(max(x, 0), 6) (Krizhevsky, 2010; MobileNetV2). Their
// derivatives need only the result.
#pragma once

#include <drnet/layers/activation.hpp>

namespace drnet::inline DRNET_ISA {

/// dx = dy where y > 0.
struct ReLU : ResultActivation<ReLU> {
  static constexpr std::string_view kName = "ReLU";
  template <class P>
  [[gnu::always_inline]] static P value(const P& x) {
    return simd::max(x, simd::zero<P>());
  }
  template <class P>
  [[gnu::always_inline]] static P gradient(const P& y, const P& dy) {
    return simd::where_positive(y, dy);
  }
};

/// dx = dy where 0 < y < 6.
struct ReLU6 : ResultActivation<ReLU6> {
  static constexpr std::string_view kName = "ReLU6";
  template <class P>
  [[gnu::always_inline]] static P value(const P& x) {
    return simd::min(simd::max(x, simd::zero<P>()), simd::constant<P>(6));
  }
  template <class P>
  [[gnu::always_inline]] static P gradient(const P& y, const P& dy) {
    return simd::where_positive(y, simd::where_less(y, simd::constant<P>(6), dy));
  }
};

}  // namespace drnet::inline DRNET_ISA
