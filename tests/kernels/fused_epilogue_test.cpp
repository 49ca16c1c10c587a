// A scalar that counts how often each variable is assigned proves that a fused chain costs one store per
// output element: nothing is written to the result and read again. Eigen has no packets of it, so a packet is
// one scalar and the production kernels run unchanged.
#include <kernels/oracle.hpp>
#include <support/catch.hpp>

#include <drnet/kernels/convolution.hpp>
#include <drnet/kernels/depthwise.hpp>
#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/sequential.hpp>

#include <cmath>

namespace {

class Counted {
 public:
  Counted() = default;
  explicit Counted(double value) : value_(value) {}
  Counted(const Counted& other) : value_(other.value_) {}
  Counted& operator=(const Counted& other) {
    value_ = other.value_;
    ++stores_;
    return *this;
  }
  ~Counted() = default;

  explicit operator double() const { return value_; }
  [[nodiscard]] int stores() const { return stores_; }

  Counted& operator+=(const Counted& other) { return *this = *this + other; }
  friend Counted operator+(const Counted& a, const Counted& b) { return Counted(a.value_ + b.value_); }
  friend Counted operator*(const Counted& a, const Counted& b) { return Counted(a.value_ * b.value_); }
  friend bool operator<(const Counted& a, const Counted& b) { return a.value_ < b.value_; }

 private:
  double value_ = 0;
  int stores_ = 0;
};

}  // namespace

template <>
struct Eigen::NumTraits<Counted> : Eigen::GenericNumTraits<Counted> {};

namespace {

using namespace drnet;
static_assert(kLanes<Counted> == 1);

/// A user's own activation: x / 2 + x^2.
struct Bend {
  template <class P>
  P operator()(const P& x) const {
    return simd::fma(x, x, simd::mul(x, simd::broadcast<Counted>(Counted(0.5))));
  }
};
double bend(double x) {
  return x * x + x * 0.5;
}

std::vector<double> wave(std::size_t count, double phase) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(phase + 0.7 * static_cast<double>(i));
  return values;
}
Buffer<Counted> counted(const std::vector<double>& values) {
  Buffer<Counted> result(static_cast<Index>(values.size()));
  std::transform(values.begin(), values.end(), result.data(), [](double v) { return Counted(v); });
  return result;
}

/// Every element of the map was stored once since it was made, and nothing around the elements at all.
template <Shape S, int Halo>
void check_stored_once(FeatureMap<const Counted, S, Halo> map, Index n) {
  using Map = FeatureMap<const Counted, S, Halo>;
  Index inside = 0, elements = 0, all = 0;
  for (Index i = 0; i < n; ++i)
    for (int c = 0; c < S.channels; ++c)
      for (int y = 0; y < S.height; ++y)
        for (int x = 0; x < S.width; ++x) {
          inside += map.at(i, c, y, x).stores();
          elements += map.at(i, c, y, x).stores() == 1;
        }
  for (Index i = 0; i < n * Map::kImageStride; ++i) all += map.data()[i].stores();
  CHECK(elements == n * S.size());
  CHECK(inside == n * S.size());
  CHECK(all == inside);
}

/// relu(scale * convolution + shift + residual), then a user's function, against loops in double.
template <Window W, Shape In, int OutChannels, int Groups = 1>
void check_chain() {
  constexpr Shape out = W.output(In, OutChannels);
  constexpr Index n = 2;
  INFO(to_string(In) << " to " << to_string(out) << ", kernel " << W.kernel << ", stride " << W.stride);
  const auto size = [](Shape s) { return static_cast<std::size_t>(n * s.size()); };
  const auto x = wave(size(In), 0), residual = wave(size(out), 1), scale = wave(OutChannels, 2),
             shift = wave(OutChannels, 3),
             w = wave(std::size_t(OutChannels) * (In.channels / Groups) * W.kernel * W.kernel, 4);
  std::vector<double> expected(size(out)), actual(size(out));
  oracle::for_each_product(n, In, OutChannels, W, Groups,
                           [&](std::size_t o, std::size_t i, std::size_t k) { expected[o] += x[i] * w[k]; });
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t c = i / static_cast<std::size_t>(out.pixels()) % OutChannels;
    expected[i] = bend(std::max(expected[i] * scale[c] + shift[c] + residual[i], 0.0));
  }

  FeatureTensor<Counted, In, W.padding> tx(n);
  FeatureTensor<Counted, out, 1> ty(n);
  FeatureTensor<Counted, out> tr(n);
  from_planar(x.data(), tx.view(), n);
  from_planar(residual.data(), tr.view(), n);
  const Buffer<Counted> weights = counted(w), scales = counted(scale), shifts = counted(shift);
  constexpr ConvChannels channels{.out = OutChannels, .in = In.channels, .groups = Groups};
  Buffer<Counted> packed(packed_size<Counted>(channels, W.kernel * W.kernel));
  const Serial serial;
  const auto chain =
      map(Bend{}, relu(multiply_add(accumulator, per_channel(scales.data()), per_channel(shifts.data())) +
                       elements(tr.view())));
  if constexpr (Groups == In.channels && Groups == OutChannels) {
    pack_depthwise(weights.data(), In.channels, W.kernel, packed.data());
    depthwise_forward<W>(serial, n, std::as_const(tx).view(), packed.data(), ty.view(), chain);
  } else {
    pack_weights(serial, weights.data(), channels, W.kernel, packed.data());
    convolution_forward<W, Groups>(serial, n, std::as_const(tx).view(), packed.data(), ty.view(), chain);
  }
  check_stored_once(std::as_const(ty).view(), n);
  to_planar(ty.view(), actual.data(), n);
  for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(actual[i] == Approx(expected[i]).margin(1e-12));
}

}  // namespace

