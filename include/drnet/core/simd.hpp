// The thin SIMD layer: the few operations that the kernels use, on Eigen's packet primitives. A packet is
// kLanes<T> scalars; the block of the channel-blocked layout is one packet. A scalar type that Eigen cannot
// vectorize has packets of one lane, so every kernel runs on it unchanged (gradient checks, counting
// scalars).
#pragma once

#include <drnet/core/config.hpp>

#include <Eigen/Core>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <type_traits>
#include <utility>

namespace drnet::inline DRNET_ISA {

using Index = std::int64_t;

/// Scalars in one SIMD register: 16 floats under AVX-512, 8 under AVX2, 4 under SSE2.
template <class T>
inline constexpr int kLanes = Eigen::internal::packet_traits<T>::Vectorizable
                                  ? static_cast<int>(Eigen::internal::packet_traits<T>::size)
                                  : 1;

/// Architectural SIMD registers: 32 under AVX-512 and NEON, 16 below. The register tile is chosen from it.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int kSimdRegisters = 32;
#else
inline constexpr int kSimdRegisters = 16;
#endif

/// Bytes of a cache line of the processors we know.
inline constexpr Index kCacheLine = 64;

namespace simd {

template <class T>
using Packet = typename Eigen::internal::packet_traits<T>::type;

template <class T>
[[nodiscard, gnu::always_inline]] inline Packet<T> load(const T* from) {
  return Eigen::internal::ploadu<Packet<T>>(from);
}
template <class T>
[[nodiscard, gnu::always_inline]] inline Packet<T> broadcast(const T& value) {
  return Eigen::internal::pset1<Packet<T>>(value);
}
template <class T>
[[gnu::always_inline]] inline void store(T* to, const Packet<T>& value) {
  Eigen::internal::pstoreu<T, Packet<T>>(to, value);
}
/// a * b + c, rounded once where the instruction set has a fused multiply-add.
template <class P>
[[nodiscard, gnu::always_inline]] inline P fma(const P& a, const P& b, const P& c) {
  return Eigen::internal::pmadd(a, b, c);
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P add(const P& a, const P& b) {
  return Eigen::internal::padd(a, b);
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P sub(const P& a, const P& b) {
  return Eigen::internal::psub(a, b);
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P mul(const P& a, const P& b) {
  return Eigen::internal::pmul(a, b);
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P div(const P& a, const P& b) {
  return Eigen::internal::pdiv(a, b);
}
/// A constant in every lane of a packet.
template <class P>
[[nodiscard, gnu::always_inline]] inline P constant(double value) {
  using T = typename Eigen::internal::unpacket_traits<P>::type;
  return broadcast<T>(static_cast<T>(value));
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P max(const P& a, const P& b) {
  return Eigen::internal::pmax(a, b);
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P min(const P& a, const P& b) {
  return Eigen::internal::pmin(a, b);
}
template <class P>
[[nodiscard, gnu::always_inline]] inline P zero() {
  return Eigen::internal::pzero(P{});
}
#if defined(__AVX512F__)
// Without these overloads g++ 12 warns of an uninitialized operand inside its own header (its bug 105593).
[[nodiscard, gnu::always_inline]] inline __m512 max(__m512 a, __m512 b) {
  return _mm512_maskz_max_ps(0xFFFF, b, a);
}
[[nodiscard, gnu::always_inline]] inline __m512 min(__m512 a, __m512 b) {
  return _mm512_maskz_min_ps(0xFFFF, b, a);
}
[[nodiscard, gnu::always_inline]] inline __m512d max(__m512d a, __m512d b) {
  return _mm512_maskz_max_pd(0xFF, b, a);
}
[[nodiscard, gnu::always_inline]] inline __m512d min(__m512d a, __m512d b) {
  return _mm512_maskz_min_pd(0xFF, b, a);
}
#endif
namespace detail {
/// Constants of exp(): arguments whose results are normal numbers, ln 2 in two parts, and the coefficients of
/// a polynomial for |r| <= ln(2) / 2, highest power first: for float the minimax one of degree 6 (relative
/// error 2e-9), for double Taylor's series.
template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  using Integer = std::int32_t;
  static constexpr int kBits = 23;  // of the significand
  static constexpr double kLow = -87.3, kHigh = 88.0, kLn2High = 0.693359375, kLn2Low = -2.12194440e-4;
  static constexpr std::array<double, 7> kSeries{1.3843606237268448e-3,
                                                 8.374195717199752e-3,
                                                 4.166800473979999e-2,
                                                 1.6666430798864507e-1,
                                                 0.4999999419155123,
                                                 1.0000000322590799,
                                                 1};
};
template <>
struct ExpConstants<double> {
  using Integer = std::int64_t;
  static constexpr int kBits = 52;
  static constexpr double kLow = -708.3, kHigh = 709.0, kLn2High = 6.93145751953125e-1,
                          kLn2Low = 1.42860682030941723212e-6;
  static constexpr auto kSeries = [] {
    std::array<double, 14> series{};
    double factorial = 1;
    for (std::size_t k = 0; k < series.size(); ++k) {
      if (k > 1) factorial *= static_cast<double>(k);
      series[series.size() - 1 - k] = 1 / factorial;
    }
    return series;
  }();
};
}  // namespace detail

/// e^a to two units in the last place; arguments beyond the range of results count as its ends.
///   a = n ln 2 + r,  e^a = 2^n e^r,  n the nearest integer: added to 1.5 * 2^bits it stands in the low bits,
///   from where it is added to the exponent of e^r.
/// (Eigen's pexp is as good, but g++ 12 warns of uninitialized operands inside of its own header there.)
template <class P>
[[nodiscard, gnu::always_inline]] inline P exp(const P& a) {
  if constexpr (std::is_arithmetic_v<P> || std::is_class_v<P>) {
    using std::exp;
    return exp(a);
  } else {
    using T = typename Eigen::internal::unpacket_traits<P>::type;
    using C = detail::ExpConstants<T>;
    using Integer = typename C::Integer;
    typedef Integer Integers __attribute__((vector_size(sizeof(P))));
    const P shifter = constant<P>(1.5 * static_cast<double>(Integer{1} << C::kBits));
    const P x = min(max(a, constant<P>(C::kLow)), constant<P>(C::kHigh));
    const P shifted = fma(x, constant<P>(std::numbers::log2e), shifter), n = sub(shifted, shifter);
    const P r = fma(n, constant<P>(-C::kLn2Low), fma(n, constant<P>(-C::kLn2High), x));
    P series = constant<P>(C::kSeries[0]);
    for (std::size_t k = 1; k < C::kSeries.size(); ++k) series = fma(series, r, constant<P>(C::kSeries[k]));
    return std::bit_cast<P>(std::bit_cast<Integers>(series) + (std::bit_cast<Integers>(shifted) << C::kBits));
  }
}
/// `value` where a < b, zero elsewhere.
template <class P>
[[nodiscard, gnu::always_inline]] inline P where_less(const P& a, const P& b, const P& value) {
  if constexpr (std::is_arithmetic_v<P> || std::is_class_v<P>)
    return a < b ? value : P(0);
  else
    return Eigen::internal::pand(Eigen::internal::pcmp_lt(a, b), value);
}
/// `value` where `gate` > 0, zero elsewhere: the derivative of a rectifier applied to a gradient.
template <class P>
[[nodiscard, gnu::always_inline]] inline P where_positive(const P& gate, const P& value) {
  return where_less(zero<P>(), gate, value);
}
/// 1 / (1 + e^-a).
template <class P>
[[nodiscard, gnu::always_inline]] inline P sigmoid(const P& a) {
  const P one = constant<P>(1);
  return div(one, add(one, exp(sub(zero<P>(), a))));
}
/// a and b interleaved lane by lane, from lane `First` on.
template <class T, int First>
[[nodiscard, gnu::always_inline]] inline Packet<T> interleave(const Packet<T>& a, const Packet<T>& b) {
  return [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, (First + I / 2 + I % 2 * kLanes<T>)...);
  }
  (std::make_integer_sequence<int, kLanes<T>>{});
}
/// Asks for the cache line at p, which may lie outside of every object.
template <class T>
[[gnu::always_inline]] inline void prefetch(const T* p) {
  __builtin_prefetch(p);
}
/// The same into the second-level cache: for what is wanted later.
template <class T>
[[gnu::always_inline]] inline void prefetch_far(const T* p) {
  __builtin_prefetch(p, 0, 2);
}
/// Tells the processor that a loop waits for another thread.
[[gnu::always_inline]] inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
/// rows[i][lane] becomes rows[lane][i]: a square of kLanes<T> packets is transposed in log2(kLanes<T>)
/// perfect shuffles.
template <class T>
[[gnu::always_inline]] inline void transpose(Packet<T> (&rows)[kLanes<T>]) {
  constexpr int B = kLanes<T>;
  if constexpr (B > 1)
    for (int stage = 1; stage < B; stage *= 2) {
      Packet<T> next[B];
      for (int i = 0; i < B / 2; ++i) {
        next[2 * i] = interleave<T, 0>(rows[i], rows[i + B / 2]);
        next[2 * i + 1] = interleave<T, B / 2>(rows[i], rows[i + B / 2]);
      }
      for (int i = 0; i < B; ++i) rows[i] = next[i];
    }
}
/// The sum of all lanes, in an order that depends only on the lane count.
template <class T>
[[nodiscard]] inline T reduce_add(const Packet<T>& value) {
  T lanes[kLanes<T>];
  store<T>(lanes, value);
  T sum = lanes[0];
  for (int i = 1; i < kLanes<T>; ++i) sum += lanes[i];
  return sum;
}

}  // namespace simd

/// Calls f(std::integral_constant<int, i>) for i in [0, N), unrolled: register arrays stay in registers.
template <int N, class F>
[[gnu::always_inline]] constexpr void unroll(F&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, I>{}), ...);
  }
  (std::make_integer_sequence<int, N>{});
}

}  // namespace drnet::inline DRNET_ISA
