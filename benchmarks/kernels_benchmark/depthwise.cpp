// Depthwise convolutions: 3 x 3 of MobileNetV2, 5 x 5 of EfficientNet-B0.
#include <kernels_benchmark/support.hpp>

#include <drnet/kernels/depthwise.hpp>

namespace kernels_benchmark {
namespace {

template <Window W, Shape In>
struct Depthwise {
  static constexpr Shape kOut = W.output(In, In.channels);
  static constexpr int kTaps = W.kernel * W.kernel;

  static double operations(Index n) { return 2.0 * static_cast<double>(n * kOut.size()) * kTaps; }
  static Buffer<float> packed_weights() {
    Buffer<float> packed(round_up(In.channels, kLanes<float>) * kTaps);
    pack_depthwise(random_values(Index{In.channels} * kTaps, 1).data(), In.channels, W.kernel, packed.data());
    return packed;
  }

  static void forward(benchmark::State& state, Index n) {
    const auto x = random_map<In, W.padding>(n, 2);
    FeatureTensor<float, kOut> y(n);
    const Buffer<float> packed = packed_weights();
    time(state, "FLOP", operations(n),
         [&] { depthwise_forward<W>(kSerial, n, x.view(), packed.data(), y.view(), accumulator); });
  }
  static void input_gradient(benchmark::State& state, Index n) {
    const auto dy = random_map<kOut>(n, 3);
    FeatureTensor<float, In> dx(n);
    const Buffer<float> packed = packed_weights();
    time(state, "FLOP", operations(n),
         [&] { depthwise_input_gradient<W>(kSerial, n, dy.view(), packed.data(), dx.view(), accumulator); });
  }
  static void weight_gradient(benchmark::State& state, Index n) {
    const auto x = random_map<In, W.padding>(n, 2);
    const auto dy = random_map<kOut>(n, 3);
    Buffer<float> dw(Index{In.channels} * kTaps);
    time(state, "FLOP", operations(n),
         [&] { depthwise_weight_gradient<W>(kSerial, n, x.view(), dy.view(), dw.data()); });
  }
};

template <Window W, Shape In>
void add_depthwise() {
  using D = Depthwise<W, In>;
  add(name_of("depthwise_forward", W, In), D::forward);
  add(name_of("depthwise_input_gradient", W, In), D::input_gradient);
  add(name_of("depthwise_weight_gradient", W, In), D::weight_gradient);
}

[[maybe_unused]] const bool kAdded = [] {
  constexpr Window k3{3, 1, 1}, k3s2{3, 2, 1}, k5{5, 1, 2}, k5s2{5, 2, 2};
  add_depthwise<k3s2, Shape{96, 112, 112}>();
  add_depthwise<k3, Shape{144, 56, 56}>();
  add_depthwise<k3, Shape{384, 14, 14}>();
  add_depthwise<k3, Shape{960, 7, 7}>();
  add_depthwise<k5s2, Shape{144, 56, 56}>();
  add_depthwise<k5, Shape{240, 28, 28}>();
  add_depthwise<k5, Shape{672, 14, 14}>();
  add_depthwise<k5, Shape{1152, 7, 7}>();
  return true;
}();

}  // namespace
}  // namespace kernels_benchmark