TEST_CASE("A convolution with a fused chain stores each output once", "[epilogue]") {
  check_chain<Window{3, 1, 1}, Shape{3, 6, 30}, 5>();
  check_chain<Window{3, 1, 1}, Shape{4, 7, 7}, 6>();
  check_chain<Window{3, 2, 1}, Shape{3, 9, 8}, 4>();
  check_chain<Window{1, 1, 0}, Shape{5, 4, 4}, 7>();
  check_chain<Window{1, 2, 0}, Shape{5, 5, 5}, 2>();
  check_chain<Window{5, 1, 2}, Shape{2, 3, 3}, 1>();
}

TEST_CASE("A grouped convolution with a fused chain stores each output once", "[epilogue]") {
  check_chain<Window{3, 1, 1}, Shape{6, 5, 4}, 4, 2>();
  check_chain<Window{3, 2, 1}, Shape{6, 5, 4}, 9, 3>();
}

TEST_CASE("A depthwise convolution with a fused chain stores each output once", "[epilogue]") {
  check_chain<Window{3, 1, 1}, Shape{5, 6, 9}, 5, 5>();
  check_chain<Window{3, 2, 1}, Shape{5, 7, 7}, 5, 5>();
  check_chain<Window{5, 1, 2}, Shape{3, 5, 20}, 3, 3>();
}

TEST_CASE("An input gradient stores each element once", "[epilogue]") {
  constexpr Window w{3, 2, 1};
  constexpr Shape in{4, 9, 8}, out = w.output(in, 3);
  constexpr int halo = std::max(gradient_halo(w, in.height), gradient_halo(w, in.width));
  FeatureTensor<Counted, out, halo> dy(2);
  FeatureTensor<Counted, in> dx(2), other(2);
  const Buffer<Counted> weights = counted(wave(3 * 4 * 9, 0));
  Buffer<Counted> packed(turned_size<Counted>({.out = 3, .in = 4}, w));
  const Serial serial;
  pack_input_gradient<w, in>(serial, weights.data(), {.out = 3, .in = 4}, packed.data());
  convolution_input_gradient<w>(serial, 2, std::as_const(dy).view(), packed.data(), dx.view(),
                                relu(accumulator + elements(other.view())));
  check_stored_once(std::as_const(dx).view(), 2);
}

TEST_CASE("Convolution, batch norm and rectifier store each output once at inference", "[epilogue]") {
  using Net = Sequential<Conv2d<ConvOptions{.out = 5, .kernel = 3, .bias = true}>, BatchNorm, ReLU>;
  constexpr Shape in{3, 6, 7};
  Buffer<Counted> parameters = counted(wave(static_cast<std::size_t>(Net::parameters(in, 1)), 0)),
                  statistics = counted(wave(static_cast<std::size_t>(Net::statistics(in, 1)), 1)),
                  prepared(Net::prepared<Counted>(in, 1)), arena(Net::arena<Counted, in>(2, 1));
  for (Index i = 5; i < 10; ++i) statistics[i] = Counted(1.5);  // the running variances
  Net::prepare(in, 1, parameters.data(), statistics.data(), prepared.data());
  FeatureTensor<Counted, in, 1> x(2);
  FeatureTensor<Counted, Net::output(in)> y(2);
  from_planar(wave(2 * std::size_t(in.size()), 2).data(), x.view(), 2);
  const Serial serial;
  run_infer<Net>(Pass{serial, 2, 2}, std::as_const(x).view(), y.view(), accumulator,
                 static_cast<const Counted*>(prepared.data()), arena.data());
  check_stored_once(std::as_const(y).view(), 2);
}
