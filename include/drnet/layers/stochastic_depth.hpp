// Stochastic depth (Huang et al., 2016), torchvision's "row" mode: at the end of a residual's branch it drops
// the whole branch of an image with probability p in training, and scales it by 1 / (1 - p) else.
#pragma once

#include <drnet/layers/dropout.hpp>

namespace drnet::inline DRNET_ISA {

/// y = s_n x with one random s_n for each image; a pass without noise drops none.
template <DropOptions O>
struct StochasticDepth : PlainLayer {
  static constexpr std::string_view kName = "StochasticDepth";
  static constexpr bool kFuses = true;
  static constexpr Fault fault(Shape in) { return detail::drop_fault(O, in, "StochasticDepth"); }
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index draws(Shape) { return 1; }
  template <class T, Shape In>
  static constexpr Index workspace(Index capacity) {
    return capacity;  // s
  }

  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T*) {
    return e;
  }
  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> state) {
    for (Index n = 0; n < pass.n; ++n)
      state.workspace[n] = pass.noise == nullptr ? T(1)
                           : pass.noise->of(n).template uniform<double>(state.draw) < O.p
                               ? T(0)
                               : static_cast<T>(1 / (1 - O.p));
    assign(pass, y, substitute(epilogue, elements(x) * per_image(state.workspace)));
  }
  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T> state) {
    apply_gate(pass, gate, y, dy);
    if constexpr (!std::same_as<DX, NoGradient>)
      assign(pass, dx, substitute(epilogue, elements(dy) * per_image(state.workspace)));
  }
};

}  // namespace drnet::inline DRNET_ISA
