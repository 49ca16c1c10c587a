// The predictor trained on minimum-resolution labels: the labels, the step, noted answers.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
using support::Pictures;
constexpr Index kImages = 6;
constexpr JointOptions kOptions{
    .estimator = Estimator::minimum_resolution, .eta = 0.3, .alpha = 0, .freeze_classifier = true};

/// The label of one image, written out.
int label_of(std::span<const double> error) {
  for (int j = Net::kCount - 1; j >= 0; --j)
    if (error[static_cast<std::size_t>(j)] < 0.5) return j;
  return Net::kCount - 1;
}

std::span<const double> predictor_bias(Buffer<double>& gradients) {
  for (const TensorSpec& t : Net::PredictorNetwork::tensors())
    if (t.name == "fc.bias")
      return gradients.span().subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size));
  return {};
}

}  // namespace

TEST_CASE("The minimum-resolution label is the smallest candidate that is right, else the smallest",
          "[training]") {
  const auto label = [](std::vector<double> error) {
    std::vector<double> weight(error.size());
    minimum_resolution_weights<double>(error, weight);
    CHECK(std::count(weight.begin(), weight.end(), 0.0) == static_cast<Index>(weight.size()) - 1);
    return std::find(weight.begin(), weight.end(), 1.0) - weight.begin();
  };
  CHECK(label({0, 0, 0}) == 2);
  CHECK(label({0, 0, 1}) == 1);
  CHECK(label({0, 1, 1}) == 0);
  CHECK(label({1, 1, 1}) == 2);
  CHECK(label({1, 1, 0}) == 2);
  CHECK(label({0.25, 0.5, 0.75}) == 0);  // means over views
  CHECK(label({0.25, 0.25, 0.5}) == 1);
  CHECK(label({1}) == 0);
}

TEST_CASE("The predictor learns the minimum resolution by cross entropy", "[training]") {
  const std::vector<double> errors{0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0};
  const Pictures<double> pictures(kImages);
  Net net(3);
  DynamicStep<Net> step(kImages);
  const auto losses = step.predictor_step(Serial{}, net, pictures.batch(), errors, kOptions);
  std::vector<double> bias(Net::kCount);
  double loss = 0;
  for (std::size_t i = 0; i < kImages; ++i) {
    const auto p = std::span(step.soft()).subspan(i * Net::kCount, Net::kCount);
    const auto label =
        static_cast<std::size_t>(label_of(std::span(errors).subspan(i * Net::kCount, Net::kCount)));
    loss -= std::log(p[label]) / kImages;
    for (std::size_t j = 0; j < bias.size(); ++j) bias[j] += (p[j] - (j == label ? 1 : 0)) / kImages;
  }
  CHECK(losses.total == Approx(loss).epsilon(1e-12));  // no cost in it
  const auto actual = predictor_bias(step.predictor_gradients());
  REQUIRE(actual.size() == bias.size());
  for (std::size_t j = 0; j < bias.size(); ++j) CHECK(actual[j] == Approx(bias[j]).epsilon(1e-9));

  JointOptions other = kOptions;
  other.eta = 5;
  DynamicStep<Net> again(kImages);
  again.predictor_step(Serial{}, net, pictures.batch(), errors, other);
  CHECK(support::same_bits(again.predictor_gradients().span(), step.predictor_gradients().span()));
}

TEST_CASE("Noted minimum-resolution answers give the bits of computed ones", "[training]") {
  const Pictures<double> pictures(kImages);
  TrainerOptions options{.stage = 2, .predictor_rate = 1, .classifier_rate = 0};
  options.joint = kOptions;
  Net computed(3), noted(3);
  Trainer<Net> a(computed, Serial{}, kImages, options), b(noted, Serial{}, kImages, options);
  b.note_errors(pictures.batch(), pictures.labels, pictures.indices);
  for (int step = 0; step < 3; ++step) {
    a.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
    b.step(pictures.batch(), pictures.labels, pictures.indices, 0, 1.0);
  }
  CHECK(support::Snapshot<double>(computed) == support::Snapshot<double>(noted));
}

TEST_CASE("The classifier learns beside minimum-resolution labels as beside the oracle", "[training]") {
  const Pictures<double> pictures(kImages);
  const std::vector<double> noise(kImages * Net::kCount, 5.0);  // must not matter
  const auto gradients = [&](Estimator estimator) {
    Net net(3);
    DynamicStep<Net> step(kImages);
    step.joint(Serial{}, net, pictures.batch(), pictures.labels, noise, {.estimator = estimator});
    return std::pair(std::vector<double>(step.gradients().span().begin(), step.gradients().span().end()),
                     std::vector<double>(step.predictor_gradients().span().begin(),
                                         step.predictor_gradients().span().end()));
  };
  const auto labels = gradients(Estimator::minimum_resolution), oracle = gradients(Estimator::oracle);
  CHECK(support::same_bits(labels.first, oracle.first));
  CHECK_FALSE(support::same_bits(labels.second, oracle.second));
}
