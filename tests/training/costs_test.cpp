// Costs of the candidates in another unit than multiply-adds: only their ratios count, and where the ratios
// differ, so do the choices.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
using support::Pictures;
constexpr Index kImages = 6;

TrainerOptions options_of(Estimator estimator, std::vector<double> costs, double alpha) {
  TrainerOptions options{.stage = 2, .predictor_rate = 1};
  options.schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0};
  options.joint = {.estimator = estimator, .eta = 0.3, .alpha = alpha};
  options.costs = std::move(costs);
  return options;
}

/// The network after three steps.
Net trained(const TrainerOptions& options) {
  const Pictures<double> pictures(kImages);
  Net net(5);
  Trainer<Net> trainer(net, Serial{}, kImages, options);
  for (std::uint32_t epoch = 0; epoch < 3; ++epoch)
    trainer.step(pictures.batch(), pictures.labels, pictures.indices, epoch, epoch);
  return net;
}

std::vector<double> counted() {
  std::vector<double> costs;
  for (const Index macs : Net::kMacs) costs.push_back(static_cast<double>(macs) / 1e9);
  return costs;
}

/// Candidate that the predictor takes for nearly all images after it has learnt from the same errors for all.
std::vector<Index> learnt_choice(const std::vector<double>& costs) {
  const Pictures<double> pictures(kImages);
  const std::vector<double> of_one{0, 0.1, 0.5};
  std::vector<double> errors;
  for (Index i = 0; i < kImages; ++i) errors.insert(errors.end(), of_one.begin(), of_one.end());
  Net net(5);
  DynamicStep<Net> step(kImages);
  step.set_costs(costs);
  Sgd<Net::PredictorNetwork> sgd({});
  StepLosses losses;
  for (int k = 0; k < 60; ++k) {
    losses = step.predictor_step(Serial{}, net, pictures.batch(), errors, {.eta = 0.3, .alpha = 0});
    sgd.step(Serial{}, net.predictor(), step.predictor_gradients(), 0.05);
  }
  return losses.chosen;
}

}  // namespace

TEST_CASE("Costs that are counted multiply-adds are the default", "[training]") {
  for (const Estimator estimator : {Estimator::sparse, Estimator::oracle})
    CHECK(support::Snapshot<double>(trained(options_of(estimator, {}, 1e-4))) ==
          support::Snapshot<double>(trained(options_of(estimator, counted(), 1e-4))));
}

TEST_CASE("The unit of costs and target cancels out", "[training]") {
  auto scaled = counted();
  for (double& c : scaled) c *= 1024;  // a power of two: the same roundings
  for (const Estimator estimator : {Estimator::sparse, Estimator::dense, Estimator::oracle})
    CHECK(support::Snapshot<double>(trained(options_of(estimator, scaled, 1024e-4))) ==
          support::Snapshot<double>(trained(options_of(estimator, counted(), 1e-4))));
}

TEST_CASE("Measured costs of other ratios lead to another choice", "[training]") {
  // Errors 0, 0.1, 0.5 and a price of 0.3 for the whole range. Half of the range saved makes the middle
  // candidate the best (0.3 against 0.1 + 0.15), a tenth does not (0.3 against 0.1 + 0.27).
  CHECK(learnt_choice({3, 2, 1}) == std::vector<Index>{0, kImages, 0});
  CHECK(learnt_choice({3, 2.8, 1}) == std::vector<Index>{kImages, 0, 0});
}

TEST_CASE("Costs that are none are refused", "[training]") {
  Net net(5);
  for (const std::vector<double>& costs : {std::vector<double>{3, 2}, {3, 2, 0}, {3, 2, -1}, {3, NAN, 1}})
    CHECK_THROWS_AS(Trainer<Net>(net, Serial{}, kImages, options_of(Estimator::sparse, costs, 1)), Error);
}
