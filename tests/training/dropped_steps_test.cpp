// Dropout and stochastic depth in training steps: drawn from (seed, epoch, sample), so that a run that stops
// and goes on drops the same.
#include <support/catch.hpp>
#include <support/temp_dir.hpp>
#include <support/tiny_network.hpp>

#include <drnet/io/checkpoint.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using support::Pictures;
using support::Snapshot;

using Classifier =
    Sequential<Named<"stem", Conv2d<ConvOptions{.out = 8, .kernel = 3, .stride = 2}>>, BatchNorm, SiLU,
               Named<"block", MBConv<InvertedResidualOptions{
                                  .in = 8, .out = 8, .expand = 2, .drop = DropOptions{.p = 0.5}}>>,
               GlobalAveragePool, Dropout<DropOptions{.p = 0.5}>, Named<"fc", Linear<10>>>;
using Predictor = models::MobilePredictor<16, models::MobilePredictorOptions{
                                                  .stem = 4, .widths = {4, 4, 4, 8, 8, 8}, .expand = 2}>;
using Net = DynamicNetwork<Classifier, Predictor, Resolutions<16, 12>>;

/// A network and its trainer, on one batch of pictures.
struct Run {
  explicit Run(int stage, double classifier_rate = 1, Estimator estimator = Estimator::sparse)
      : net(3),
        trainer(net, {}, 6,
                {.stage = stage,
                 .schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0},
                 .classifier_rate = classifier_rate,
                 .joint = {.estimator = estimator, .alpha = 1e-4},
                 .seed = 8}) {}
  double step(std::uint32_t epoch) {
    return trainer.step(pictures.batch(), pictures.labels, pictures.indices, epoch, epoch).total;
  }

  Net net;
  Trainer<Net> trainer;
  Pictures<float> pictures{6, 16};
};

}  // namespace

TEST_CASE("A run that drops goes on from a checkpoint with the same bits") {
  for (const int stage : {1, 2}) {
    CAPTURE(stage);
    Run whole(stage), first(stage), second(stage);
    whole.step(0);
    first.step(0);
    const support::TempDir folder;
    save_checkpoint(folder / "run.safetensors", first.net, first.trainer.state(), {});
    load_checkpoint(folder / "run.safetensors", second.net, second.trainer.state());
    second.trainer.set_steps(1);
    CHECK(second.step(1) == whole.step(1));
    CHECK(Snapshot<float>(second.net) == Snapshot<float>(whole.net));
  }
}

TEST_CASE("What is dropped is a function of the epoch") {
  Run one(1), same(1), other_epoch(1);
  const double loss = one.step(0);
  CHECK(same.step(0) == loss);
  CHECK(other_epoch.step(1) != loss);
}

TEST_CASE("A classifier at rest drops nothing") {
  Run one(2, 0, Estimator::oracle), other_epoch(2, 0, Estimator::oracle);  // without Gumbel noise
  CHECK(one.step(0) == other_epoch.step(1));
  Run learning(2, 1, Estimator::oracle), in_other_epoch(2, 1, Estimator::oracle);
  CHECK(learning.step(0) != in_other_epoch.step(1));
}
