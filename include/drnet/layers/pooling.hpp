// Max pooling and global average pooling as layers. Both are exact in the sense of PyTorch: padding never
// wins a maximum, and the average is over all pixels, which makes the classifier's head independent of the
// resolution.
#pragma once

#include <drnet/kernels/pooling.hpp>
#include <drnet/layers/layer.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of max pooling; padding defaults to none.
struct PoolOptions {
  int kernel = 2;
  int stride = 2;
  int padding = 0;
};

template <PoolOptions O>
struct MaxPool2d : PlainLayer {
  static constexpr std::string_view kName = "MaxPool2d";
  static constexpr bool kFuses = true;
  static constexpr Window kWindow{O.kernel, O.stride, O.padding};
  static constexpr Fault fault(Shape in) {
    if (O.kernel < 1 || O.stride < 1 || O.padding < 0 || 2 * O.padding > O.kernel)
      return {.reason = Reason::bad_options, .got = {O.padding, O.kernel, O.stride}, .layer = "MaxPool2d"};
    if (!kWindow.fits(in.height) || !kWindow.fits(in.width))
      return {.reason = Reason::kernel_exceeds_input,
              .expected = {in.channels, O.kernel - 2 * O.padding, O.kernel - 2 * O.padding},
              .got = in,
              .layer = "MaxPool2d"};
    return {};
  }
  static constexpr Shape output(Shape in) { return kWindow.output(in, in.channels); }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T>) {
    max_pool_forward<kWindow>(pass.policy, pass.n, x, y, epilogue);
  }
  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T>) {
    apply_gate(pass, gate, y, dy);
    if constexpr (!std::same_as<DX, NoGradient>)
      max_pool_backward<kWindow>(pass.policy, pass.n, x, FeatureMap<const T, DY::kShape, DY::kHalo>(dy), dx,
                                 epilogue);
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T*, T*) {
    max_pool_forward<kWindow>(pass.policy, pass.n, x, y, epilogue);
  }
};

/// y[c] = mean over height and width: channels x 1 x 1 whatever the resolution.
struct GlobalAveragePool : PlainLayer {
  static constexpr std::string_view kName = "GlobalAveragePool";
  static constexpr bool kFuses = true;
  static constexpr Shape output(Shape in) { return {in.channels, 1, 1}; }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T>) {
    global_average_pool(pass.policy, pass.n, x, y, epilogue);
  }
  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T>) {
    apply_gate(pass, gate, y, dy);
    if constexpr (!std::same_as<DX, NoGradient>)
      global_average_pool_backward(pass.policy, pass.n, FeatureMap<const T, DY::kShape, DY::kHalo>(dy), dx,
                                   epilogue);
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T*, T*) {
    global_average_pool(pass.policy, pass.n, x, y, epilogue);
  }
};

}  // namespace drnet::inline DRNET_ISA
