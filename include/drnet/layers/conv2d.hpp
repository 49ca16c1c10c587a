// 2-d convolution: dense, grouped or depthwise (docs/method.md: one set of weights for every resolution).
//
//   y[n][o][i][j] = bias[o] + sum over c, u, v of w[o][c][u][v] * x[n][c][s*i - p + u][s*j - p + v],
//                   c over the inputs of o's group
//   dx = dy convolved with the turned, transposed weights
//   dw[o][c][u][v] = sum over n, i, j of dy * x,  db = sum dy
#pragma once

#include <drnet/kernels/convolution.hpp>
#include <drnet/kernels/depthwise.hpp>
#include <drnet/kernels/weight_gradient.hpp>
#include <drnet/kernels/winograd.hpp>
#include <drnet/layers/layer.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of a convolution; padding defaults to kernel / 2.
struct ConvOptions {
  int out = 0;  ///< output channels; a depthwise convolution may leave it 0: as many as it reads
  int kernel = 1;
  int stride = 1;
  int padding = -1;
  bool bias = false;
  int groups = 1;          ///< each sees its own part of the inputs and makes its own part of the outputs
  bool depthwise = false;  ///< as many groups as channels; `groups` stays 1
  bool exact = kExactConvolutions;  ///< no Winograd, whose roundings are larger (kernels/winograd.hpp)
};

template <ConvOptions O>
struct Conv2d : PlainLayer {
  static constexpr std::string_view kName = "Conv2d";
  static constexpr bool kFuses = true;
  static constexpr Window kWindow{O.kernel, O.stride, O.padding < 0 ? O.kernel / 2 : O.padding};
  static constexpr int kTaps = O.kernel * O.kernel;

  static constexpr int out_channels(Shape in) { return O.out > 0 ? O.out : in.channels; }
  static constexpr Fault fault(Shape in) {
    if (O.kernel < 1 || O.stride < 1 || O.groups < 1 || O.out < 0 || (O.out == 0 && !O.depthwise) ||
        (O.depthwise && O.groups > 1))
      return {.reason = Reason::bad_options, .got = {O.out, O.kernel, O.stride}, .layer = "Conv2d"};
    if (in.channels % O.groups != 0 || out_channels(in) % O.groups != 0)
      return {.reason = Reason::groups_do_not_divide,
              .expected = {O.groups, in.height, in.width},
              .got = {in.channels % O.groups != 0 ? in.channels : out_channels(in), in.height, in.width},
              .layer = "Conv2d"};
    if (O.depthwise && O.out > 0 && O.out != in.channels)
      return {.reason = Reason::depthwise_channels_differ,
              .expected = in,
              .got = {O.out, in.height, in.width},
              .layer = "Conv2d"};
    if (!kWindow.fits(in.height) || !kWindow.fits(in.width))
      return {.reason = Reason::kernel_exceeds_input,
              .expected = {in.channels, O.kernel - 2 * kWindow.padding, O.kernel - 2 * kWindow.padding},
              .got = in,
              .layer = "Conv2d"};
    return {};
  }
  static constexpr Shape output(Shape in) { return kWindow.output(in, out_channels(in)); }
  static constexpr int groups(Shape in) { return O.depthwise ? in.channels : O.groups; }
  /// Whether every channel has a filter of its own: lanes are channels then, and a kernel of its own runs.
  static constexpr bool depthwise(Shape in) {
    return groups(in) == in.channels && out_channels(in) == in.channels && in.channels > 1;
  }
  static constexpr ConvChannels channels(Shape in) {
    return {.out = out_channels(in), .in = in.channels, .groups = groups(in)};
  }
  /// M of Winograd's F(M x M, 3 x 3) of the forward pass and of the input gradient, or 0: the direct
  /// convolution.
  template <class T>
  static constexpr int winograd(Shape in) {
    return may_use_winograd<T> ? winograd_tile(in.height, in.width, channels(in)) : 0;
  }
  static constexpr int weights_per_output(Shape in) { return in.channels / groups(in) * kTaps; }
  static constexpr Index weight_count(Shape in) { return Index{out_channels(in)} * weights_per_output(in); }
  static constexpr Index macs(Shape in) { return output(in).size() * weights_per_output(in); }
  static constexpr Index parameters(Shape in, int) {
    return weight_count(in) + (O.bias ? out_channels(in) : 0);
  }
  static constexpr int input_halo(Shape) { return kWindow.padding; }
  static constexpr int gradient_halo(Shape in) {
    return depthwise(in)
               ? 0
               : std::max(drnet::gradient_halo(kWindow, in.height), drnet::gradient_halo(kWindow, in.width));
  }
  static void visit(Shape in, int, const std::string& prefix, TensorList& list) {
    list.add(joined_name(prefix, "weight"), {out_channels(in), in.channels / groups(in), O.kernel, O.kernel},
             Role::weight);
    if (O.bias) list.add(joined_name(prefix, "bias"), {out_channels(in)}, Role::bias);
  }

