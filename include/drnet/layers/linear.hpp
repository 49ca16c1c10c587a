// Fully connected layer on a pooled (1 x 1) input: y = W x + b, dx = W^T dy, dW = dy x^T, db = dy, summed
// over images.
#pragma once

#include <drnet/kernels/linear.hpp>
#include <drnet/layers/layer.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of Linear.
struct LinearOptions {
  bool bias = true;
};

template <int Out, LinearOptions O = LinearOptions{}>
struct Linear : PlainLayer {
  static constexpr std::string_view kName = "Linear";
  static constexpr bool kFuses = true;
  static constexpr Fault fault(Shape in) {
    if (Out < 1) return {.reason = Reason::bad_options, .got = {Out, 1, 1}, .layer = "Linear"};
    if (in.pixels() != 1)
      return {
          .reason = Reason::input_not_pooled, .expected = {in.channels, 1, 1}, .got = in, .layer = "Linear"};
    return {};
  }
  static constexpr Shape output(Shape) { return {Out, 1, 1}; }
  static constexpr Index macs(Shape in) { return Index{Out} * in.channels; }
  static constexpr Index parameters(Shape in, int) { return macs(in) + (O.bias ? Out : 0); }
  static void visit(Shape in, int, const std::string& prefix, TensorList& list) {
    list.add(joined_name(prefix, "weight"), {Out, in.channels}, Role::weight);
    if (O.bias) list.add(joined_name(prefix, "bias"), {Out}, Role::bias);
  }

  template <class T>
  static constexpr Index prepared(Shape in, int) {
    return Out * round_up(in.channels, kLanes<T>) + round_up(Out, kLanes<T>);
  }
  /// Rows padded to whole blocks, then the padded bias.
  template <class T>
  static void prepare(Shape in, int, const T* parameters, const T*, T* to) {
    pad_rows(parameters, Out, in.channels, to);
    T* const bias = to + Out * round_up(in.channels, kLanes<T>);
    std::fill_n(bias, round_up(Out, kLanes<T>), T(0));
    if (O.bias) std::copy_n(parameters + macs(in), Out, bias);
  }
  template <class T, Shape In>
  static constexpr Index scratch(Index) {
    return prepared<T>(In, 1);
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> s) {
    prepare(X::kShape, pass.banks, s.parameters, s.statistics, s.scratch);
    infer(pass, x, y, epilogue, static_cast<const T*>(s.scratch), s.scratch);
  }
  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T> s) {
    constexpr Shape In = X::kShape;
    const FeatureMap<const T, DY::kShape, DY::kHalo> d(dy);
    apply_gate(pass, gate, y, dy);
    linear_weight_gradient(pass.policy, pass.n, x, d, s.gradients, O.bias ? s.gradients + macs(In) : nullptr);
    if constexpr (!std::same_as<DX, NoGradient>) {
      pad_rows(s.parameters, Out, In.channels, s.scratch);
      linear_input_gradient(pass.policy, pass.n, d, static_cast<const T*>(s.scratch), dx, epilogue);
    }
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T*) {
    const T* const bias = prepared + Out * round_up(X::kShape.channels, kLanes<T>);
    linear_forward(pass.policy, pass.n, x, prepared, y,
                   substitute(epilogue, accumulator + per_channel(bias)));
  }
};

}  // namespace drnet::inline DRNET_ISA
