// What the candidates cost in the loss of stage 2: counted multiply-adds, or milliseconds that are measured
// once, where a run begins. A resumed run takes those of its checkpoint, so that its bits do not depend on
// the day.
#pragma once

#include "model.hpp"
#include "options.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace drnet::program {

/// "macs" or "ms".
[[nodiscard]] const char* unit_name(CostUnit unit);
/// The unit that --cost names. Throws Error for another one.
[[nodiscard]] CostUnit cost_unit(const std::string& text);

/// Multiply-adds of the classifier at each candidate.
[[nodiscard]] Costs counted_costs(const ModelInfo& model);

/// The costs in the unit of --alpha: G multiply-adds or milliseconds.
[[nodiscard]] std::vector<double> in_unit_of_alpha(const Costs& costs);

/// Where each cost lies between the smallest (0) and the largest (1), which is all that the loss sees of
/// them.
[[nodiscard]] std::vector<double> normalized(const std::vector<double>& costs);

/// What identifies the costs of a run in its checkpoint.
[[nodiscard]] Metadata cost_metadata(const Costs& costs);
/// Those that were measured for the run of a checkpoint. Throws Error naming `place` where it has none.
[[nodiscard]] Costs measured_costs_in(const Metadata& metadata, const ModelInfo& model,
                                      const std::string& place);

/// The fields of the `start` event (docs/log-format.md).
void add_costs(const Costs& costs, const ModelInfo& model, nlohmann::json& event);

}  // namespace drnet::program
