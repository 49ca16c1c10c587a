// Joint steps: who runs, which banks change, and what a batch may look like.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<float>;
using support::Pictures;
constexpr JointOptions kOptions{.alpha = 1e-4};

/// Noise so large that image i goes to candidate choice[i].
std::vector<float> noise_for(const std::vector<int>& choice, int candidates = Net::kCount) {
  std::vector<float> noise(choice.size() * static_cast<std::size_t>(candidates));
  for (std::size_t i = 0; i < choice.size(); ++i)
    noise[i * static_cast<std::size_t>(candidates) + static_cast<std::size_t>(choice[i])] = 1e3F;
  return noise;
}

/// Bank of a tensor named "…bn_<bank>.…"; -1 for what all banks share.
int bank_of(const TensorSpec& t) {
  const auto at = t.name.find(".bn_");
  return at == std::string::npos ? -1 : t.name[at + 4] - '0';
}

/// Makes a sparse step with this choice; checks that exactly the banks chosen have gradients and new
/// statistics.
void check_banks(const std::vector<int>& choice) {
  const auto n = static_cast<Index>(choice.size());
  const Pictures<float> pictures(n);
  Net net(11);
  const Net before(11);
  DynamicStep<Net> step(n);
  const auto losses =
      step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise_for(choice), kOptions);
  for (int j = 0; j < Net::kCount; ++j)
    CHECK(losses.chosen[static_cast<std::size_t>(j)] == std::count(choice.begin(), choice.end(), j));

  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    const int bank = bank_of(t);
    if (bank < 0) continue;
    CAPTURE(t.name, choice);
    const bool selected = std::count(choice.begin(), choice.end(), bank) > 0;
    if (t.trained()) {
      const auto gradient = step.gradients().span().subspan(static_cast<std::size_t>(t.offset),
                                                            static_cast<std::size_t>(t.size));
      const bool zero = std::all_of(gradient.begin(), gradient.end(), [](float g) { return g == 0.0F; });
      CHECK(zero == !selected);
    } else {
      CHECK(support::same_bits(net.classifier().values(t), before.classifier().values(t)) == !selected);
    }
  }
}

/// Steps on one image at a time, with momentum and weight decay: a bank changes, and so does its velocity,
/// only in the steps whose image was sent to it.
void check_banks_over_steps(TrainerOptions options) {
  options.sgd = {.momentum = 0.9, .weight_decay = 0.1};
  options.schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0};
  options.joint = kOptions;
  const Pictures<float> pictures(12);
  Net net(11);
  Trainer<Net> trainer(net, Serial{}, 1, options);
  std::vector<Index> sent(Net::kCount);
  for (Index i = 0; i < 12; ++i) {
    const Net before = net;
    const auto velocity_span = trainer.state().front().second;
    const std::vector<float> velocity(velocity_span.begin(), velocity_span.end());
    const ImageBatch<float> image{pictures.batch().image(i), 1, 3, 24, 24};
    const std::vector<Index> sample{i};
    const auto label = std::span(pictures.labels).subspan(static_cast<std::size_t>(i), 1);
    const auto losses = trainer.step(image, label, sample, 0, 0);
    for (std::size_t j = 0; j < sent.size(); ++j) sent[j] += losses.chosen[j];
    for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
      CHECK(t.bank == bank_of(t));
      if (t.bank < 0) continue;
      CAPTURE(t.name, losses.chosen);
      const bool here = losses.chosen[static_cast<std::size_t>(t.bank)] > 0;
      CHECK(support::same_bits(net.classifier().values(t), before.classifier().values(t)) == !here);
      if (!t.trained()) continue;
      const auto at = static_cast<std::size_t>(t.offset), size = static_cast<std::size_t>(t.size);
      CHECK(support::same_bits(velocity_span.subspan(at, size), std::span(velocity).subspan(at, size)) ==
            !here);
    }
  }
  CAPTURE(sent);
  CHECK(std::count(sent.begin(), sent.end(), 0) == 0);  // else a bank was never to change
}

/// A classifier whose last batch norm sees 2 x 2 pixels at 24 and 16, and one at 12.
using Narrow = Sequential<Named<"conv1", Conv2d<ConvOptions{.out = 8, .kernel = 3, .stride = 12}>>,
                          Named<"bn1", BatchNorm>, ReLU, GlobalAveragePool, Named<"fc", Linear<10>>>;
using NarrowNet = DynamicNetwork<Narrow, support::TinyPredictor, support::TinyCandidates>;

}  // namespace

