// The dynamic-resolution network, and the same classifier with a router that throws dice.
#include "dynamic.hpp"
#include "evaluate.hpp"

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
  train_dynamic(net, train_set, seconds);
  if (!picture.empty()) drnet::write_montage_svg(montage(net, *test_set, 200), picture);

  DynamicResults results;
  results.dynamic = evaluate("dynamic", net, *test_set, drnet::PredictorRouter{});
  for (int j = 0; j < Dynamic::kCount; ++j)
    results.candidates.push_back(
        evaluate("  always " + std::to_string(Dynamic::Candidates::kValues[static_cast<std::size_t>(j)]), net,
                 *test_set, drnet::FixedRouter{j}));
  results.shares_by_detail = shares_by_detail(net, *test_set);

  Dynamic chance(1);
  train_for_dice(chance, train_set, seconds);
  results.random =
      evaluate("random router", chance, *test_set, drnet::RandomRouter{1, results.dynamic.shares});
  return results;
}
