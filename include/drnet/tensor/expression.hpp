// Element-wise expressions of packets. A kernel's store takes an expression of its accumulator, so that a
// whole chain (scale, shift, add a residual, rectify, anything a user writes) costs one store per output:
//
//   relu(accumulator * per_channel(scale) + per_channel(shift) + elements(residual))
//
// An expression is evaluated in two steps: e.row(n, b, y) binds image, channel block and row; the bound row
// maps (accumulator packet, column) to a packet.
#pragma once

#include <drnet/tensor/feature_map.hpp>

#include <tuple>

namespace drnet::inline DRNET_ISA {

struct ExpressionBase {};
template <class E>
concept Expression = std::is_base_of_v<ExpressionBase, E>;

/// The value that the kernel computed: the leaf every epilogue is built on.
struct Accumulator : ExpressionBase {
  struct Row {
    template <class P>
    [[gnu::always_inline]] P operator()(const P& acc, int) const {
      return acc;
    }
  };
  [[nodiscard]] Row row(Index, int, int) const { return {}; }
};
inline constexpr Accumulator accumulator{};

/// A bound row that is the same packet at every column.
template <class T>
struct ConstantRow {
  simd::Packet<T> value;
  template <class P>
  [[gnu::always_inline]] P operator()(const P&, int) const {
    return value;
  }
};

/// One value per channel, from an array padded to whole blocks.
template <class T>
struct PerChannel : ExpressionBase {
  using Row = ConstantRow<T>;
  [[nodiscard]] Row row(Index, int b, int) const { return {simd::load<T>(values + Index{b} * kLanes<T>)}; }
  const T* values;
};
template <class T>
[[nodiscard]] PerChannel<T> per_channel(const T* values) {
  return {{}, values};
}

/// One value per image, at every channel and pixel.
template <class T>
struct PerImage : ExpressionBase {
  using Row = ConstantRow<T>;
  [[nodiscard]] Row row(Index n, int, int) const { return {simd::broadcast<T>(values[n])}; }
  const T* values;
};
template <class T>
[[nodiscard]] PerImage<T> per_image(const T* values) {
  return {{}, values};
}

/// One value per image and channel, from a map of 1 x 1 pixel, at every pixel.
template <class T>
struct Spread : ExpressionBase {
  using Row = ConstantRow<T>;
  [[nodiscard]] Row row(Index n, int b, int) const { return {simd::load<T>(planes.row(n, b, 0))}; }
  Planes<const T> planes;
};
template <class T, Shape S, int Halo>
[[nodiscard]] Spread<std::remove_const_t<T>> spread(FeatureMap<T, S, Halo> map) {
  static_assert(S.pixels() == 1, "spread needs a map of 1 x 1 pixel");
  return {{}, map};
}

/// The elements of another feature map of the same shape.
template <class T>
struct Elements : ExpressionBase {
  struct Row {
    const T* p;
    template <class P>
    [[gnu::always_inline]] P operator()(const P&, int x) const {
      return simd::load<T>(p + Index{x} * kLanes<T>);
    }
  };
  [[nodiscard]] Row row(Index n, int b, int y) const { return {planes.row(n, b, y)}; }
  Planes<const T> planes;
};
template <class T, Shape S, int Halo>
[[nodiscard]] Elements<std::remove_const_t<T>> elements(FeatureMap<T, S, Halo> map) {
  return {{}, map};
}

/// f applied to the packets of its arguments.
template <class F, class... Args>
struct Map : ExpressionBase {
  struct Row {
    F f;
    std::tuple<typename Args::Row...> args;
    template <class P>
    [[gnu::always_inline]] P operator()(const P& acc, int x) const {
      return std::apply(
          [&](const auto&... a) __attribute__((always_inline)) { return f(a(acc, x)...); }, args);
    }
  };
  Map(F function, Args... arguments) : f(std::move(function)), args(std::move(arguments)...) {}
  [[nodiscard]] Row row(Index n, int b, int y) const {
    return std::apply([&](const auto&... a) { return Row{f, {a.row(n, b, y)...}}; }, args);
  }
  F f;
  std::tuple<Args...> args;
};
/// An element-wise expression from any function of packets, e.g. a user's own activation.
template <class F, Expression... Args>
[[nodiscard]] Map<F, Args...> map(F f, Args... args) {
  return Map<F, Args...>(std::move(f), std::move(args)...);
}

namespace functions {
struct Add {
  template <class P>
  [[gnu::always_inline]] P operator()(const P& a, const P& b) const {
    return simd::add(a, b);
  }
};
struct Subtract {
  template <class P>
  [[gnu::always_inline]] P operator()(const P& a, const P& b) const {
    return simd::sub(a, b);
  }
};
struct Multiply {
  template <class P>
  [[gnu::always_inline]] P operator()(const P& a, const P& b) const {
    return simd::mul(a, b);
  }
};
struct MultiplyAdd {
  template <class P>
  [[gnu::always_inline]] P operator()(const P& a, const P& b, const P& c) const {
    return simd::fma(a, b, c);
  }
};
struct Rectify {
  template <class P>
  [[gnu::always_inline]] P operator()(const P& a) const {
    return simd::max(a, simd::zero<P>());
  }
};
template <class T>
struct Clamp {
  T low, high;
  template <class P>
  [[gnu::always_inline]] P operator()(const P& a) const {
    return simd::min(simd::max(a, simd::broadcast<T>(low)), simd::broadcast<T>(high));
  }
};
}  // namespace functions

template <Expression A, Expression B>
[[nodiscard]] auto operator+(A a, B b) {
  return map(functions::Add{}, a, b);
}
template <Expression A, Expression B>
[[nodiscard]] auto operator-(A a, B b) {
  return map(functions::Subtract{}, a, b);
}
template <Expression A, Expression B>
[[nodiscard]] auto operator*(A a, B b) {
  return map(functions::Multiply{}, a, b);
}
/// a * scale + shift as one fused multiply-add.
template <Expression A, Expression B, Expression C>
[[nodiscard]] auto multiply_add(A a, B scale, C shift) {
  return map(functions::MultiplyAdd{}, a, scale, shift);
}
template <Expression A>
[[nodiscard]] auto relu(A a) {
  return map(functions::Rectify{}, a);
}
template <class T, Expression A>
[[nodiscard]] auto clamp(A a, T low, T high) {
  return map(functions::Clamp<T>{low, high}, a);
}

/// An expression whose accumulator is itself an expression: epilogue(value).
template <class Outer, class Inner>
struct Substitute : ExpressionBase {
  struct Row {
    typename Outer::Row outer;
    typename Inner::Row inner;
    template <class P>
    [[gnu::always_inline]] P operator()(const P& acc, int x) const {
      return outer(inner(acc, x), x);
    }
  };
  [[nodiscard]] Row row(Index n, int b, int y) const { return {outer.row(n, b, y), inner.row(n, b, y)}; }
  Outer outer;
  Inner inner;
};
template <Expression Outer, Expression Inner>
[[nodiscard]] auto substitute(Outer outer, Inner inner) {
  if constexpr (std::is_same_v<Outer, Accumulator>)
    return inner;
  else if constexpr (std::is_same_v<Inner, Accumulator>)
    return outer;
  else
    return Substitute<Outer, Inner>{{}, outer, inner};
}

/// out = e for one channel block of one image; where e contains `accumulator`, its value is the old out.
template <class T, Expression E>
void assign_plane(Planes<T> out, Shape shape, Index n, int b, const E& e) {
  for (int y = 0; y < shape.height; ++y) {
    T* to = out.row(n, b, y);
    const auto row = e.row(n, b, y);
    for (int x = 0; x < shape.width; ++x) {
      T* p = to + Index{x} * kLanes<T>;
      simd::store<T>(p, row(simd::load<T>(p), x));
    }
  }
}
template <class T, Shape S, int Halo, Expression E>
void assign_plane(FeatureMap<T, S, Halo> out, Index n, int b, const E& e) {
  assign_plane<T>(out, S, n, b, e);
}

}  // namespace drnet::inline DRNET_ISA
