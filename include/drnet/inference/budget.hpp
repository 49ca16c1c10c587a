// One network, many budgets: how a router must be set so that the mean cost of an image keeps to a budget and
// most images are classified correctly, worked out from what the network says about labelled images
// (inference/outputs.hpp). With cost C_j of an image that candidate j answers:
//
//   maximize  sum_i [candidate j(i) is right about image i]   subject to  mean_i C_j(i) <= budget
//
// over the predictor's offsets or a cascade's thresholds (dynamic/router.hpp). Either has m - 1 free numbers.
// Against overfitting: the family of one parameter (the multiplier of the cost, or one threshold for all) is
// searched first, and its answer stays unless more freedom is right about more images, or as many for less;
// numbers lie midway between the values at which images change candidates.
#pragma once

#include <drnet/inference/budget_search.hpp>
#include <drnet/inference/choice_rule.hpp>
#include <drnet/inference/measured_cost.hpp>
#include <drnet/inference/outputs.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// A router's setting, and what it gives on the outputs that it was judged by.
struct BudgetPoint {
  Router router = PredictorRouter{};
  double budget = 0;  ///< most that an image may cost on average
  double cost = 0;    ///< what it does cost: with the predictor, or with all candidates that a cascade asked
  Index correct = 0, images = 0;
  std::vector<double> shares{};  ///< [m] of the images, by the candidate that answers

  [[nodiscard]] double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
};

/// Named options of solve_budgets().
struct BudgetOptions {
  bool refine = true;  ///< false: the family of one parameter only
};

namespace budget_detail {

inline void check(const Outputs& outputs, const Costs& costs) {
  outputs.check();
  costs.check(outputs.candidates);
}

/// Calls f(rule) for a predictor or cascade router. Throws Error for another.
template <class F>
auto with_rule(const Router& router, const Outputs& outputs, const Costs& costs, const F& f) {
  check(outputs, costs);
  if (const auto* cascade = std::get_if<CascadeRouter>(&router))
    return f(ThresholdRule(outputs, costs, cascade->temperatures));
  if (!std::holds_alternative<PredictorRouter>(router))
    throw Error("router of a budget", "predictor or cascade", "another");
  return f(OffsetRule(outputs, costs));
}

/// The numbers of a predictor or cascade router. Throws Error where they are not those of so many candidates.
inline std::vector<double> setting_of(const Router& router, int candidates) {
  check_router(router, candidates, true);
  if (const auto* cascade = std::get_if<CascadeRouter>(&router)) return cascade->thresholds;
  const auto& offsets = std::get<PredictorRouter>(router).offsets;
  return offsets.empty() ? std::vector<double>(static_cast<std::size_t>(candidates)) : offsets;
}

inline BudgetPoint point(Router router, double budget, const Tally& tally, Index images) {
  const auto n = static_cast<double>(images);
  // The sum keeps to the budget; so must its mean, which is rounded.
  BudgetPoint result{.router = std::move(router),
                     .budget = budget,
                     .cost = std::min(tally.cost / n, budget),
                     .correct = tally.correct,
                     .images = images};
  for (const Index count : tally.chosen) result.shares.push_back(static_cast<double>(count) / n);
  return result;
}

}  // namespace budget_detail

/// The least that an image costs: the cheapest candidate's cost and the predictor's, or the smallest
/// candidate's, which a cascade always asks. Throws Error for costs that make no sense.
[[nodiscard]] inline double least_budget(const Router& router, const Costs& costs) {
  costs.check(static_cast<int>(costs.candidates.size()));
  if (std::holds_alternative<CascadeRouter>(router)) return costs.candidates.back();
  return *std::min_element(costs.candidates.begin(), costs.candidates.end()) + costs.predictor;
}

/// `count` (at least two) budgets at equal distances from least_budget() to the cost of the dearest candidate
/// (with the predictor).
[[nodiscard]] inline std::vector<double> spread_budgets(const Router& router, const Costs& costs, int count) {
  if (count < 2) throw Error("budgets of a curve", "at least 2", std::to_string(count));
  const double predictor = std::holds_alternative<CascadeRouter>(router) ? 0 : costs.predictor;
  const double low = least_budget(router, costs);
  const double high = *std::max_element(costs.candidates.begin(), costs.candidates.end()) + predictor;
  std::vector<double> budgets;
  for (int b = 0; b < count; ++b) budgets.push_back(low + (high - low) * b / (count - 1));
  return budgets;
}

/// What a predictor's or a cascade's setting gives on these outputs; its budget is what it costs. Throws
/// Error for outputs, costs or a router that do not fit each other.
[[nodiscard]] inline BudgetPoint judge_router(const Router& router, const Outputs& outputs,
                                              const Costs& costs) {
  return budget_detail::with_rule(router, outputs, costs, [&](const auto& rule) {
    const Tally tally =
        BudgetSearch(rule, outputs, {}).judge(budget_detail::setting_of(router, rule.candidates()));
    return budget_detail::point(router, tally.cost / static_cast<double>(rule.images()), tally,
                                rule.images());
  });
}

/// The best setting for each budget (mean cost of an image, in the unit of `costs`), in the order of the
/// budgets. `router` says what is set: PredictorRouter{} its offsets, CascadeRouter{.temperatures = ...} its
/// thresholds; what it holds of these already is ignored. A larger budget is never less accurate. Up to the
/// refinement exact along one parameter, so for two candidates; coordinate sweeps beyond. Throws Error for
/// outputs or costs that do not fit each other, and a budget below least_budget().
[[nodiscard]] inline std::vector<BudgetPoint> solve_budgets(const Router& router, const Outputs& outputs,
                                                            const Costs& costs,
                                                            std::span<const double> budgets,
                                                            const BudgetOptions& options = {}) {
  return budget_detail::with_rule(router, outputs, costs, [&](const auto& rule) {
    const double least = least_budget(router, costs);
    for (const double budget : budgets)
      if (!(budget >= least) || !std::isfinite(budget))
        throw Error("budget",
                    "at least " + cost_text(least, costs.unit) + " an image, which the cheapest answer costs",
                    cost_text(budget, costs.unit));
    std::vector<std::size_t> order(budgets.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return budgets[a] < budgets[b]; });
    std::vector<double> limits;
    for (const std::size_t b : order) limits.push_back(budgets[b] * static_cast<double>(rule.images()));
    const auto found = BudgetSearch(rule, outputs, std::move(limits)).solve(options.refine);
    std::vector<BudgetPoint> points(budgets.size());
    for (std::size_t b = 0; b < order.size(); ++b)
      points[order[b]] = budget_detail::point(rule.router(found[b].setting), budgets[order[b]],
                                              found[b].tally, rule.images());
    return points;
  });
}

}  // namespace drnet::inline DRNET_ISA
