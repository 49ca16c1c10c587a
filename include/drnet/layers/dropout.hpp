// Dropout (Srivastava et al., 2014): in training an element is zero with probability p and 1 / (1 - p) times
// itself else; at inference it stays as it is. The mask is a function of (seed, epoch, sample, draw), so the
// backward pass draws it again instead of keeping it.
#pragma once

#include <drnet/layers/layer.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of dropout and of stochastic depth.
struct DropOptions {
  double p = 0.5;  ///< probability of being dropped, 0 <= p < 1
};

namespace detail {
/// A fault unless p is a probability below 1.
constexpr Fault drop_fault(DropOptions o, Shape in, const char* layer) {
  if (o.p >= 0 && o.p < 1) return {};
  return {.reason = Reason::no_probability, .expected = in, .got = in, .layer = layer};
}
}  // namespace detail

/// Drops single elements; a pass without noise drops none.
template <DropOptions O = DropOptions{}>
struct Dropout : PlainLayer {
  static constexpr std::string_view kName = "Dropout";
  static constexpr Fault fault(Shape in) { return detail::drop_fault(O, in, "Dropout"); }
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index draws(Shape in) { return in.size(); }

  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T*) {
    return e;
  }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T> s) {
    drop(pass, x, y, s.draw);
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y, DY dy, DX dx, State<T> s) {
    if constexpr (!std::same_as<DX, NoGradient>) drop(pass, dy, dx, s.draw);
  }

 private:
  /// to = mask * from; draw k of an image belongs to its row-major element k.
  template <class From, class To>
  static void drop(const Pass& pass, From from, To to, std::uint32_t draw) {
    using T = typename To::Scalar;
    assign(pass, to, elements(from));
    if (pass.noise == nullptr) return;
    constexpr Shape S = To::kShape;
    pass.policy.for_parts(pass.n, [&](Index n, int) {
      const Random random = pass.noise->of(n);
      std::uint32_t next = draw;
      for (int c = 0; c < S.channels; ++c)
        for (int y = 0; y < S.height; ++y)
          for (int x = 0; x < S.width; ++x)
            to.at(n, c, y, x) *= random.uniform<double>(next++) < O.p ? T(0) : static_cast<T>(1 / (1 - O.p));
    });
  }
};

}  // namespace drnet::inline DRNET_ISA
