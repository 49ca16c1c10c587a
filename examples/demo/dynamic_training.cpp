#include "dynamic.hpp"
#include "train.hpp"

#include <drnet/data/subset.hpp>

#include <cstdio>

void demo::train_dynamic(Dynamic& net, const Pictures& train_set, double seconds) {
  const auto [rest, held] = drnet::hold_out(train_set, kHeldOut, 1);
  const drnet::Index first =
      train(net, *rest, {.stage = 1, .first_stage = drnet::FirstStage::sampled}, {kStage1 * seconds, 0.1, 0});
  drnet::TrainerOptions stage2{.stage = 2, .predictor_rate = 1, .classifier_rate = 0};
  stage2.joint = {.estimator = drnet::Estimator::oracle,
                  .eta = kEta,
                  .alpha = kTarget * 1e-9 * static_cast<double>(Dynamic::kMacs[0])};
  const drnet::Index second = train(net, *held, stage2, {(1 - kStage1) * seconds, 0.5, 1000});
  std::printf("dynamic 32/24/16  trained on %ld images at random resolutions, then %ld for the predictor\n",
              static_cast<long>(first), static_cast<long>(second));
}

void demo::train_for_dice(Dynamic& net, const Pictures& train_set, double seconds) {
  const drnet::Index images =
      train(net, *train_set, {.stage = 1, .first_stage = drnet::FirstStage::sampled}, {seconds, 0.1, 0});
  std::printf("random router     trained on %ld images at random resolutions\n", static_cast<long>(images));
}
