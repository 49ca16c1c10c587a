// The passes of one convolution: forward, Winograd's where it may take its place, and the two gradients.
// GFLOP/s count the operations of the definition.
#pragma once

#include <kernels_benchmark/support.hpp>

#include <drnet/kernels/weight_gradient.hpp>
#include <drnet/kernels/winograd.hpp>

namespace kernels_benchmark {

template <Window W, Shape In, int OutChannels>
struct Convolution {
  static constexpr Shape kOut = W.output(In, OutChannels);
  static constexpr ConvChannels kChannels{.out = OutChannels, .in = In.channels};
  static constexpr int kTaps = W.kernel * W.kernel;
  static constexpr int kGradientHalo = std::max(gradient_halo(W, In.height), gradient_halo(W, In.width));

  static double operations(Index n) {
    return 2.0 * static_cast<double>(n * kOut.size()) * In.channels * kTaps;
  }
  static Buffer<float> weights() { return random_values(kChannels.weights() * kTaps, 1); }

  static void forward(benchmark::State& state, Index n) {
    const auto x = random_map<In, W.padding>(n, 2);
    FeatureTensor<float, kOut> y(n);
    Buffer<float> packed(packed_size<float>(kChannels, kTaps));
    pack_weights(kSerial, weights().data(), kChannels, W.kernel, packed.data());
    time(state, "FLOP", operations(n), [&] {
      convolution_forward<W>(kSerial, n, x.view(), std::as_const(packed).data(), y.view(), accumulator);
    });
  }

  template <int M>
  static void winograd(benchmark::State& state, Index n) {
    const auto x = random_map<In, 1>(n, 2);
    FeatureTensor<float, kOut> y(n);
    Buffer<float> packed(winograd_size<float, M>(kChannels)), v(kWinogradScratch<float, M, In, OutChannels>);
    pack_winograd<M>(kSerial, weights().data(), kChannels, packed.data());
    time(state, "FLOP", operations(n), [&] {
      winograd_forward<M>(kSerial, n, x.view(), std::as_const(packed).data(), y.view(), accumulator,
                          v.data());
    });
  }

  static void input_gradient(benchmark::State& state, Index n) {
    const auto dy = random_map<kOut, kGradientHalo>(n, 3);
    FeatureTensor<float, In> dx(n);
    Buffer<float> packed(turned_size<float>(kChannels, W));
    pack_input_gradient<W, In>(kSerial, weights().data(), kChannels, packed.data());
    time(state, "FLOP", operations(n), [&] {
      convolution_input_gradient<W>(kSerial, n, dy.view(), std::as_const(packed).data(), dx.view(),
                                    accumulator);
    });
  }

  static void weight_gradient(benchmark::State& state, Index n) {
    const auto x = random_map<In, W.padding>(n, 2);
    const auto dy = random_map<kOut>(n, 3);
    Buffer<float> dw(kChannels.weights() * kTaps);
    Buffer<float> scratch(kWeightGradientPlan<float, W, In, OutChannels>.scratch(n));
    time(state, "FLOP", operations(n),
         [&] { convolution_weight_gradient<W>(kSerial, n, x.view(), dy.view(), dw.data(), scratch.data()); });
  }
};

/// Adds "forward/3x3/64@56/64" and its kin; a network's first layer has no input gradient.
template <Window W, Shape In, int OutChannels>
void add_convolution() {
  using C = Convolution<W, In, OutChannels>;
  const auto name = [](const char* kernel) { return name_of(kernel, W, In, OutChannels); };
  add(name("forward"), C::forward);
  if constexpr (W.kernel == 3 && W.stride == 1) {
    add(name("winograd2"), C::template winograd<2>);
    add(name("winograd4"), C::template winograd<4>);
  }
  if constexpr (In.channels > 3) add(name("input_gradient"), C::input_gradient);
  add(name("weight_gradient"), C::weight_gradient);
}

}  // namespace kernels_benchmark
