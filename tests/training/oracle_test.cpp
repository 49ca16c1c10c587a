// The oracle estimator against a computation from outside (a Session's answers), and stage 1 with sampled
// candidates against the joint step that was forced to the same choice.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/inference/session.hpp>
#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
using support::Pictures;

constexpr Index kImages = 6;

/// The answers of every candidate, [image][candidate].
std::vector<std::vector<int>> answers_of(const Net& net, const Pictures<double>& pictures) {
  std::vector<std::vector<int>> result(kImages);
  for (int j = 0; j < Net::kCount; ++j) {
    const Session<Net> session(net, Serial{}, {.router = FixedRouter{j}});
    auto workspace = session.make_workspace();
    std::vector<Classification> answers(kImages);
    session.classify(pictures.batch(), answers, workspace);
    for (std::size_t i = 0; i < kImages; ++i) result[i].push_back(answers[i].label);
  }
  return result;
}

/// Whether some image has candidates that answer otherwise than the others.
bool disagree(const std::vector<std::vector<int>>& answers) {
  return std::any_of(answers.begin(), answers.end(), [](const std::vector<int>& row) {
    return std::any_of(row.begin(), row.end(), [&](int answer) { return answer != row.front(); });
  });
}

/// dL/d(bias of the predictor's logits) for L = -1/B sum_b sum_j w_bj log p_bj: what j saves against the
/// worst candidate, in wrong answers and eta times its share of the range of costs. p [image][candidate].
std::vector<double> bias_gradient(const std::vector<std::vector<int>>& answers,
                                  const Pictures<double>& pictures, double eta,
                                  const std::vector<double>& p) {
  const auto range = static_cast<double>(Net::kMacs[0] - Net::kMacs[Net::kCount - 1]);
  std::vector<double> gradient(Net::kCount, 0.0);
  for (std::size_t i = 0; i < kImages; ++i) {
    std::vector<double> risk;
    for (std::size_t j = 0; j < Net::kCount; ++j)
      risk.push_back((answers[i][j] == pictures.labels[i] ? 0 : 1) +
                     eta * static_cast<double>(Net::kMacs[j]) / range);
    const double worst = *std::max_element(risk.begin(), risk.end());
    for (std::size_t k = 0; k < Net::kCount; ++k)  // -w_k log p_k, whose gradient is w_k (p - one_hot(k))
      for (std::size_t j = 0; j < Net::kCount; ++j)
        gradient[j] += (worst - risk[k]) * (p[i * Net::kCount + j] - (j == k ? 1 : 0)) / kImages;
  }
  return gradient;
}

std::span<const double> gradient_of(const char* name, Buffer<double>& gradients) {
  for (const TensorSpec& t : Net::PredictorNetwork::tensors())
    if (t.name == name)
      return gradients.span().subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size));
  return {};
}

}  // namespace

TEST_CASE("The oracle's choice teaches the predictor", "[training]") {
  Pictures<double> pictures(kImages);
  // The candidates must disagree somewhere, or their errors would not matter; the first of them is right.
  std::uint64_t seed = 0;
  while (seed < 1000 && !disagree(answers_of(Net(seed), pictures))) ++seed;
  Net net(seed);
  const auto answers = answers_of(net, pictures);
  REQUIRE(disagree(answers));
  for (std::size_t i = 0; i < kImages; ++i) pictures.labels[i] = answers[i].front();
  DynamicStep<Net> step(kImages);
  const std::vector<double> noise(kImages * Net::kCount, 5.0);  // must not matter
  const JointOptions options{
      .estimator = Estimator::oracle, .eta = 0.3, .alpha = 0, .freeze_classifier = true};
  step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise, options);

  const auto expected = bias_gradient(answers, pictures, options.eta, step.soft());
  const auto actual = gradient_of("fc.bias", step.predictor_gradients());
  REQUIRE(actual.size() == expected.size());
  for (std::size_t j = 0; j < expected.size(); ++j)
    CHECK(actual[j] == Approx(expected[j]).epsilon(1e-9).margin(1e-12));
  for (const double g : step.gradients().span()) REQUIRE(g == 0.0);
}

