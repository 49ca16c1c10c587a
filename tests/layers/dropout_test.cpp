// Dropout and stochastic depth: what is dropped, how often, and by which random numbers.
#include <support/catch.hpp>

#include <drnet/layers/inverted_residual.hpp>
#include <drnet/layers/network.hpp>

#include <numeric>

namespace {

using namespace drnet;

/// The result of L for images of ones, image i being sample samples[i]; samples empty: without noise.
template <class L, Shape In>
std::vector<float> drop_ones(std::vector<std::uint32_t> samples, std::uint32_t epoch = 0) {
  const auto n = static_cast<Index>(samples.empty() ? 4 : samples.size());
  Network<L, float, 1, In.channels> net;
  Activations<L, In, float> activations(n);
  Buffer<float> scratch(activations.scratch(n));
  const std::vector<float> ones(static_cast<std::size_t>(n * In.size()), 1.0F);
  from_planar(ones.data(), activations.input(), n);
  const PassNoise noise{.seed = 3, .epoch = epoch, .samples = samples};
  const Serial serial;
  activations.forward({.policy = serial, .n = n, .capacity = n, .noise = samples.empty() ? nullptr : &noise},
                      net, scratch.data());
  std::vector<float> result(ones.size());
  to_planar(activations.output(), result.data(), n);
  return result;
}

double share_of(const std::vector<float>& values, float wanted) {
  return static_cast<double>(std::count(values.begin(), values.end(), wanted)) /
         static_cast<double>(values.size());
}

std::vector<std::uint32_t> first_samples(std::uint32_t count) {
  std::vector<std::uint32_t> samples(count);
  std::iota(samples.begin(), samples.end(), 0U);
  return samples;
}

}  // namespace

TEST_CASE("Dropout zeroes a share of the elements and scales the others") {
  const auto values = drop_ones<Dropout<DropOptions{.p = 0.25}>, Shape{10, 16, 16}>({0, 1, 2, 3});
  CHECK(share_of(values, 0) == Approx(0.25).margin(0.02));
  CHECK(share_of(values, 0) + share_of(values, 1 / 0.75F) == 1);
  const auto kept = drop_ones<Dropout<DropOptions{.p = 0.25}>, Shape{10, 16, 16}>({});
  CHECK(share_of(kept, 1) == 1);
}

TEST_CASE("What an image drops depends on its number and the epoch, not on the batch") {
  constexpr Shape in{10, 4, 4};
  using L = Dropout<>;
  const auto image = [&](const std::vector<float>& batch, std::size_t i) {
    return std::vector<float>(batch.begin() + static_cast<std::ptrdiff_t>(i) * in.size(),
                              batch.begin() + static_cast<std::ptrdiff_t>(i + 1) * in.size());
  };
  const auto batch = drop_ones<L, in>({5, 6, 7}), alone = drop_ones<L, in>({7});
  CHECK(image(batch, 2) == image(alone, 0));
  CHECK(image(batch, 1) != image(batch, 2));
  CHECK(drop_ones<L, in>({7}, 1) != alone);
}

TEST_CASE("Two layers of one network drop by numbers of their own") {
  constexpr Shape in{10, 16, 16};
  const auto once = drop_ones<Dropout<>, in>({0, 1}),
             twice = drop_ones<Sequential<Dropout<>, Dropout<>>, in>({0, 1});
  CHECK(share_of(once, 0) == Approx(0.5).margin(0.03));
  CHECK(share_of(twice, 0) == Approx(0.75).margin(0.03));
}

TEST_CASE("Stochastic depth drops whole images") {
  constexpr Shape in{3, 4, 4};
  const auto values = drop_ones<StochasticDepth<DropOptions{.p = 0.25}>, in>(first_samples(2000));
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(in.size()))
    for (std::size_t k = 1; k < static_cast<std::size_t>(in.size()); ++k) REQUIRE(values[i + k] == values[i]);
  CHECK(share_of(values, 0) == Approx(0.25).margin(0.03));
  CHECK(share_of(values, 0) + share_of(values, 1 / 0.75F) == 1);
}

TEST_CASE("A probability must be from 0 to below 1") {
  STATIC_REQUIRE(valid<Dropout<DropOptions{.p = 0}>, Shape{3, 4, 4}>);
  STATIC_REQUIRE(!valid<Dropout<DropOptions{.p = 1}>, Shape{3, 4, 4}>);
  STATIC_REQUIRE(!valid<StochasticDepth<DropOptions{.p = -0.1}>, Shape{3, 4, 4}>);
}
