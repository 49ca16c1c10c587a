// What changes on the way through stage 2: the temperature, and who learns.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
using support::Pictures;
constexpr Index kImages = 6;

TrainerOptions options_of(Estimator estimator) {
  TrainerOptions options{.stage = 2, .predictor_rate = 1};
  options.schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0, .total = 4};
  options.joint = {.estimator = estimator, .tau = 2, .eta = 0.1, .alpha = 1e-4};
  return options;
}

/// A network after one step at a position.
struct Stepped {
  Net net{5};
  StepLosses losses;
  Stepped(const TrainerOptions& options, double position) {
    const Pictures<double> pictures(kImages);
    Trainer<Net> trainer(net, Serial{}, kImages, options);
    losses = trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, position);
  }
  [[nodiscard]] bool classifier_rested() const {
    const Net before(5);
    return support::same_bits(net.classifier().parameters().span(),
                              before.classifier().parameters().span()) &&
           support::same_bits(net.classifier().statistics().span(), before.classifier().statistics().span());
  }
};

bool same(const Stepped& a, const Stepped& b) {
  return support::Snapshot<double>(a.net) == support::Snapshot<double>(b.net);
}

}  // namespace

TEST_CASE("The temperature goes exponentially to its end", "[training]") {
  TrainerOptions options = options_of(Estimator::sparse);
  CHECK(options.tau_at(3) == 2);
  options.tau_end = 0.5;
  CHECK(options.tau_at(0) == 2);
  CHECK(options.tau_at(2) == Approx(1));
  CHECK(options.tau_at(4) == Approx(0.5));
  CHECK(options.tau_at(9) == Approx(0.5));
  CHECK(options.tau_at(1) / options.tau_at(2) == Approx(options.tau_at(2) / options.tau_at(3)));
  options.tau_end = 2;
  CHECK(options.tau_at(1.7) == 2);
  options.tau_end = 0;
  CHECK_THROWS_AS(options.check(), Error);
  options.tau_end = NAN;
  CHECK_THROWS_AS(options.check(), Error);
  options = options_of(Estimator::oracle);
  CHECK_NOTHROW(options.check());
  options.tau_end = 0.5;
  CHECK_THROWS_AS(options.check(), Error);
}

TEST_CASE("A step has the temperature of its position", "[training]") {
  TrainerOptions annealed = options_of(Estimator::sparse), constant = annealed;
  annealed.tau_end = 0.5;
  CHECK(same(Stepped(annealed, 0), Stepped(constant, 0)));
  CHECK_FALSE(same(Stepped(annealed, 3), Stepped(constant, 3)));
  constant.joint.tau = annealed.tau_at(3);
  CHECK(same(Stepped(annealed, 3), Stepped(constant, 3)));
}

TEST_CASE("In the predictor's warm-up the classifier rests, and its answers teach the predictor",
          "[training]") {
  for (const Estimator estimator : {Estimator::sparse, Estimator::dense, Estimator::oracle}) {
    TrainerOptions warm = options_of(estimator);
    warm.predictor_warmup = 2;
    TrainerOptions alone = options_of(Estimator::oracle);
    alone.classifier_rate = 0;
    const Stepped early(warm, 1.9);
    CHECK(early.classifier_rested());
    CHECK(same(early, Stepped(alone, 1.9)));
    const Stepped late(warm, 2);
    CHECK_FALSE(late.classifier_rested());
    CHECK(same(late, Stepped(options_of(estimator), 2)));
  }
  TrainerOptions labels = options_of(Estimator::minimum_resolution), alone = labels;
  labels.predictor_warmup = 1;
  alone.classifier_rate = 0;
  CHECK(same(Stepped(labels, 0.5), Stepped(alone, 0.5)));
  labels.predictor_warmup = -1;
  CHECK_THROWS_AS(labels.check(), Error);
}

TEST_CASE("The last layer of the classifier has a rate of its own", "[training]") {
  TrainerOptions plain = options_of(Estimator::sparse);
  plain.stage = 1;
  TrainerOptions still = plain;
  still.head_rate = 0;
  const Stepped usual(plain, 1), without(still, 1);
  const Net before(5);
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    const Net& expected = t.name.starts_with("fc.") ? before : usual.net;
    CHECK(support::same_bits(without.net.classifier().values(t), expected.classifier().values(t)));
  }
  still.head_rate = 0.25;
  CHECK(still.classifier_rates_at(1).features == 0.05);
  CHECK(still.classifier_rates_at(1).head == 0.0125);
}

TEST_CASE("A frozen classifier does not decay either", "[training]") {
  TrainerOptions frozen = options_of(Estimator::sparse);
  frozen.sgd.weight_decay = 0.1;
  frozen.joint.freeze_classifier = true;
  CHECK(Stepped(frozen, 1).classifier_rested());
}
