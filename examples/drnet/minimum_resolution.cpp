#include "minimum_resolution.hpp"

#include "montage.hpp"
#include "pictures.hpp"
#include "text.hpp"

#include <drnet/core/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

namespace drnet::program {

namespace {

/// The first pictures of each class, in the order of a shuffled loader: a random sample.
class Examples {
 public:
  Examples(const ModelInfo& model, const Dataset& dataset, std::size_t most)
      : model_(model), dataset_(dataset), most_(most), kept_(model.candidates.size() + 1) {}

  /// Picture i of the batch, what each candidate says of it, and the smallest candidate that is right.
  void add(const Batch& batch, std::size_t i, const std::vector<int>& answers,
           std::optional<std::size_t> smallest) {
    const std::size_t m = model_.candidates.size();
    if (kept_[smallest.value_or(m)]++ >= most_) return;
    MontageImage image = montage_image(batch.view(), static_cast<Index>(i), model_.preparation);
    image.resolution = smallest ? model_.candidates[*smallest] : 0;
    image.label = name(batch.labels[i]);
    image.predicted = name(smallest ? answers[std::min(*smallest + 1, m - 1)] : answers.front());
    images_.push_back(std::move(image));
  }
  [[nodiscard]] std::vector<MontageImage> take() { return std::move(images_); }

 private:
  [[nodiscard]] const std::string& name(int label) const {
    return dataset_.class_names()[static_cast<std::size_t>(label)];
  }

  const ModelInfo& model_;
  const Dataset& dataset_;
  std::size_t most_;
  std::vector<std::size_t> kept_;
  std::vector<MontageImage> images_;
};

/// What every candidate says of a batch, [candidate][image].
std::vector<std::vector<Classification>> ask(const std::vector<std::unique_ptr<Classifying>>& sessions,
                                             const Batch& batch) {
  std::vector<std::vector<Classification>> answers;
  for (const auto& session : sessions) {
    answers.emplace_back(batch.labels.size());
    session->classify(batch.view(), answers.back(), 0);
  }
  return answers;
}

std::string percent(Index part, Index whole) {
  return fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

std::vector<std::string> histogram_row(const std::string& name, Index count, Index images) {
  constexpr double kWidth = 40;  // characters of all images
  const double share = static_cast<double>(count) / static_cast<double>(images);
  return {name, std::to_string(count), percent(count, images),
          std::string(static_cast<std::size_t>(std::lround(kWidth * share)), '#')};
}

std::vector<std::string> comparison_row(const NamedChoice& choice, Index images) {
  std::string interval = "-";
  if (choice.correct) {
    const Interval bounds = wilson_interval(*choice.correct, images);
    interval = fixed(100 * bounds.low, 2) + " - " + fixed(100 * bounds.high, 2);
  }
  return {choice.name, fixed(100 * choice.result.accuracy, 2) + " %", interval,
          fixed(choice.result.average_macs / 1e9, 4) + " G"};
}

}  // namespace

ResolutionAnalysis analyze_minimum_resolution(const Model& model, const Policy& policy,
                                              const SessionOptions& how, const Dataset& dataset,
                                              const AnalysisOptions& options, const ImageCallback& progress) {
  const ModelInfo& info = model.info();
  const std::size_t m = info.candidates.size();
  std::vector<std::unique_ptr<Classifying>> sessions;
  for (std::size_t j = 0; j < m; ++j)
    sessions.push_back(model.session(
        policy,
        {.router = FixedRouter{static_cast<int>(j)}, .chunk = how.chunk, .resampling = how.resampling}));
  const Loader loader(dataset, evaluation_transform(info), {.batch = options.batch, .seed = options.seed});
  Examples examples(info, dataset, options.examples);
  const auto flags = std::make_unique<bool[]>(m * dataset.size());
  const std::span<bool> correct(flags.get(), m * dataset.size());
  std::size_t done = 0;
  for (const Batch& batch : loader.epoch(0)) {
    const auto answers = ask(sessions, batch);
    for (std::size_t i = 0; i < batch.labels.size(); ++i, ++done) {
      const auto image = correct.subspan(m * done, m);
      std::vector<int> labels;
      for (std::size_t j = 0; j < m; ++j) {
        labels.push_back(answers[j][i].label);
        image[j] = labels.back() == batch.labels[i];
      }
      examples.add(batch, i, labels, smallest_correct(image));
    }
    progress(done);
  }
  return {minimum_resolution(correct, info.macs), examples.take()};
}

std::vector<NamedChoice> compare_choices(const MinimumResolution& counts, const ModelInfo& info,
                                         const std::optional<Evaluation>& measured) {
  const std::size_t m = info.candidates.size();
  const ChoiceResult oracle = counts.oracle();
  std::vector<NamedChoice> choices;
  for (std::size_t j = 0; j < m; ++j) {
    std::vector<double> all(m);
    all[j] = 1;
    choices.push_back({"fixed " + std::to_string(info.candidates[j]), counts.blind(all), counts.correct[j]});
  }
  choices.push_back(
      {"mean of candidates", counts.blind(std::vector<double>(m, 1 / static_cast<double>(m))), {}});
  choices.push_back({"oracle's shares at random", counts.blind(oracle.shares), {}});
  if (measured && std::ranges::none_of(choices, [&](const auto& c) { return c.name == measured->router; }))
    choices.push_back({measured->router,
                       {measured->accuracy(), measured->average_macs(), measured->shares()},
                       measured->correct});
  choices.push_back({"oracle", oracle, counts.oracle_correct()});
  if (info.predictor_macs > 0) {
    choices.push_back({"oracle with predictor", oracle, counts.oracle_correct()});
    choices.back().result.average_macs += static_cast<double>(info.predictor_macs);
  }
  return choices;
}

nlohmann::json to_json(const MinimumResolution& counts, const std::vector<NamedChoice>& choices,
                       const ModelInfo& info) {
  nlohmann::json results = nlohmann::json::array();
  for (const NamedChoice& choice : choices) {
    results.push_back({{"router", choice.name},
                       {"accuracy", choice.result.accuracy},
                       {"average_macs", choice.result.average_macs},
                       {"shares", choice.result.shares}});
    if (choice.correct) results.back().update({{"correct", *choice.correct}, {"images", counts.images}});
  }
  return {{"event", "minimum_resolution"},
          {"images", counts.images},
          {"candidates", info.candidates},
          {"candidate_macs", counts.macs},
          {"smallest", counts.smallest},
          {"never", counts.never},
          {"correct", counts.correct},
          {"predictor_macs", info.predictor_macs},
          {"results", results}};
}

std::string to_text(const MinimumResolution& counts, const std::vector<NamedChoice>& choices,
                    const std::vector<int>& candidates) {
  std::vector<std::vector<std::string>> histogram, comparison;
  for (std::size_t j = candidates.size(); j-- > 0;)
    histogram.push_back(
        histogram_row(std::to_string(candidates[j]) + " px", counts.smallest[j], counts.images));
  histogram.push_back(histogram_row("never", counts.never, counts.images));
  comparison.push_back({"choice", "accuracy", "95 % interval", "multiply-adds"});
  for (const NamedChoice& choice : choices) comparison.push_back(comparison_row(choice, counts.images));
  return "smallest resolution that is right, of " + std::to_string(counts.images) + " images:\n" +
         table(histogram, "lrrl") + "\n" + table(comparison, "lr") +
         "The oracle takes the smallest resolution that is right, and the smallest of all where none is.\n";
}

}  // namespace drnet::program
