// drnet evaluate --analysis minimum-resolution: every candidate classifies every picture; the smallest one
// that is right tells what choosing could be worth.
#pragma once

#include "evaluation.hpp"
#include "model.hpp"

#include <drnet/data/dataset.hpp>
#include <drnet/inference/minimum_resolution.hpp>
#include <drnet/io/montage.hpp>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace drnet::program {

struct AnalysisOptions {
  std::size_t batch = 256;
  std::size_t examples = 0;  ///< pictures kept of those that need each candidate, and of those never right
  std::uint64_t seed = 0;    ///< draws the examples
};

struct ResolutionAnalysis {
  MinimumResolution counts;
  std::vector<MontageImage> examples;  ///< as drnet::ResolutionHistogram has them
};

/// A way of choosing beside others.
struct NamedChoice {
  std::string name;              ///< as routers are called in logs
  ChoiceResult result;           ///< average_macs with what the choice costs
  std::optional<Index> correct;  ///< nothing where the accuracy is an expectation
};

/// Asks every candidate about every picture of the data set, scaled as `how` says. The predictor is not
/// needed.
[[nodiscard]] ResolutionAnalysis analyze_minimum_resolution(const Model& model, const Policy& policy,
                                                            const SessionOptions& how, const Dataset& dataset,
                                                            const AnalysisOptions& options,
                                                            const ImageCallback& progress);

/// Each candidate for all images, a choice at random among them and in the oracle's shares, the oracle
/// without and with the predictor's cost, and, if there is one, the router that was measured.
[[nodiscard]] std::vector<NamedChoice> compare_choices(const MinimumResolution& counts, const ModelInfo& info,
                                                       const std::optional<Evaluation>& measured);

/// The `minimum_resolution` event of docs/log-format.md, without examples.
[[nodiscard]] nlohmann::json to_json(const MinimumResolution& counts, const std::vector<NamedChoice>& choices,
                                     const ModelInfo& info);
/// Histogram and comparison for people.
[[nodiscard]] std::string to_text(const MinimumResolution& counts, const std::vector<NamedChoice>& choices,
                                  const std::vector<int>& candidates);

}  // namespace drnet::program