TEST_CASE("With a target above every cost, the oracle looks at errors alone", "[training]") {
  const Pictures<double> pictures(kImages);
  Net net(3);
  DynamicStep<Net> step(kImages);
  const std::vector<double> noise(kImages * Net::kCount);
  JointOptions options{.estimator = Estimator::oracle, .eta = 0, .alpha = 0, .freeze_classifier = true};
  step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise, options);
  const std::vector<double> without_price(step.predictor_gradients().span().begin(),
                                          step.predictor_gradients().span().end());
  options.eta = 5;
  options.alpha = 1;  // G multiply-adds: far above what this network costs
  const auto losses = step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise, options);
  CHECK(losses.flops == 0);
  CHECK(support::same_bits(without_price, std::vector<double>(step.predictor_gradients().span().begin(),
                                                              step.predictor_gradients().span().end())));
}

TEST_CASE("Noted answers of a resting classifier give the bits of computed ones", "[training]") {
  const Pictures<double> pictures(kImages);
  TrainerOptions options{.stage = 2, .predictor_rate = 1, .classifier_rate = 0};
  options.joint = {.estimator = Estimator::oracle, .eta = 0.3};
  Net computed(3), noted(3);
  Trainer<Net> a(computed, Serial{}, kImages, options), b(noted, Serial{}, kImages, options);
  b.note_errors(pictures.batch(), pictures.labels, pictures.indices);
  CHECK(support::Snapshot<double>(computed) == support::Snapshot<double>(noted));
  for (int step = 0; step < 3; ++step) {
    const auto one = a.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
    const auto two = b.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
    CHECK(one.correct == two.correct);
    CHECK(one.chosen == two.chosen);
    CHECK(one.macs == two.macs);
  }
  CHECK(support::Snapshot<double>(computed) == support::Snapshot<double>(noted));
}

TEST_CASE("Noted views of an image count with the mean of their errors", "[training]") {
  const Pictures<double> pictures(kImages);
  Pictures<double> other(kImages);
  for (int& label : other.labels) label = (label + 1) % Net::kClasses;
  const auto gradients = [&](bool twice) {
    TrainerOptions options{
        .stage = 2, .sgd = {.momentum = 0, .weight_decay = 0}, .predictor_rate = 1, .classifier_rate = 0};
    options.schedule = {.decay = Decay::constant, .base = 1, .warmup = 0};
    options.joint = {.estimator = Estimator::oracle, .eta = 0.3};
    Net net(3);
    Trainer<Net> trainer(net, Serial{}, kImages, options);
    trainer.note_errors(pictures.batch(), pictures.labels, pictures.indices);
    if (twice) trainer.note_errors(pictures.batch(), other.labels, pictures.indices);
    trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
    return support::Snapshot<double>(net);
  };
  CHECK_FALSE(gradients(false) == gradients(true));

  // The mean itself, where a step is given it.
  Net net(3);
  DynamicStep<Net> step(kImages);
  std::vector<double> errors(kImages * Net::kCount), swapped(errors.size()), mean(errors.size());
  step.errors(Serial{}, net, pictures.batch(), pictures.labels, errors);
  step.errors(Serial{}, net, pictures.batch(), other.labels, swapped);
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = (errors[i] + swapped[i]) / 2;
  step.predictor_step(Serial{}, net, pictures.batch(), mean, {.eta = 0.3});
  Sgd<Net::PredictorNetwork> sgd({.momentum = 0, .weight_decay = 0});
  sgd.step(Serial{}, net.predictor(), step.predictor_gradients(), 1.0);
  CHECK(support::Snapshot<double>(net) == gradients(true));
}

