// Activations: element-wise functions without parameters, y = value(x). A layer derives from one of two
// templates, by what its derivative needs:
//
//   ResultActivation   dx = gradient(y, dy): fused into the layer before it, x is never stored
//   InputActivation    dx = gradient(x, dy): a pass of its own in training
//
// At inference both are part of the epilogue of the layer before them. A function with value(0) other than 0
// (Zero::moves) would spoil the lanes beyond the last channel there: it is a pass of its own.
#pragma once

#include <drnet/layers/layer.hpp>

namespace drnet::inline DRNET_ISA {

/// What value() makes of 0.
enum class Zero { stays, moves };

/// What both kinds share; Self has value().
template <class Self, Zero Z>
struct ElementWise : PlainLayer {
  static constexpr Shape output(Shape in) { return in; }

  struct Value {
    template <class P>
    [[gnu::always_inline]] P operator()(const P& x) const {
      return Self::value(x);
    }
  };
  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T*) requires(Z == Zero::stays) {
    return map(Value{}, e);
  }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, map(Value{}, elements(x)));
    if constexpr (Z == Zero::moves) zero_spare_lanes(y, pass.n);
  }
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T*, T*) {
    forward(pass, x, y, State<T>{});
  }

  /// gradient(from, dy), where `from` is y or x.
  struct Gradient {
    static constexpr bool kOpen = false;
    template <class P>
    [[gnu::always_inline]] P operator()(const P& from, const P& dy) const {
      return Self::gradient(from, dy);
    }
  };
};

/// An activation whose derivative is a function of its result.
template <class Self, Zero Z = Zero::stays>
struct ResultActivation : ElementWise<Self, Z> {
  using Gate = typename ElementWise<Self, Z>::Gradient;
  static constexpr Gate gate() { return {}; }
  template <Expression E>
  static auto apply(E e) requires(Z == Zero::stays) {
    return map(typename ElementWise<Self, Z>::Value{}, e);
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>) assign(pass, dx, map(gate(), elements(y), elements(dy)));
  }
};

/// An activation whose derivative is a function of its input.
template <class Self, Zero Z = Zero::stays>
struct InputActivation : ElementWise<Self, Z> {
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X x, Y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>)
      assign(pass, dx, map(typename ElementWise<Self, Z>::Gradient{}, elements(x), elements(dy)));
  }
};

}  // namespace drnet::inline DRNET_ISA
