// How weights are read and networks run, as the command line says.
#pragma once

#include "budget_curve.hpp"
#include "model.hpp"
#include "options.hpp"

#include <optional>
#include <string>

namespace drnet::program {

/// `names`: "torchvision" or "mindspore", or empty: torchvision's, with `official` MindSpore's. Throws Error
/// for anything else.
[[nodiscard]] LoadOptions load_options(const std::string& names, bool official);

/// The router as make_router() reads it, or empty: the predictor, with `official` Gumbel noise beside it. For
/// a budget the largest candidate stands in until the weights are loaded. Throws Error for options that
/// exclude each other and a budget that is none.
[[nodiscard]] SessionOptions session_options(const RoutingOptions& routing, bool official,
                                             const ModelInfo& model, std::uint64_t seed);

/// What the loaded weights say of the routing: the setting that they hold for a budget, if there is one; the
/// temperatures of a cascade without a budget. Throws Error naming `weights`, or the least budget.
[[nodiscard]] std::optional<BudgetChoice> route_as_stored(const RoutingOptions& routing,
                                                          const ModelInfo& model, const std::string& weights,
                                                          SessionOptions& session);

/// The candidate of that many pixels. Throws Error naming `option` and listing all.
[[nodiscard]] int candidate_index(const char* option, int pixels, const std::vector<int>& candidates);

}  // namespace drnet::program
