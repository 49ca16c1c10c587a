#include "evaluation.hpp"

#include "options.hpp"
#include "pictures.hpp"
#include "text.hpp"

#include <drnet/core/statistics.hpp>
#include <drnet/io/markup.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace drnet::program {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The median time in milliseconds of classifying one image of the batch alone.
double single_image_milliseconds(Classifying& session, const ImageBatch<float>& images) {
  constexpr Index kMost = 25;
  std::vector<double> times;
  Classification result;
  for (Index i = 0; i < std::min(kMost, images.count); ++i) {
    ImageBatch<float> one = images;
    one.data = images.image(i);
    one.count = 1;
    const auto start = std::chrono::steady_clock::now();
    session.classify(one, std::span(&result, 1), i);
    times.push_back(1e3 * seconds_since(start));
  }
  return median(times);
}

void count(const Classifying& session, const Batch& batch, std::span<const Classification> results,
           Evaluation& to) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto candidate = static_cast<std::size_t>(results[i].candidate);
    to.right.push_back(results[i].label == batch.labels[i]);
    to.correct += to.right.back() ? 1 : 0;
    to.macs += static_cast<double>(session.macs(results[i]));
    to.choices.push_back(results[i].candidate);
    ++to.chosen[candidate];
    ++to.chosen_by_class[static_cast<std::size_t>(batch.labels[i])][candidate];
    ++to.images;
  }
}

}  // namespace

std::vector<double> Evaluation::shares() const {
  std::vector<double> result;
  for (const Index n : chosen) result.push_back(static_cast<double>(n) / static_cast<double>(images));
  return result;
}

Evaluation evaluate(const Model& model, const Policy& policy, const SessionOptions& how,
                    const Dataset& dataset, const EvaluationOptions& options, const ImageCallback& progress) {
  const auto& candidates = model.info().candidates;
  const auto session = model.session(policy, how);
  const Loader loader(dataset, evaluation_transform(model.info()),
                      {.batch = options.batch, .shuffle = false, .threads = options.loader_threads});
  Evaluation result{
      .router = router_name(how.router, candidates),
      .chosen = std::vector<Index>(candidates.size()),
      .chosen_by_class = std::vector(dataset.class_names().size(), std::vector<Index>(candidates.size()))};
  std::vector<Classification> results;
  for (Batch& batch : loader.epoch(0)) {
    results.resize(batch.labels.size());
    if (result.images == 0 && options.latency)
      result.single_milliseconds = single_image_milliseconds(*session, batch.view());
    const auto start = std::chrono::steady_clock::now();
    session->classify(batch.view(), results, result.images);
    result.seconds += seconds_since(start);
    count(*session, batch, results, result);
    progress(static_cast<std::size_t>(result.images));
  }
  return result;
}

nlohmann::json to_json(const Evaluation& result) {
  nlohmann::json fields{{"event", "evaluation"},         {"router", result.router},
                        {"accuracy", result.accuracy()}, {"correct", result.correct},
                        {"images", result.images},       {"average_macs", result.average_macs()},
                        {"shares", result.shares()},     {"right", markup::to_hex(result.right)}};
  if (result.chosen.size() > 1)
    fields.update({{"chosen_by_class", result.chosen_by_class}, {"choices", result.choices}});
  if (result.seconds > 0) fields["images_per_second"] = result.images_per_second();
  if (result.single_milliseconds > 0) fields["milliseconds_per_image"] = result.single_milliseconds;
  return fields;
}

std::string to_text(const Evaluation& result, const std::vector<int>& candidates) {
  std::string text = result.router + ": accuracy " + fixed(100 * result.accuracy(), 2) + " % (" +
                     std::to_string(result.correct) + " of " + std::to_string(result.images) + "), " +
                     fixed(result.average_macs() / 1e9, 4) + " G multiply-adds an image\n";
  if (candidates.size() > 1) {
    text += "  resolutions:";
    const auto shares = result.shares();
    for (std::size_t j = 0; j < candidates.size(); ++j)
      text +=
          (j > 0 ? ", " : " ") + std::to_string(candidates[j]) + " px " + fixed(100 * shares[j], 1) + " %";
    text += '\n';
  }
  if (!(result.seconds > 0)) return text;
  text += "  speed: " + fixed(result.images_per_second(), 1) + " images/s, " +
          fixed(1e3 * result.seconds / static_cast<double>(result.images), 3) + " ms an image in batches";
  if (result.single_milliseconds > 0) text += ", " + fixed(result.single_milliseconds, 3) + " ms alone";
  return text + '\n';
}

}  // namespace drnet::program
