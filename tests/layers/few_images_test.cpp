// Inference takes few images at a time through layers with large tensors: the same bits, less memory, and
// from a source no more images than are wanted.
#include <support/catch.hpp>
#include <support/policies.hpp>

#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/network.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/residual.hpp>

#include <numeric>
#include <vector>

using namespace drnet;

namespace {

template <int Out, int Kernel, int Stride>
using Conv = Sequential<Conv2d<ConvOptions{.out = Out, .kernel = Kernel, .stride = Stride}>, BatchNorm, ReLU>;
using Block = Residual<Sequential<Conv<32, 1, 1>, Conv2d<ConvOptions{.out = 32, .kernel = 3}>>>;
using Stem = Sequential<Conv<16, 3, 2>, Conv<32, 3, 2>>;
using Topology =
    Sequential<Stem, Block, Conv<32, 3, 2>, Block, Conv<64, 3, 2>, GlobalAveragePool, Linear<10>>;
constexpr Shape kIn{3, 224, 224};
constexpr int kHalo = Topology::input_halo(kIn);
using Images = FeatureMap<float, kIn, kHalo>;

/// Images of one memory, handed out in copies of a few.
struct CountingSource {
  static constexpr Shape kShape = kIn;
  const float* images;
  Buffer<float>& memory;
  std::vector<Index>& fetched;

  [[nodiscard]] CountingSource from(Index i) const {
    return {images + i * Images::kImageStride, memory, fetched};
  }
  [[nodiscard]] FeatureMap<const float, kIn, kHalo> fetch(Index n) const {
    fetched.push_back(n);
    REQUIRE(n * Images::kImageStride <= memory.size());
    std::copy_n(images, n * Images::kImageStride, memory.data());
    return FeatureMap<const float, kIn, kHalo>(memory.data());
  }
};

struct Prepared {
  Network<Topology> net{7};
  Buffer<float> weights{Topology::prepared<float>(kIn, 1)}, images;

  explicit Prepared(Index n) : images(n * Images::kImageStride) {
    Topology::prepare(kIn, 1, net.parameters().data(), net.statistics().data(), weights.data());
    const Random random(8, Purpose::check);
    const Images map(images.data());
    std::uint32_t k = 0;
    for (Index i = 0; i < n; ++i)
      for (int c = 0; c < 3; ++c)
        for (int y = 0; y < kIn.height; ++y)
          for (int x = 0; x < kIn.width; ++x) map.at(i, c, y, x) = random.uniform(k++, -1.0F, 1.0F);
  }

  /// Logits of n images that the layers take from x, in memory of exactly the size that is asked for, which
  /// held something else before.
  template <class X>
  std::vector<float> infer(const ExecutionPolicy& policy, Index n, Index capacity, X x) const {
    Buffer<float> arena(Topology::arena<float, kIn>(capacity, policy.threads()));
    arena.fill(std::numeric_limits<float>::quiet_NaN());
    using Logits = FeatureMap<float, Shape{10, 1, 1}, 0>;
    Buffer<float> logits(n * Logits::kImageStride);
    run_infer<Topology>(Pass{policy, n, capacity}, x, Logits(logits.data()), accumulator, weights.data(),
                        arena.data());
    return {logits.data(), logits.data() + logits.size()};
  }
};

}  // namespace

TEST_CASE("Steps with large tensors take few images, and never more than those behind them", "[inference]") {
  constexpr auto steps = Topology::steps<float>(kIn);
  STATIC_REQUIRE(steps.front().images == Stem::last_images<float>(kIn));
  STATIC_REQUIRE(steps.front().images < steps[steps.size() - 2].images);
  STATIC_REQUIRE(std::is_sorted(steps.begin(), steps.end(),
                                [](const auto& a, const auto& b) { return a.images < b.images; }));
  STATIC_REQUIRE(steps.back().images == std::numeric_limits<Index>::max());
  // 3 (in one block of channels) x 224 x 224 and 16 x 112 x 112 floats
  constexpr auto stem = Stem::steps<float>(kIn);
  STATIC_REQUIRE(stem[0].images <= (kLanes<float> > 8 ? 1 : 2));
  STATIC_REQUIRE(Topology::source_images<float, kIn>(64) == stem[0].images);
  STATIC_REQUIRE(source_images<Block, float, Shape{32, 8, 8}>(5) == 5);
}