TEST_CASE("A batch with an image whose answers were not noted computes them all", "[training]") {
  const Pictures<double> pictures(kImages), half(kImages / 2);
  TrainerOptions options{.stage = 2, .predictor_rate = 1, .classifier_rate = 0};
  options.joint = {.estimator = Estimator::oracle, .eta = 0.3};
  Net computed(3), noted(3);
  Trainer<Net> a(computed, Serial{}, kImages, options), b(noted, Serial{}, kImages, options);
  std::vector<int> wrong = half.labels;  // would be seen if they were used
  for (int& label : wrong) label = (label + 1) % Net::kClasses;
  b.note_errors(half.batch(), wrong, half.indices);
  a.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
  b.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
  CHECK(support::Snapshot<double>(computed) == support::Snapshot<double>(noted));
}

TEST_CASE("Errors that cannot be noted or used", "[training]") {
  const Pictures<double> pictures(kImages);
  Net net(3);
  TrainerOptions options{.stage = 2};
  options.joint.estimator = Estimator::oracle;
  Trainer<Net> learns(net, Serial{}, kImages, options);  // a classifier that learns answers otherwise later
  CHECK_THROWS_AS(learns.note_errors(pictures.batch(), pictures.labels, pictures.indices), Error);
  DynamicStep<Net> step(kImages);
  const std::vector<double> few(kImages);
  CHECK_THROWS_AS(step.predictor_step(Serial{}, net, pictures.batch(), few, {}), Error);
}

TEST_CASE("Sampled stage 1 equals a joint step forced to the same choice", "[training]") {
  const Pictures<double> pictures(kImages);
  const std::vector<int> choice{0, 1, 2, 2, 1, 0};
  std::vector<double> noise(kImages * Net::kCount, 0.0);
  for (std::size_t i = 0; i < kImages; ++i)
    noise[i * Net::kCount + static_cast<std::size_t>(choice[i])] = 1e6;
  Net a(5), b(5);
  DynamicStep<Net> sampled(kImages), joint(kImages);
  const auto one = sampled.stage1_sampled(Serial{}, a, pictures.batch(), pictures.labels, choice);
  const auto two = joint.joint(Serial{}, b, pictures.batch(), pictures.labels, noise, {.eta = 0});
  CHECK(one.cross_entropy == two.cross_entropy);
  CHECK(one.chosen == two.chosen);
  CHECK(one.macs == Approx(two.macs - static_cast<double>(Net::kRoutingMacs)));
  CHECK(support::same_bits(sampled.gradients().span(), joint.gradients().span()));
  CHECK_THROWS_AS(
      sampled.stage1_sampled(Serial{}, a, pictures.batch(), pictures.labels, std::vector<int>(6, 3)), Error);
  CHECK_THROWS_AS(
      sampled.stage1_sampled(Serial{}, a, pictures.batch(), pictures.labels, std::vector<int>(5, 0)), Error);
}

TEST_CASE("A trainer that samples candidates uses all of them and depends on the seed alone", "[training]") {
  using FloatNet = support::TinyNet<float>;
  const Pictures<float> pictures(30);
  const auto run = [&](std::uint64_t seed) {
    FloatNet net(1);
    Trainer<FloatNet> trainer(net, Serial{}, 30, {.first_stage = FirstStage::sampled, .seed = seed});
    const auto losses = trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
    for (const Index count : losses.chosen) CHECK(count > 0);
    return support::Snapshot<float>(net);
  };
  CHECK(run(1) == run(1));
  CHECK_FALSE(run(1) == run(2));
}

TEST_CASE("The classifier's rate counts in stage 2 alone", "[training]") {
  using FloatNet = support::TinyNet<float>;
  const Pictures<float> pictures(12);
  const auto changes = [&](int stage) {
    FloatNet net(1);
    const std::vector<float> before(net.classifier().parameters().span().begin(),
                                    net.classifier().parameters().span().end());
    Trainer<FloatNet> trainer(net, Serial{}, 12, {.stage = stage, .classifier_rate = 0});
    trainer.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
    return !support::same_bits(before, net.classifier().parameters().span());
  };
  CHECK(changes(1));
  CHECK_FALSE(changes(2));
}
