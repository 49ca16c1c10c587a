// How many epochs fit into a wall-clock budget. They are chosen once, by timing a few steps on a network that
// is thrown away; from then on a run counts epochs, and the same epochs give the same bits on any machine.
#pragma once

#include "model.hpp"
#include "options.hpp"
#include "recipe.hpp"
#include "stage_loaders.hpp"

#include <drnet/data/dataset.hpp>

namespace drnet::program {

/// Epochs of both stages for `options.minutes`, in the ratio that the options give. `seconds` of the budget
/// are spent already.
[[nodiscard]] Epochs epochs_within_budget(const TrainOptions& options, const Costs& costs,
                                          const Policy& policy, const Dataset& validation,
                                          const StageLoaders& loaders);

/// Seconds that a run of so many epochs will take, measured on a few steps.
[[nodiscard]] double run_seconds(const TrainOptions& options, const Costs& costs, const Policy& policy,
                                 const Dataset& validation, const StageLoaders& loaders,
                                 const Epochs& epochs);

}  // namespace drnet::program
