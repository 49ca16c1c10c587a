// The epochs of a training run: each is trained, validated, logged and kept in a checkpoint before the next
// one begins.
#pragma once

#include "evaluation.hpp"
#include "model.hpp"
#include "options.hpp"
#include "recipe.hpp"
#include "run_folder.hpp"
#include "stage_loaders.hpp"

#include <drnet/data/dataset.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace drnet::program {

/// What all steps of a run share.
struct Run {
  const TrainOptions& options;
  Policy policy;
  Model& model;
  const StageLoaders& loaders;
  const Dataset& validation;
  RunFolder& folder;
  Costs costs;
  Metadata identity;
  Epochs epochs;
  Position position;
  double seconds_before = 0;  ///< of the sessions before this one
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  [[nodiscard]] double seconds() const;
  [[nodiscard]] int last_stage() const { return epochs.stage2 > 0 ? 2 : 1; }
  /// Writes an event to the log and, as JSON or in the given words, to the screen.
  void tell(const nlohmann::json& event, const std::string& words) const;
};

/// On the pictures that the run is judged by.
[[nodiscard]] Evaluation validate(const Run& run, const Router& router);

/// Warns where the choices of stage 2 have collapsed, with the `collapse` event of docs/log-format.md. shares
/// [m]: of the choices of an epoch's training or, without an epoch, of those on the validation images.
void warn_of_collapse(const Run& run, const std::vector<double>& shares, std::optional<int> epoch);

/// Both stages, from where the run stands; false where the options end the session before the last epoch.
bool run_training(Run& run, bool resume);

}  // namespace drnet::program
