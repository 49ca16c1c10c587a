// Accuracy, cost and speed of a network on a data set.
#pragma once

#include "model.hpp"

#include <drnet/data/dataset.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace drnet::program {

struct Evaluation {
  std::string router;
  Index correct = 0, images = 0;
  double macs = 0;            ///< summed over the images, predictor included where it was asked
  std::vector<Index> chosen;  ///< images of each candidate
  std::vector<std::vector<Index>> chosen_by_class{};  ///< [classes][candidates] images
  std::vector<bool> right{};       ///< [images] whether the answer was right, in the order of the data set
  std::vector<int> choices{};      ///< [images] the candidate of each
  double seconds = 0;              ///< spent classifying; decoding does not count; 0: not measured
  double single_milliseconds = 0;  ///< median time of an image that is classified alone; 0: not measured

  [[nodiscard]] double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
  [[nodiscard]] double average_macs() const { return macs / static_cast<double>(images); }
  [[nodiscard]] double images_per_second() const { return static_cast<double>(images) / seconds; }
  [[nodiscard]] std::vector<double> shares() const;
};

struct EvaluationOptions {
  std::size_t batch = 256;
  int loader_threads = 0;  ///< that decode while others classify; 0 where speed is measured
  bool latency = false;    ///< measure images alone, too
};

/// Called with the number of images classified so far.
using ImageCallback = std::function<void(std::size_t)>;

/// Classifies every picture of the data set.
[[nodiscard]] Evaluation evaluate(const Model& model, const Policy& policy, const SessionOptions& how,
                                  const Dataset& dataset, const EvaluationOptions& options,
                                  const ImageCallback& progress);

/// The `evaluation` event of docs/log-format.md.
[[nodiscard]] nlohmann::json to_json(const Evaluation& result);
/// A few lines for people.
[[nodiscard]] std::string to_text(const Evaluation& result, const std::vector<int>& candidates);

}  // namespace drnet::program
