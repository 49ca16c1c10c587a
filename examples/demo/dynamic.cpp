// The dynamic-resolution network, and the same classifier with a router that throws dice.
#include "demo.hpp"

#include <drnet/io/montage.hpp>

namespace {

/// Pictures of the held-out set with what the network chose for them.
std::vector<drnet::MontageImage> montage(const demo::Dynamic& net, const drnet::Dataset& data,
                                         std::size_t count) {
  drnet::Session<demo::Dynamic> session(net, demo::all_processors());
  const drnet::Loader loader(data, drnet::eval_transform({.size = demo::kSize, .resize_shorter = 0}),
                             {.batch = count, .shuffle = false, .threads = 0});
  std::vector<drnet::MontageImage> pictures;
  for (const drnet::Batch& b : loader.epoch(0)) {
    const auto answers = session.classify(b.view());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      drnet::Image image = data.image(b.indices[i]);
      pictures.push_back({.width = image.width,
                          .height = image.height,
                          .channels = image.channels,
                          .pixels = std::move(image.pixels),
                          .label = data.class_names()[static_cast<std::size_t>(b.labels[i])],
                          .predicted = data.class_names()[static_cast<std::size_t>(answers[i].label)],
                          .resolution = answers[i].resolution});
    }
    break;
  }
  return pictures;
}

/// How often each candidate is chosen for coarse, medium and fine pictures.
std::array<std::vector<double>, 3> shares_by_detail(const demo::Dynamic& net, const drnet::Synthetic& data) {
  drnet::Session<demo::Dynamic> session(net, demo::all_processors());
  const drnet::Loader loader(data, drnet::eval_transform({.size = demo::kSize, .resize_shorter = 0}),
                             {.batch = 64, .shuffle = false, .threads = 1});
  std::array<std::vector<double>, 3> shares;
  shares.fill(std::vector<double>(demo::Dynamic::kCount));
  std::array<double, 3> pictures{};
  for (const drnet::Batch& b : loader.epoch(0)) {
    const auto answers = session.classify(b.view());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto detail = static_cast<std::size_t>(data.scene(b.indices[i]).detail);
      shares[detail][static_cast<std::size_t>(answers[i].candidate)] += 1;
      pictures[detail] += 1;
    }
  }
  for (std::size_t detail = 0; detail < 3; ++detail)
    for (double& share : shares[detail]) share /= pictures[detail];
  return shares;
}

}  // namespace

demo::DynamicResults demo::run_dynamic(const Pictures& train_set, const Drawn& test_set, double seconds,
                                       const std::string& picture) {
  Dynamic net(1);
  // Stage 1: every picture at a candidate of its own. Stage 2: the predictor learns, from what each candidate
  // would have answered (an oracle's choice), which one is enough; the classifier rests. It learns from
  // pictures held back in stage 1: on those that taught the classifier, every candidate's answers are too
  // good.
  const auto [rest, held] = drnet::hold_out(train_set, kHeldOut, 1);
  const drnet::Index first = train(net, *rest, {.stage = 1, .sampled = true}, {kStage1 * seconds, 0.1, 0});
  drnet::TrainerOptions stage2{.stage = 2, .predictor_rate = 1, .classifier_rate = 0};
  stage2.joint = {.estimator = drnet::Estimator::oracle,
                  .eta = kEta,
                  .alpha = kTarget * 1e-9 * static_cast<double>(Dynamic::kMacs[0])};
  const drnet::Index second = train(net, *held, stage2, {(1 - kStage1) * seconds, 0.5, 1000});
  std::printf("dynamic 32/24/16  trained on %ld images at random resolutions, then %ld for the predictor\n",
              static_cast<long>(first), static_cast<long>(second));
  if (!picture.empty()) drnet::write_montage_svg(montage(net, *test_set, 200), picture);

  DynamicResults results;
  results.dynamic = evaluate("dynamic", net, *test_set, drnet::PredictorRouter{});
  for (int j = 0; j < Dynamic::kCount; ++j)
    results.candidates.push_back(
        evaluate("  always " + std::to_string(Dynamic::Candidates::kValues[static_cast<std::size_t>(j)]), net,
                 *test_set, drnet::FixedRouter{j}));
  results.shares_by_detail = shares_by_detail(net, *test_set);

  Dynamic chance(1);  // the whole time for the classifier: a router that throws dice needs no training
  const drnet::Index images = train(chance, *train_set, {.stage = 1, .sampled = true}, {seconds, 0.1, 0});
  std::printf("random router     trained on %ld images at random resolutions\n", static_cast<long>(images));
  results.random =
      evaluate("random router", chance, *test_set, drnet::RandomRouter{1, results.dynamic.shares});
  return results;
}
