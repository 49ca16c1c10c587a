// Micro-benchmarks of the kernels, one by one and on one thread; convolutions are in the folder beside. Names
// are "kernel/window/channels@width/outputs/batch:images"; --benchmark_filter takes a regular expression.
#include <kernels_benchmark/support.hpp>
#include <timing.hpp>

#include <drnet/kernels/linear.hpp>
#include <drnet/kernels/normalization.hpp>
#include <drnet/kernels/pooling.hpp>
#include <drnet/kernels/resize.hpp>

namespace kernels_benchmark {
namespace {

double bytes(Index scalars) {
  return static_cast<double>(scalars) * sizeof(float);
}

template <int InChannels, int OutChannels>
struct LinearLayer {
  static constexpr Shape kIn{InChannels, 1, 1}, kOut{OutChannels, 1, 1};

  static double operations(Index n) { return 2.0 * static_cast<double>(n) * InChannels * OutChannels; }
  static Buffer<float> padded_weights() {
    Buffer<float> padded(round_up(InChannels, kLanes<float>) * OutChannels);
    pad_rows(random_values(Index{InChannels} * OutChannels, 1).data(), OutChannels, InChannels,
             padded.data());
    return padded;
  }

  static void forward(benchmark::State& state, Index n) {
    const auto x = random_map<kIn>(n, 2);
    FeatureTensor<float, kOut> y(n);
    const Buffer<float> weights = padded_weights();
    time(state, "FLOP", operations(n),
         [&] { linear_forward(kSerial, n, x.view(), weights.data(), y.view(), accumulator); });
  }
  static void input_gradient(benchmark::State& state, Index n) {
    const auto dy = random_map<kOut>(n, 3);
    FeatureTensor<float, kIn> dx(n);
    const Buffer<float> weights = padded_weights();
    time(state, "FLOP", operations(n),
         [&] { linear_input_gradient(kSerial, n, dy.view(), weights.data(), dx.view(), accumulator); });
  }
  static void weight_gradient(benchmark::State& state, Index n) {
    const auto x = random_map<kIn>(n, 2);
    const auto dy = random_map<kOut>(n, 3);
    Buffer<float> dw(Index{InChannels} * OutChannels), db(OutChannels);
    time(state, "FLOP", operations(n),
         [&] { linear_weight_gradient(kSerial, n, x.view(), dy.view(), dw.data(), db.data()); });
  }
};

template <int InChannels, int OutChannels>
void add_linear() {
  using L = LinearLayer<InChannels, OutChannels>;
  add(name_of("linear_forward", InChannels, OutChannels), L::forward);
  add(name_of("linear_input_gradient", InChannels, OutChannels), L::input_gradient);
  add(name_of("linear_weight_gradient", InChannels, OutChannels), L::weight_gradient);
}

template <Shape In>
void global_average(benchmark::State& state, Index n) {
  const auto x = random_map<In>(n, 2);
  FeatureTensor<float, Shape{In.channels, 1, 1}> y(n);
  time(state, "B", bytes(n * In.size()),
       [&] { global_average_pool(kSerial, n, x.view(), y.view(), accumulator); });
}

/// The sums behind mean and variance, as batch norm adds them: of x - s and (x - s)^2.
template <Shape In>
void batch_statistics(benchmark::State& state, Index n) {
  constexpr int B = kLanes<float>;
  const auto map = random_map<In>(n, 2);
  const Planes<const float> x = map.view();
  ChannelSums sums;
  time(state, "B", bytes(n * In.size()), [&] {
    channel_sums<float>(kSerial, n, In, sums, [&](Index i, int block, int r, auto& sum, auto& square) {
      const auto shift = simd::load<float>(x.row(0, block, 0));
      const float* const from = x.row(i, block, r);
      for (int k = 0; k < In.width * B; k += B) {
        const auto d = simd::sub(simd::load<float>(from + k), shift);
        sum = simd::add(sum, d);
        square = simd::fma(d, d, square);
      }
    });
  });
}

template <Shape In>
void add_passes_over_maps() {
  if constexpr (In.width == 7) add(name_of("global_average_pool", In), global_average<In>);
  add(name_of("batch_statistics", In), batch_statistics<In>);
}

/// RGB images from one size to another; bytes are those read and written.
void add_resize(const char* name, int from, int to, Resampling resampling) {
  add(name_of(name, from, to), [=](benchmark::State& state, Index n) {
    const Resize<float> resize(from, from, to, to, resampling);
    const Index planes = 3 * n, size_in = planes * from * from, size_out = planes * to * to;
    const auto in = random_values(size_in, 2);
    Buffer<float> out(size_out), scratch(static_cast<Index>(resize.scratch_size()));
    time(state, "B", bytes(size_in + size_out),
         [&] { resize(in.data(), out.data(), static_cast<int>(planes), scratch.data()); });
  });
}

/// What the core can do at most.
void fma_peak(benchmark::State& state) {
  double operations = 0;
  for (auto _ : state) operations += benchmark_support::peak_run();
  state.counters["FLOP"] = benchmark::Counter(operations, benchmark::Counter::kIsRate);
}

[[maybe_unused]] const bool kAdded = [] {
  benchmark::RegisterBenchmark("fma_peak", fma_peak)->Unit(benchmark::kMicrosecond);
  add_linear<2048, 1000>();
  add_linear<1280, 1000>();
  add_passes_over_maps<Shape{64, 112, 112}>();
  add_passes_over_maps<Shape{256, 56, 56}>();
  add_passes_over_maps<Shape{1024, 14, 14}>();
  add_passes_over_maps<Shape{2048, 7, 7}>();
  add_passes_over_maps<Shape{1280, 7, 7}>();
  for (const int to : {168, 112, 64}) {
    add_resize("resize_antialiased", 224, to, Resampling::antialiased);
    add_resize("resize_bilinear", 224, to, Resampling::bilinear);
  }
  return true;
}();

}  // namespace
}  // namespace kernels_benchmark
