// Squeeze and excite (Hu et al., 2018): every channel is scaled by a number between 0 and 1 that a small
// network computes from the means of all channels.
//
//   s = sigmoid(W2 act(W1 mean(x) + b1) + b2),   y[c] = s[c] x[c]
//   ds[c] = sum over pixels of dy[c] x[c],       dx = s dy + (gradient of s with respect to x)
//
//   x ─┬───────────────────────────────── * ─ y
//      └─ mean ─ fc1 ─ act ─ fc2 ─ sigmoid ┘
#pragma once

#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/sequential.hpp>
#include <drnet/layers/sigmoid.hpp>
#include <drnet/layers/silu.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of squeeze and excite.
struct SqueezeExciteOptions {
  int channels = 0;  ///< of the input
  int squeeze = 0;   ///< channels between the two 1 x 1 convolutions
};

/// Act and Gate are activations: SiLU and Sigmoid in EfficientNet.
template <SqueezeExciteOptions O, class Act = SiLU, class Gate = Sigmoid>
struct SqueezeExcite : PlainLayer {
  static constexpr std::string_view kName = "SqueezeExcite";
  static constexpr bool kFuses = true;
  /// The network that computes s, of 1 x 1 convolutions as in torchvision.
  using Scale =
      Sequential<GlobalAveragePool,
                 Named<"fc1", Conv2d<ConvOptions{.out = O.squeeze, .kernel = 1, .bias = true}>>, Act,
                 Named<"fc2", Conv2d<ConvOptions{.out = O.channels, .kernel = 1, .bias = true}>>, Gate>;

  static constexpr Fault fault(Shape in) {
    if (const Fault f = Scale::fault(in); !f.ok()) return f;
    if (in.channels != O.channels)
      return {.reason = Reason::scale_channels_differ,
              .expected = in,
              .got = {O.channels, in.height, in.width},
              .layer = "SqueezeExcite"};
    return {};
  }
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index macs(Shape in) { return Scale::macs(in); }
  static constexpr Index parameters(Shape in, int banks) { return Scale::parameters(in, banks); }
  static constexpr Index statistics(Shape in, int banks) { return Scale::statistics(in, banks); }
  static constexpr Index draws(Shape in) { return Scale::draws(in); }
  static void visit(Shape in, int banks, const std::string& prefix, TensorList& list) {
    Scale::visit(in, banks, prefix, list);
  }

  // ---- training. The workspace: that of Scale, s, and ds.

  static constexpr Shape kScale{O.channels, 1, 1};  ///< shape of s
  template <class T>
  using Factor = FeatureMap<T, kScale>;
  template <class T, Shape In>
  static constexpr Index factor_offset(Index capacity) {
    return round_up(Scale::template workspace<T, In>(capacity), 64);
  }
  template <class T, Shape In>
  static constexpr Index workspace(Index capacity) {
    return factor_offset<T, In>(capacity) + 2 * round_up(Factor<T>::kImageStride * capacity, 64);
  }
  template <class T, Shape In>
  static constexpr Index scratch(Index capacity) {
    return Scale::template scratch<T, In>(capacity);
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> state) {
    const auto s = factor<X::kShape>(pass, state, 0);
    Scale::forward(pass, x, s, state);
    assign(pass, y, substitute(epilogue, elements(x) * spread(s)));
  }
  template <class T, class X, class Y, class DY, class DX, class Gate_, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate_& gate, const E& epilogue,
                       State<T> state) {
    using Const = FeatureMap<const T, kScale>;
    const auto s = factor<X::kShape>(pass, state, 0), ds = factor<X::kShape>(pass, state, 1);
    apply_gate(pass, gate, y, dy);
    sum_products(pass, x, dy, ds);
    Scale::backward(pass, x, Const(s), ds, dx, OpenGate{},
                    substitute(epilogue, accumulator + elements(dy) * spread(s)), state);
  }

  // ---- inference

  template <class T>
  static constexpr Index prepared(Shape in, int banks) {
    return Scale::template prepared<T>(in, banks);
  }
  template <class T>
  static void prepare(Shape in, int banks, const T* parameters, const T* statistics, T* to) {
    Scale::prepare(in, banks, parameters, statistics, to);
  }
  template <class T, Shape In>
  static constexpr Index arena(Index capacity, int threads) {
    return round_up(Factor<T>::kImageStride * capacity, 64) + Scale::template arena<T, In>(capacity, threads);
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T* arena) {
    const Factor<T> s(arena);
    Scale::infer(pass, x, s, prepared, arena + round_up(Factor<T>::kImageStride * pass.capacity, 64));
    assign(pass, y, substitute(epilogue, elements(x) * spread(s)));
  }

 private:
  /// s (0) or ds (1) in the workspace.
  template <Shape In, class T>
  static Factor<T> factor(const Pass& pass, State<T> state, int which) {
    return Factor<T>(state.workspace + factor_offset<T, In>(pass.capacity) +
                     which * round_up(Factor<T>::kImageStride * pass.capacity, 64));
  }
  template <class X, class DY, class DS>
  static void sum_products(const Pass& pass, X x, DY dy, DS ds) {
    using T = typename X::Scalar;
    constexpr int B = kLanes<T>;
    for_planes(pass.policy, pass.n, X::kBlocks, X::kShape.pixels() * B, [&](Index n, int b) {
      auto sum = simd::zero<simd::Packet<T>>();
      for (int r = 0; r < X::kShape.height; ++r) {
        const T *const from = x.row(n, b, r), *const d = dy.row(n, b, r);
        auto line = simd::zero<simd::Packet<T>>();
        for (int i = 0; i < X::kShape.width * B; i += B)
          line = simd::fma(simd::load<T>(from + i), simd::load<T>(d + i), line);
        sum = simd::add(sum, line);
      }
      simd::store<T>(ds.row(n, b, 0), sum);
    });
  }
};

}  // namespace drnet::inline DRNET_ISA
