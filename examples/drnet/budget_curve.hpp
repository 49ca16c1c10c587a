// One network, many budgets: the settings of its routers, as weights keep them in their metadata, as logs and
// people read them, and the one that a budget means.
#pragma once

#include "model.hpp"

#include <drnet/inference/budget.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace drnet::program {

/// The mean cost of an image that may not be exceeded.
struct Budget {
  double cost = 0;
  CostUnit unit = CostUnit::macs;
};
/// "180M", "1.2G", "40551040" multiply-adds, "4.5ms" milliseconds. Throws Error naming `option`.
[[nodiscard]] Budget parse_budget(const std::string& option, const std::string& text);
/// Throws Error for a budget below the least that can be kept to, in its unit.
void require_budget(const Budget& budget, double least);

/// The best settings of one router, cheapest first, in the unit of the costs.
struct BudgetCurve {
  Costs costs;
  std::vector<BudgetPoint> points;
};
/// A setting, and the costs that it was solved with.
struct BudgetChoice {
  Costs costs;
  BudgetPoint point;
};

/// Fields of the event `budget_curve` of docs/log-format.md.
[[nodiscard]] nlohmann::json to_json(const BudgetCurve& curve);
/// A table for people.
[[nodiscard]] std::string to_text(const BudgetCurve& curve, const std::vector<int>& candidates);

/// The value of the metadata entry.
[[nodiscard]] std::string stored_text(const std::vector<BudgetCurve>& curves, const ModelInfo& model);
/// What the loaded weights hold. Throws Error naming `weights` where that is nothing, of another version, for
/// other candidates, or no settings that the network could run.
[[nodiscard]] std::vector<BudgetCurve> stored_curves(const ModelInfo& model, const std::string& weights);

/// The most accurate of all points that keep to the budget, of equally accurate ones the cheapest. `router`:
/// "predictor", "cascade", or empty for either. Throws Error naming the least budget that can be kept to.
[[nodiscard]] BudgetChoice best_within(const std::vector<BudgetCurve>& curves, const Budget& budget,
                                       const std::string& router);

}  // namespace drnet::program
