// A trainer learns, stops on what it cannot train on, and leaves the network as it was when it does.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/data/loader.hpp>
#include <drnet/training/trainer.hpp>

#include <limits>

namespace {

using namespace drnet;
using Net = support::TinyNet<float>;
using support::Pictures;
using support::Snapshot;

TrainerOptions options_of(int stage) {
  return {.stage = stage,
          .schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0},
          .joint = {.eta = 0.1, .alpha = 1e-4},
          .seed = 4};
}

/// Whether `net` is now what it would be had `refused` never been tried.
void check_as_if_never_tried(Trainer<Net>& trainer, Net& net, int stage) {
  const Pictures<float> good(4);
  Net other(2);
  Trainer<Net> fresh(other, Serial{}, 4, options_of(stage));
  trainer.step(good.batch(), good.labels, good.indices, 0, 0);
  fresh.step(good.batch(), good.labels, good.indices, 0, 0);
  CHECK(Snapshot<float>(net) == Snapshot<float>(other));
  CHECK(trainer.steps() == fresh.steps());
}

}  // namespace

TEST_CASE("A loss that is not finite stops the training and changes nothing") {
  for (const int stage : {1, 2}) {
    CAPTURE(stage);
    Net net(2);
    const Snapshot<float> before(net);
    Trainer<Net> trainer(net, Serial{}, 4, options_of(stage));
    trainer.set_steps(41);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Pictures<float> pictures(4);
      pictures.values()[5] = bad;
      try {
        trainer.step(pictures.batch(), pictures.labels, pictures.indices, 3, 3.5);
        FAIL("no error");
      } catch (const Error& e) {
        CHECK(e.place() == "training, stage " + std::to_string(stage) + ", epoch 4, step 42");
        CHECK(e.expected() == "a finite loss");
      }
      CHECK(Snapshot<float>(net) == before);
    }
    trainer.set_steps(0);
    check_as_if_never_tried(trainer, net, stage);
  }
}

TEST_CASE("A batch that a batch norm refuses halfway changes nothing") {
  // Candidate 24 passes and updates its bank before candidate 12, whose maps are 1 x 1, is found to be alone.
  using Narrow = Sequential<Named<"conv1", Conv2d<ConvOptions{.out = 8, .kernel = 3, .stride = 12}>>,
                            Named<"bn1", BatchNorm>, ReLU, GlobalAveragePool, Named<"fc", Linear<10>>>;
  using NarrowNet = DynamicNetwork<Narrow, support::TinyPredictor, support::TinyCandidates>;
  NarrowNet net(2);
  const Snapshot<float> before(net);
  Trainer<NarrowNet> trainer(net, Serial{}, 1, options_of(1));
  const Pictures<float> pictures(1);
  CHECK_THROWS_AS(trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, 0), Error);
  CHECK(Snapshot<float>(net) == before);
}

TEST_CASE("No images, or no batches in an epoch, are errors") {
  Net net(2);
  Trainer<Net> trainer(net, Serial{}, 4, options_of(1));
  const ImageBatch<float> none{nullptr, 0, 3, 24, 24};
  CHECK_THROWS_AS(trainer.step(none, {}, {}, 0, 0), Error);
  const std::vector<Batch> empty;
  CHECK_THROWS_AS(trainer.epoch(0, empty, 1, [](Index, const StepLosses&) {}), Error);
}

TEST_CASE("Both stages learn a batch by heart") {
  const Pictures<float> pictures(8);
  for (const int stage : {1, 2}) {
    CAPTURE(stage);
    Net net(2);
    Trainer<Net> trainer(net, Serial{}, 8, options_of(stage));
    const auto loss = [&](std::uint32_t epoch) {
      const auto losses = trainer.step(pictures.batch(), pictures.labels, pictures.indices, epoch, epoch);
      return losses.cross_entropy / (stage == 1 ? 3 : 1);
    };
    const double first = loss(0);
    for (std::uint32_t epoch = 1; epoch < 60; ++epoch) loss(epoch);
    CHECK(loss(60) < 0.5 * first);
  }
}

TEST_CASE("A classifier's rate of zero freezes it in stage 2: only the predictor learns") {
  const Pictures<float> pictures(4);
  for (const Estimator estimator : {Estimator::sparse, Estimator::dense}) {
    Net net(2);
    const Net before(2);
    TrainerOptions options = options_of(2);
    options.classifier_rate = 0;
    options.joint.estimator = estimator;
    Trainer<Net> trainer(net, Serial{}, 4, options);
    trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, 0);
    const auto &classifier = net.classifier(), &old = before.classifier();
    CHECK(support::same_bits(classifier.parameters().span(), old.parameters().span()));
    CHECK(support::same_bits(classifier.statistics().span(), old.statistics().span()));
    CHECK_FALSE(
        support::same_bits(net.predictor().parameters().span(), before.predictor().parameters().span()));
  }
}

TEST_CASE("The noise of a sample depends on seed, epoch and sample, not on its place in the batch") {
  CHECK(gumbel_noise(4, 1, 7, 2) == gumbel_noise(4, 1, 7, 2));
  CHECK(gumbel_noise(4, 1, 7, 2) != gumbel_noise(5, 1, 7, 2));
  CHECK(gumbel_noise(4, 1, 7, 2) != gumbel_noise(4, 2, 7, 2));
  CHECK(gumbel_noise(4, 1, 7, 2) != gumbel_noise(4, 1, 8, 2));
  CHECK(gumbel_noise(4, 1, 7, 2) != gumbel_noise(4, 1, 7, 1));
}

TEST_CASE("A trainer refuses options out of range") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Net net(2);
  const auto refuses = [&](auto&& change) {
    TrainerOptions options = options_of(2);
    change(options);
    CHECK_THROWS_AS(Trainer<Net>(net, Serial{}, 4, options), Error);
  };
  refuses([](TrainerOptions& o) { o.stage = 0; });
  refuses([](TrainerOptions& o) { o.stage = 3; });
  refuses([](TrainerOptions& o) { o.sgd.momentum = 1; });
  refuses([](TrainerOptions& o) { o.schedule.every = 0; });
  refuses([](TrainerOptions& o) { o.joint.tau = 0; });
  for (const double bad : {-1.0, kNan}) {
    refuses([&](TrainerOptions& o) { o.predictor_rate = bad; });
    refuses([&](TrainerOptions& o) { o.classifier_rate = bad; });
    refuses([&](TrainerOptions& o) { o.head_rate = bad; });
    refuses([&](TrainerOptions& o) { o.max_gradient_norm = bad; });
  }
  CHECK_THROWS_AS(Trainer<Net>(net, Serial{}, 0, options_of(1)), Error);
  using Fixed = DynamicNetwork<support::TinyClassifier, NoPredictor, support::TinyCandidates>;
  Fixed fixed;
  CHECK_THROWS_AS(Trainer<Fixed>(fixed, Serial{}, 4, options_of(2)), Error);
  CHECK_NOTHROW(Trainer<Fixed>(fixed, Serial{}, 4, options_of(1)));
}