  template <class T>
  static constexpr Index packed(Shape in) {
    return depthwise(in) ? round_up(in.channels, kLanes<T>) * kTaps : packed_size<T>(channels(in), kTaps);
  }
  template <class T>
  static constexpr Index padded_channels(Shape in) {
    return round_up(out_channels(in), kLanes<T>);
  }

  // ---- training. The scratch memory: packed weights of one pass and the bias, and what the pass itself
  // wants.

  template <class T, Shape In>
  static constexpr Index scratch(Index capacity) {
    if constexpr (depthwise(In))
      return packed<T>(In) + padded_channels<T>(In);
    else {
      Index passes = std::max(packed<T>(In), turned_size<T>(channels(In), kWindow));
      if constexpr (constexpr int M = winograd<T>(In); M > 0)
        passes = std::max(
            winograd_size<T, M>(channels(In)) + kWinogradScratch<T, M, In, out_channels(In)>,
            winograd_size<T, M>(channels(In).turned()) + kWinogradScratch<T, M, output(In), In.channels>);
      return std::max(passes + padded_channels<T>(In),
                      kWeightGradientPlan<T, kWindow, In, out_channels(In), groups(In)>.scratch(capacity));
    }
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> s) {
    constexpr Shape In = X::kShape;
    if constexpr (O.bias) pack_bias(In, s.parameters, s.scratch);
    T* const weights = s.scratch + (O.bias ? padded_channels<T>(In) : 0);
    with_bias(epilogue, static_cast<const T*>(s.scratch), [&](const auto& e) {
      if constexpr (constexpr int M = winograd<T>(In); M > 0) {
        pack_winograd<M>(pass.policy, s.parameters, channels(In), weights);
        winograd_forward<M>(pass.policy, pass.n, x, static_cast<const T*>(weights), y, e,
                            weights + winograd_size<T, M>(channels(In)));
      } else {
        pack(pass.policy, In, s.parameters, weights);
        convolve(pass, x, y, e, static_cast<const T*>(weights));
      }
    });
  }

  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T> s) {
    constexpr Shape In = X::kShape;
    using ConstDY = FeatureMap<const T, DY::kShape, DY::kHalo>;
    apply_gate(pass, gate, y, dy);
    if constexpr (O.bias) add_bias_gradient(pass, ConstDY(dy), s.gradients + weight_count(In));
    if constexpr (depthwise(In))
      depthwise_weight_gradient<kWindow>(pass.policy, pass.n, x, ConstDY(dy), s.gradients);
    else
      convolution_weight_gradient<kWindow, groups(In)>(pass.policy, pass.n, x, ConstDY(dy), s.gradients,
                                                       s.scratch);
    if constexpr (!std::same_as<DX, NoGradient>) {
      const T* const weights = s.scratch;
      if constexpr (depthwise(In)) {
        pack_depthwise(s.parameters, In.channels, O.kernel, s.scratch);
        depthwise_input_gradient<kWindow>(pass.policy, pass.n, ConstDY(dy), weights, dx, epilogue);
      } else if constexpr (constexpr int M = winograd<T>(In); M > 0) {
        pack_winograd<M, true>(pass.policy, s.parameters, channels(In).turned(), s.scratch);
        winograd_forward<M>(pass.policy, pass.n, ConstDY(dy), weights, dx, epilogue,
                            s.scratch + winograd_size<T, M>(channels(In).turned()));
      } else {
        pack_input_gradient<kWindow, In>(pass.policy, s.parameters, channels(In), s.scratch);
        convolution_input_gradient<kWindow, groups(In)>(pass.policy, pass.n, ConstDY(dy), weights, dx,
                                                        epilogue);
      }
    }
  }

  // ---- inference: the packed weights serve every bank, the folded batch norm is part of the epilogue.
  // Prepared are the bias and the weights as any resolution may want them: packed for the direct convolution,
  // for Winograd F(2 x 2), for F(4 x 4).

  /// Scalars of the weights for F(M x M), M = 0 the direct convolution; 0 where no resolution wants them.
  template <class T, int M>
  static constexpr Index weights(Shape in) {
    if (may_use_winograd<T> ? !winograd_chosen(M, channels(in)) : M > 0) return 0;
    if constexpr (M > 0)
      return winograd_size<T, M>(channels(in));
    else
      return packed<T>(in);
  }
  template <class T>
  static constexpr Index weights_before(Shape in, int m) {
    return (O.bias ? padded_channels<T>(in) : 0) + (m > 0 ? weights<T, 0>(in) : 0) +
           (m > 2 ? weights<T, 2>(in) : 0);
  }
  template <class T>
  static constexpr Index prepared(Shape in, int) {
    return weights_before<T>(in, 4) + weights<T, 4>(in);
  }
  template <class T>
  static void prepare(Shape in, int, const T* parameters, const T*, T* to) {
    const Serial policy;
    if constexpr (O.bias) pack_bias(in, parameters, to);
    if (weights<T, 0>(in) > 0) pack(policy, in, parameters, to + weights_before<T>(in, 0));
    if (weights<T, 2>(in) > 0)
      pack_winograd<2>(policy, parameters, channels(in), to + weights_before<T>(in, 2));
    if (weights<T, 4>(in) > 0)
      pack_winograd<4>(policy, parameters, channels(in), to + weights_before<T>(in, 4));
  }
  template <class T, Shape In>
  static constexpr Index arena(Index capacity, int threads) {
    if constexpr (constexpr int M = winograd<T>(In); M > 0)
      return winograd_scratch<T, M, In, out_channels(In)>(capacity, threads);
    else
      return 0;
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T* arena) {
    constexpr Shape In = X::kShape;
    with_bias(epilogue, prepared, [&](const auto& e) {
      constexpr int M = winograd<T>(In);
      const T* const weights = prepared + weights_before<T>(In, M);
      if constexpr (M > 0)
        winograd_forward<M>(pass.policy, pass.n, x, weights, y, e, arena);
      else
        convolve(pass, x, y, e, weights);
    });
  }

 private:
  template <class T>
  static constexpr bool may_use_winograd = !O.exact && !O.depthwise && kLanes<T> > 1 && kWindow.kernel == 3 &&
                                           kWindow.stride == 1 && kWindow.padding == 1;

  template <class T>
  static void pack(const ExecutionPolicy& policy, Shape in, const T* parameters, T* to) {
    if (depthwise(in))
      pack_depthwise(parameters, in.channels, O.kernel, to);
    else
      pack_weights(policy, parameters, channels(in), O.kernel, to);
  }
  /// The bias, padded to whole blocks.
  template <class T>
  static void pack_bias(Shape in, const T* parameters, T* to) {
    std::fill_n(to, padded_channels<T>(in), T(0));
    std::copy_n(parameters + weight_count(in), out_channels(in), to);
  }
  /// Calls run(epilogue), or with the bias added before it.
  template <class T, Expression E, class Run>
  static void with_bias(const E& epilogue, const T* bias, const Run& run) {
    if constexpr (O.bias)
      run(substitute(epilogue, accumulator + per_channel(bias)));
    else
      run(epilogue);
  }
  template <class T, class X, class Y, Expression E>
  static void convolve(const Pass& pass, X x, Y y, const E& epilogue, const T* weights) {
    if constexpr (depthwise(X::kShape))
      depthwise_forward<kWindow>(pass.policy, pass.n, x, weights, y, epilogue);
    else
      convolution_forward<kWindow, groups(X::kShape)>(pass.policy, pass.n, x, weights, y, epilogue);
  }

  template <class T, class DY>
  static void add_bias_gradient(const Pass& pass, DY dy, T* db) {
    constexpr int B = kLanes<T>;
    pass.policy.for_parts(DY::kBlocks, [&](Index b, int) {
      double sum[B] = {};
      for (Index i = 0; i < pass.n; ++i)
        for (int y = 0; y < DY::kShape.height; ++y) {
          const T* row = dy.row(i, static_cast<int>(b), y);
          for (int k = 0; k < DY::kShape.width * B; ++k) sum[k % B] += static_cast<double>(row[k]);
        }
      for (int lane = 0; lane < B && b * B + lane < DY::kShape.channels; ++lane)
        db[b * B + lane] += static_cast<T>(sum[lane]);
    });
  }
};

}  // namespace drnet::inline DRNET_ISA