TEST_CASE("Sparse routing leaves the banks that no image chose as they were, to the bit") {
  check_banks({0, 0, 0});
  check_banks({1, 1, 1});
  check_banks({2, 2, 2});
  check_banks({2, 0, 2, 0});
  check_banks({0, 1, 2});
}

TEST_CASE("The optimizer leaves the banks that no image chose as they were, to the bit") {
  check_banks_over_steps({.stage = 2, .seed = 3});
  check_banks_over_steps({.stage = 1, .first_stage = FirstStage::sampled, .seed = 3});
}

TEST_CASE("A batch of one image makes a joint step at every candidate") {
  check_banks({0});
  check_banks({1});
  check_banks({2});
}

TEST_CASE("The dense estimator updates every bank") {
  const Pictures<float> pictures(3);
  Net net(11);
  const Net before(11);
  DynamicStep<Net> step(3);
  JointOptions options = kOptions;
  options.estimator = Estimator::dense;
  static_cast<void>(
      step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise_for({0, 0, 0}), options));
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (!t.trained()) {
      CAPTURE(t.name);
      CHECK_FALSE(support::same_bits(net.classifier().values(t), before.classifier().values(t)));
    }
}

TEST_CASE("A sub-batch whose batch norm sees one value per channel is an error that says where") {
  const Pictures<float> pictures(3);
  NarrowNet net(11);
  DynamicStep<NarrowNet> step(3);
  const auto run = [&](const std::vector<int>& choice) {
    return step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise_for(choice), kOptions);
  };
  CHECK_NOTHROW(run({0, 1, 1}));
  CHECK_NOTHROW(run({0, 2, 2}));
  try {
    run({0, 1, 2});
    FAIL("no error");
  } catch (const Error& e) {
    CHECK_THAT(e.place(), support::contains("bank 2"));
    CHECK_THAT(e.place(), support::contains("8 x 1 x 1"));
    CHECK_THAT(e.expected(), support::contains("more than one value per channel"));
    CHECK(e.got() == "1");
  }
}

TEST_CASE("A step refuses batches that it cannot train on") {
  const Pictures<float> pictures(3);
  Net net(11);
  const support::Snapshot<float> before(net);
  DynamicStep<Net> step(2);
  const auto joint = [&](const ImageBatch<float>& images, const std::vector<int>& labels, std::size_t noise) {
    return step.joint(Serial{}, net, images, labels, std::vector<float>(noise), kOptions);
  };
  auto images = pictures.batch();
  CHECK_THROWS_AS(joint(images, {0, 1, 2}, 9), Error);  // more than the capacity
  images.count = 0;
  CHECK_THROWS_AS(joint(images, {}, 0), Error);
  CHECK_THROWS_AS(step.stage1(Serial{}, net, images, {}), Error);
  images.count = -1;
  CHECK_THROWS_AS(joint(images, {}, 0), Error);
  images.count = 2;
  CHECK_THROWS_AS(joint(images, {0}, 6), Error);
  CHECK_THROWS_AS(joint(images, {0, 10}, 6), Error);
  CHECK_THROWS_AS(joint(images, {-1, 0}, 6), Error);
  CHECK_THROWS_AS(joint(images, {0, 1}, 5), Error);
  images.channels = 1;
  CHECK_THROWS_AS(joint(images, {0, 1}, 6), Error);
  images = {pictures.batch().data, 2, 3, 0, 24};
  CHECK_THROWS_AS(joint(images, {0, 1}, 6), Error);
  CHECK(support::Snapshot<float>(net) == before);
  CHECK_THROWS_AS(DynamicStep<Net>(0), Error);
  CHECK_THROWS_AS(DynamicStep<Net>(-3), Error);
}

TEST_CASE("A step refuses options that have no meaning") {
  const Pictures<float> pictures(2);
  Net net(11);
  DynamicStep<Net> step(2);
  for (const JointOptions& options :
       {JointOptions{.tau = 0}, JointOptions{.tau = -1}, JointOptions{.eta = -0.1},
        JointOptions{.alpha = NAN}, JointOptions{.label_smoothing = 1},
        JointOptions{.label_smoothing = -0.1}})
    CHECK_THROWS_AS(step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise_for({0, 0}), options),
                    Error);
  DynamicStep<Net> without_predictor(2, false);
  CHECK_THROWS_AS(without_predictor.joint(Serial{}, net, pictures.batch(), pictures.labels, noise_for({0, 0}),
                                          JointOptions{}),
                  Error);
}
