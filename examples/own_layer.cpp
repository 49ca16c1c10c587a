// A layer of one's own, y = w[channel] * x, with the smallest contract that trains and infers: no fusion. Its
// gradients are checked in double; then a network that holds it learns.
#include <drnet/drnet.hpp>
#include <drnet/training/gradient_check.hpp>

#include <cstdio>

using namespace drnet;

struct ChannelScale : PlainLayer {  // PlainLayer: no padding, no memory, no parameters unless said otherwise
  static constexpr std::string_view kName = "ChannelScale";
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index parameters(Shape in, int) { return in.channels; }
  static void visit(Shape in, int, const std::string& prefix, TensorList& list) {
    list.add(joined_name(prefix, "weight"), {in.channels}, Role::bn_weight);  // begins as 1
  }
  /// The weights, padded with zeros to whole packets of channels.
  template <class T>
  static constexpr Index prepared(Shape in, int) {
    return round_up(in.channels, kLanes<T>);
  }
  template <class T>
  static void prepare(Shape in, int, const T* parameters, const T*, T* to) {
    std::fill(std::copy_n(parameters, in.channels, to), to + prepared<T>(in, 1), T(0));
  }
  template <class T, Shape In>
  static constexpr Index scratch(Index) {
    return prepared<T>(In, 1);
  }

  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T> s) {
    prepare(X::kShape, 1, s.parameters, s.statistics, s.scratch);
    infer(pass, x, y, s.scratch, s.scratch);
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X x, Y, DY dy, DX dx, State<T> s) {
    constexpr Shape in = X::kShape;
    for (int c = 0; c < in.channels; ++c)  // dw = sum of x dy, over images and pixels in a fixed order
      for (Index i = 0; i < pass.n; ++i)
        for (int r = 0; r < in.height; ++r)
          for (int q = 0; q < in.width; ++q) s.gradients[c] += x.at(i, c, r, q) * dy.at(i, c, r, q);
    prepare(in, 1, s.parameters, s.statistics, s.scratch);
    if constexpr (!std::same_as<DX, NoGradient>)
      assign(pass, dx, elements(dy) * per_channel<T>(s.scratch));  // dx = w dy
  }
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T* weights, T*) {
    assign(pass, y, elements(x) * per_channel<T>(weights));
  }
};

using Topology = Sequential<Conv2d<ConvOptions{.out = 16, .kernel = 3, .stride = 2}>, BatchNorm, ChannelScale,
                            ReLU, GlobalAveragePool, Linear<10>>;
using Net = DynamicNetwork<Topology, NoPredictor, Resolutions<32>>;

int main() {
  const GradientReport gradients = check_gradients<ChannelScale, Shape{20, 5, 3}>();
  std::printf("%s", gradients.summary().c_str());

  Net net(/*seed=*/1);
  const Synthetic pictures({.images = 256, .seed = 1});
  const Loader loader(pictures, eval_transform({.size = 32, .resize_shorter = 0}),
                      {.batch = 64, .threads = 0});
  Trainer<Net> trainer(net, Serial{}, 64, {.schedule = {.decay = Decay::constant, .base = 0.1, .warmup = 0}});
  double first = 0, last = 0;
  for (std::uint32_t epoch = 0; epoch < 4; ++epoch) {
    auto batches = loader.epoch(epoch);
    last = trainer.epoch(epoch, batches, 4, [](Index, const StepLosses&) {}).loss;
    if (epoch == 0) first = last;
    std::printf("epoch %u: loss %.3f\n", epoch, last);
  }
  return gradients.passes() && last < first ? 0 : 1;
}
