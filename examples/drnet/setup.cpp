#include "setup.hpp"

#include "options.hpp"

#include <drnet/official_code.hpp>

#include <algorithm>

namespace drnet::program {

LoadOptions load_options(const std::string& names, bool official) {
  LoadOptions options = official ? OfficialCode{}.load : LoadOptions{};
  if (names == "torchvision")
    options.names = WeightNames::torchvision;
  else if (names == "mindspore")
    options.names = WeightNames::mindspore;
  else if (!names.empty())
    throw Error("--names", "torchvision or mindspore", "'" + names + "'");
  return options;
}

SessionOptions session_options(const RoutingOptions& routing, bool official, const ModelInfo& model,
                               std::uint64_t seed) {
  const std::string& router = routing.router;
  SessionOptions options = official ? OfficialCode{}.session : SessionOptions{};
  if (routing.threshold && router != "cascade")
    throw Error("--threshold", "--router cascade beside it", "'" + router + "'");
  if (!routing.budget.empty()) {
    if (!router.empty() && router != "predictor" && router != "cascade")
      throw Error("--router", "predictor or cascade beside --budget", "'" + router + "'");
    if (routing.threshold) throw Error("--threshold", "no --budget, which sets thresholds", routing.budget);
    if (official) throw Error("--official", "no --budget, which that code does not know", routing.budget);
    static_cast<void>(parse_budget("--budget", routing.budget));
    options.router = FixedRouter{0};
    return options;
  }
  const std::string chosen = !router.empty() ? router : official ? "gumbel" : "predictor";
  options.router = make_router(chosen, model.candidates, model.has_predictor(), seed,
                               routing.threshold.value_or(RoutingOptions::kThreshold));
  return options;
}

std::optional<BudgetChoice> route_as_stored(const RoutingOptions& routing, const ModelInfo& model,
                                            const std::string& weights, SessionOptions& session) {
  auto* const cascade = std::get_if<CascadeRouter>(&session.router);
  if (cascade != nullptr && !model.budget_curves.empty())
    for (const BudgetCurve& curve : stored_curves(model, weights))
      if (const auto* stored = std::get_if<CascadeRouter>(&curve.points.front().router))
        cascade->temperatures = stored->temperatures;
  if (routing.budget.empty()) return std::nullopt;
  BudgetChoice choice =
      best_within(stored_curves(model, weights), parse_budget("--budget", routing.budget), routing.router);
  session.router = choice.point.router;
  return choice;
}

int candidate_index(const char* option, int pixels, const std::vector<int>& candidates) {
  const auto found = std::ranges::find(candidates, pixels);
  if (found == candidates.end()) throw Error(option, "one of " + join(candidates), std::to_string(pixels));
  return static_cast<int>(found - candidates.begin());
}

}  // namespace drnet::program
