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

/// softmax of a row.
std::vector<double> softmax(std::vector<double> row) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& v : row) sum += v = std::exp(v - top);
  for (double& v : row) v /= sum;
  return row;
}

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

  const auto range = static_cast<double>(Net::kMacs[0] - Net::kMacs[Net::kCount - 1]);
  std::vector<double> bias(Net::kCount, 0.0);
  for (std::size_t i = 0; i < kImages; ++i) {
    std::vector<double> score;
    for (std::size_t j = 0; j < Net::kCount; ++j)
      score.push_back(-3 * ((answers[i][j] == pictures.labels[i] ? 0 : 1) +
                            options.eta * static_cast<double>(Net::kMacs[j]) / range));
    const auto q = softmax(score);
    for (std::size_t j = 0; j < Net::kCount; ++j)
      bias[j] += (step.soft()[i * Net::kCount + j] - q[j]) / kImages;
  }
  const auto actual = gradient_of("fc.bias", step.predictor_gradients());
  REQUIRE(actual.size() == bias.size());
  for (std::size_t j = 0; j < bias.size(); ++j)
    CHECK(actual[j] == Approx(bias[j]).epsilon(1e-9).margin(1e-12));
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
    Trainer<FloatNet> trainer(net, Serial{}, 30, {.sampled = true, .seed = seed});
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
