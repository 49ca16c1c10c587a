// The joint step without the straight-through term: the choice is a constant of the backward pass.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
using support::Pictures;
using support::Snapshot;

constexpr Index kImages = 6;

}  // namespace

TEST_CASE("Without the straight-through term only the classifier has a gradient, the same as with it",
          "[training]") {
  const Pictures<double> pictures(kImages);
  std::vector<double> noise(kImages * Net::kCount);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<double>((i * 5) % 7);
  for (const Estimator estimator : {Estimator::sparse, Estimator::dense}) {
    Net with_net(1), without_net(1);
    DynamicStep<Net> with(kImages), without(kImages);
    const auto run = [&](DynamicStep<Net>& step, Net& net, bool straight_through) {
      return step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise,
                        {.estimator = estimator, .alpha = 0, .straight_through = straight_through});
    };
    const StepLosses a = run(with, with_net, true), b = run(without, without_net, false);
    CHECK(a.total == b.total);
    CHECK(a.chosen == b.chosen);
    CHECK(support::same_bits(with.gradients().span(), without.gradients().span()));
    const auto is_zero = [](double g) { return g == 0.0; };
    const auto taught = with.predictor_gradients().span(), left = without.predictor_gradients().span();
    CHECK_FALSE(std::all_of(taught.begin(), taught.end(), is_zero));
    CHECK(std::all_of(left.begin(), left.end(), is_zero));
  }
}

TEST_CASE("A trainer without the straight-through term leaves the predictor's parameters as they are",
          "[training]") {
  const Pictures<double> pictures(kImages);
  Net net(1);
  const Net before(1);
  Trainer<Net> trainer(net, Serial{}, kImages,
                       {.stage = 2,
                        .sgd = {.weight_decay = 0.1},
                        .schedule = {.base = 0.05, .warmup = 0, .total = 2},
                        .joint = {.straight_through = false}});
  trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, 0.0);
  CHECK(support::same_bits(net.predictor().parameters().span(), before.predictor().parameters().span()));
  CHECK_FALSE(
      support::same_bits(net.classifier().parameters().span(), before.classifier().parameters().span()));
}