TEST_CASE("The arena holds large tensors of few images", "[inference]") {
  constexpr Index one = Topology::arena<float, kIn>(1, 1), sixteen = Topology::arena<float, kIn>(16, 1);
  CAPTURE(one, sixteen);
  CHECK(sixteen < 8 * one);
  CHECK(sixteen >= one);
}

TEST_CASE("Links that take turns in memory keep their halos", "[inference]") {
  // Planes of 16, 8, 4 and 2: equally many images everywhere, other halos in every step.
  using Small = Sequential<Conv<16, 3, 1>, Conv<8, 3, 2>, Conv<24, 3, 1>, Conv<16, 3, 2>, Conv<32, 3, 1>,
                           Conv<40, 3, 2>, Conv<16, 3, 1>, GlobalAveragePool, Linear<10>>;
  constexpr Shape in{3, 16, 16};
  constexpr auto steps = Small::steps<float>(in);
  STATIC_REQUIRE(steps[0].images == steps[steps.size() - 2].images);
  constexpr Index n = 3;
  Network<Small> net(11);
  Activations<Small, in, float> activations(n);
  const Random random(12, Purpose::check);
  std::vector<float> planar(static_cast<std::size_t>(n * in.size()));
  for (std::size_t i = 0; i < planar.size(); ++i)
    planar[i] = random.uniform(static_cast<std::uint32_t>(i), -1.0F, 1.0F);
  from_planar(planar.data(), activations.input(), n);
  Buffer<float> scratch(activations.scratch(n));
  activations.forward(Pass{Serial{}, n, n, 0, 1, Statistics::running}, net, scratch.data());
  std::vector<float> expected(static_cast<std::size_t>(n) * 10), got(expected.size());
  to_planar(activations.output(), expected.data(), n);

  Buffer<float> weights(Small::prepared<float>(in, 1)), arena(Small::arena<float, in>(n, 1));
  Small::prepare(in, 1, net.parameters().data(), net.statistics().data(), weights.data());
  arena.fill(3.0F);
  FeatureTensor<float, Shape{10, 1, 1}> logits(n);
  const auto input = activations.input();
  run_infer<Small>(Pass{Serial{}, n, n}, FeatureMap<const float, in, Small::input_halo(in)>(input),
                   logits.view(), accumulator, static_cast<const float*>(weights.data()), arena.data());
  to_planar(logits.view(), got.data(), n);
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(double(expected[i])));
    error = std::max(error, std::abs(double(expected[i]) - double(got[i])));
  }
  CHECK(largest > 0);
  CHECK(error <= 1e-4 * largest);
}

TEST_CASE("A batch gives the bits of its images one by one, from a feature map and from a source",
          "[inference]") {
  const Index n = 7;
  const Prepared net(n);
  std::vector<float> expected;
  for (Index i = 0; i < n; ++i) {
    const auto logits = net.infer(
        Serial{}, 1, 1, FeatureMap<const float, kIn, kHalo>(net.images.data() + i * Images::kImageStride));
    expected.insert(expected.end(), logits.begin(), logits.end());
  }
  CHECK(std::all_of(expected.begin(), expected.end(), [](float v) { return std::isfinite(v); }));
  CHECK(std::count(expected.begin(), expected.end(), 0.0F) < 7 * n);  // spare lanes alone
  for (const auto& [name, policy] : support::policies())
    for (const Index capacity : {n, Index{16}}) {
      INFO(name << ", capacity " << capacity);
      CHECK(net.infer(*policy, n, capacity, FeatureMap<const float, kIn, kHalo>(net.images.data())) ==
            expected);
      const Index most = source_images<Topology, float, kIn>(capacity);
      Buffer<float> memory(most * Images::kImageStride);
      std::vector<Index> fetched;
      CHECK(net.infer(*policy, n, capacity, CountingSource{net.images.data(), memory, fetched}) == expected);
      CHECK(std::accumulate(fetched.begin(), fetched.end(), Index{0}) == n);
      CHECK(*std::max_element(fetched.begin(), fetched.end()) <= most);
      CHECK(fetched.size() > 1);
    }
}
