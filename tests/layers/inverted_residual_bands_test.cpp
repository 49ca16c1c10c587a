// Inverted residuals band by band give the bits of their layers one after the other, for every policy, number
// of threads and number of images.
#include <support/catch.hpp>
#include <support/policies.hpp>

#include <drnet/layers/inverted_residual.hpp>
#include <drnet/layers/network.hpp>

#include <numeric>

using namespace drnet;

namespace {

template <class Act, InvertedResidualOptions O, bool Excited>
struct BranchOf;
template <class Act, InvertedResidualOptions O>
struct BranchOf<Act, O, false> {
  using Type = detail::InvertedBranch<O, Act, Conv2d<ConvOptions{.out = O.out, .kernel = 1}>, BatchNorm>;
};
template <class Act, InvertedResidualOptions O>
struct BranchOf<Act, O, true> {
  using Type =
      detail::InvertedBranch<O, Act, SqueezeExcite<SqueezeExciteOptions{.channels = O.wide(), .squeeze = 4}>,
                             Sequential<Conv2d<ConvOptions{.out = O.out, .kernel = 1}>, BatchNorm>>;
};

template <class Act, InvertedResidualOptions O, Shape In, bool Excited = false>
void check_bands() {
  using Branch = typename BranchOf<Act, O, Excited>::Type;
  using Layers = typename Branch::Base;
  STATIC_REQUIRE(Branch::template banded<float>(In));
  INFO("input " << to_string(In) << ", output " << to_string(Branch::output(In)));
  constexpr Index n = 3;
  const Network<Branch, float, 1, In.channels> net(1);
  Buffer<float> prepared(Branch::template prepared<float>(In, 1));
  Branch::prepare(In, 1, net.parameters().data(), net.statistics().data(), prepared.data());

  FeatureTensor<float, In, 1> x(n);
  const Random random(3, Purpose::check);
  std::vector<float> planar(static_cast<std::size_t>(n * In.size()));
  for (std::size_t i = 0; i < planar.size(); ++i)
    planar[i] = random.uniform(static_cast<std::uint32_t>(i), -1.0F, 1.0F);
  from_planar(planar.data(), x.view(), n);
  FeatureTensor<float, Branch::output(In), 1> y(n), want(n);
  const auto epilogue = accumulator + elements(want.view());  // anything that reads rows of its own

  std::vector<float> expected(static_cast<std::size_t>(n * Branch::output(In).size())), got(expected.size());
  {
    FeatureTensor<float, Branch::output(In), 1> result(n);
    Buffer<float> arena(Layers::template arena<float, In>(n, 1));
    Layers::infer(Pass{Serial{}, n, n}, std::as_const(x).view(), result.view(), epilogue,
                  static_cast<const float*>(prepared.data()), arena.data());
    to_planar(result.view(), expected.data(), n);
  }
  REQUIRE(std::accumulate(expected.begin(), expected.end(), 0.0) != 0.0);
  for (const auto& [name, policy] : support::policies()) {
    INFO(name);
    Buffer<float> arena(Branch::template arena<float, In>(n, policy->threads()));
    std::fill_n(arena.data(), arena.size(), 3.0F);  // what was there before does not matter
    const Pass pass{*policy, n, n};
    Branch::infer(pass, std::as_const(x).view(), y.view(), epilogue,
                  static_cast<const float*>(prepared.data()), arena.data());
    to_planar(y.view(), got.data(), n);
    CHECK(got == expected);
    Branch::infer(Pass{*policy, 1, n}, std::as_const(x).view(), y.view(), epilogue,
                  static_cast<const float*>(prepared.data()), arena.data());
    to_planar(y.view(), got.data(), 1);
    CHECK(std::equal(got.begin(), got.begin() + got.size() / n, expected.begin()));
  }
}

}  // namespace

TEST_CASE("Bands of an inverted residual have the bits of its layers", "[inverted residual][threads]") {
  check_bands<ReLU6, InvertedResidualOptions{.in = 24, .out = 24}, Shape{24, 56, 56}>();
  check_bands<ReLU6, InvertedResidualOptions{.in = 16, .out = 20, .stride = 2}, Shape{16, 61, 53}>();
  check_bands<ReLU6, InvertedResidualOptions{.in = 20, .out = 20, .kernel = 5}, Shape{20, 26, 25}>();
  check_bands<ReLU6, InvertedResidualOptions{.in = 32, .out = 32, .kernel = 1, .stride = 2},
              Shape{32, 60, 60}>();
}

TEST_CASE("So have those of a block with squeeze and excite", "[inverted residual][threads]") {
  check_bands<SiLU, InvertedResidualOptions{.in = 24, .out = 24, .kernel = 5}, Shape{24, 40, 40}, true>();
  check_bands<SiLU, InvertedResidualOptions{.in = 16, .out = 24, .kernel = 5, .stride = 2}, Shape{16, 31, 29},
              true>();
}
