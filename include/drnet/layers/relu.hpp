// y = max(x, 0). Its derivative needs only the result: dx = dy where y > 0.
#pragma once

#include <drnet/layers/layer.hpp>

namespace drnet::inline DRNET_ISA {

/// Rectified linear unit: fused into the layer before it where that layer can, else one pass of its own.
struct ReLU : PlainLayer {
  static constexpr std::string_view kName = "ReLU";
  static constexpr Shape output(Shape in) { return in; }

  struct Gate {
    static constexpr bool kOpen = false;
    template <class P>
    [[gnu::always_inline]] P operator()(const P& y, const P& dy) const {
      return simd::where_positive(y, dy);
    }
  };
  static constexpr Gate gate() { return {}; }
  template <Expression E>
  static auto apply(E e) {
    return relu(e);
  }
  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T*) {
    return relu(e);
  }

  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, relu(elements(x)));
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>) assign(pass, dx, map(gate(), elements(y), elements(dy)));
  }
};

}  // namespace drnet::inline DRNET_ISA
