#include "closing.hpp"

#include "costs.hpp"
#include "minimum_resolution.hpp"
#include "options.hpp"
#include "reliability.hpp"
#include "text.hpp"
#include "tuning.hpp"

#include <drnet/inference/confidence.hpp>
#include <drnet/inference/cross_fit.hpp>
#include <drnet/inference/minimum_resolution.hpp>
#include <drnet/inference/routed_answers.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace drnet::program {

namespace {

constexpr double kBudgetShares[] = {0.66, 0.5};  // of the cost of the largest candidate
constexpr std::uint64_t kSeeds = 3;              // of random choices

/// Answers as an evaluation.
Evaluation evaluation_of(const RoutedAnswers& answers, const Outputs& outputs, std::string router) {
  const auto candidates = static_cast<std::size_t>(outputs.candidates);
  Evaluation result{.router = std::move(router),
                    .correct = answers.correct(),
                    .images = outputs.images(),
                    .macs = answers.cost * static_cast<double>(outputs.images()),
                    .chosen = std::vector<Index>(candidates),
                    .chosen_by_class = std::vector<std::vector<Index>>(
                        static_cast<std::size_t>(outputs.classes), std::vector<Index>(candidates)),
                    .right = answers.right,
                    .choices = answers.candidates};
  for (std::size_t i = 0; i < answers.candidates.size(); ++i) {
    const auto j = static_cast<std::size_t>(answers.candidates[i]);
    ++result.chosen[j];
    ++result.chosen_by_class[static_cast<std::size_t>(outputs.labels[i])][j];
  }
  return result;
}

/// Shares whose mean cost is `cost`: those given, and as many more of the first candidate, the dearest.
std::vector<double> at_cost(std::vector<double> shares, const std::vector<double>& costs, double cost) {
  double mean = 0;
  for (std::size_t j = 0; j < shares.size(); ++j) mean += shares[j] * costs[j];
  const double room = costs.front() - mean;
  const double moved = room > 0 ? std::clamp((cost - mean) / room, 0.0, 1.0) : 0;
  for (double& share : shares) share *= 1 - moved;
  shares.front() += moved;
  return shares;
}

std::string within_name(const Router& router, double share) {
  return router_name(router, {}) + " within " + fixed(100 * share, 0) + " %";
}
const std::string kCrossFitted = ", cross-fitted";

std::string random_name(const std::string& rival, std::uint64_t seed) {
  return (rival == "predictor" ? "random" : "random like " + rival) + ", seed " + std::to_string(seed);
}

/// Random choices at the cost of `chosen`, with several seeds (the paper's table of random choices): in its
/// shares, and what its predictor or the candidates that a cascade asked in vain cost is spent on the largest
/// candidate.
void compare_with_chance(const Measured& measured, const Outputs& outputs, const Evaluation& chosen,
                         const Teller& tell) {
  const ModelInfo& info = measured.model.info();
  const std::vector<double> costs(info.macs.begin(), info.macs.end());
  const std::vector<double> shares = at_cost(chosen.shares(), costs, chosen.average_macs());
  for (std::uint64_t seed = measured.seed; seed < measured.seed + kSeeds; ++seed) {
    const RandomRouter router{.seed = seed, .shares = shares};
    std::vector<int> candidates;
    for (std::uint32_t i = 0; i < outputs.labels.size(); ++i)
      candidates.push_back(router.candidate(i, outputs.candidates));
    const Evaluation result = evaluation_of(answers_of(std::move(candidates), outputs, costs), outputs,
                                            random_name(chosen.router, seed));
    tell(to_json(result), to_text(result, info.candidates));
  }
}

/// Every candidate, an oracle, and `chosen`, if any.
void compare_with_oracle(const ModelInfo& info, const Outputs& outputs,
                         const std::optional<Evaluation>& chosen, const Teller& tell) {
  const auto m = static_cast<std::size_t>(outputs.candidates), flags = outputs.labels.size() * m;
  const auto correct = std::make_unique<bool[]>(flags);
  for (std::size_t at = 0; at < flags; ++at)
    correct[at] = argmax<float>(outputs.at(static_cast<Index>(at / m), static_cast<int>(at % m))) ==
                  outputs.labels[at / m];
  const MinimumResolution counts = minimum_resolution(std::span<const bool>(correct.get(), flags), info.macs);
  const auto choices = compare_choices(counts, info, chosen);
  tell(to_json(counts, choices, info), to_text(counts, choices, info.candidates));
}

/// A router for a half of the images: a cascade's temperatures are fitted on it, too.
Router fitted(const Router& router, const Outputs& half) {
  if (std::holds_alternative<CascadeRouter>(router)) return CascadeRouter{{}, fit_temperatures(half)};
  return router;
}

/// What the router of a curve does within a few budgets, cross-fitted, and for a cascade chance at the same
/// cost. Adds the settings for these budgets.
void compare_budgets(const Measured& measured, const Tuning& tuning, const BudgetCurve& curve,
                     std::vector<NamedRouter>& settings, const Teller& tell) {
  const std::vector<int>& candidates = measured.model.info().candidates;
  const Outputs& outputs = tuning.outputs();
  const Router& router = curve.points.front().router;
  std::vector<int> before;
  for (const double share : kBudgetShares) {
    const double budget = share * curve.costs.candidates.front();
    if (budget < least_budget(router, curve.costs)) continue;
    const std::string within = within_name(router, share);
    const BudgetCurve solved = tuning.solve(router, curve.costs, 0, {{budget, CostUnit::macs}});
    settings.push_back({within, solved.points.front().router});
    const auto fit = [&](const Outputs& half) { return fitted(router, half); };
    const Evaluation result =
        evaluation_of(cross_fit(outputs, curve.costs, budget, fit), outputs, within + kCrossFitted);
    tell(to_json(result), to_text(result, candidates));
    // A cascade that needs less than its budget is the same within a smaller one.
    if (std::holds_alternative<CascadeRouter>(router) && result.choices != before)
      compare_with_chance(measured, outputs, result, tell);
    before = result.choices;
  }
}

}  // namespace

Evaluation evaluation_of(const Router& router, const Outputs& outputs, const ModelInfo& info) {
  const Costs costs = counted_costs(info);
  const std::string name = router_name(router, info.candidates);
  if (const auto* fixed = std::get_if<FixedRouter>(&router))
    return evaluation_of(
        answers_of(std::vector<int>(outputs.labels.size(), fixed->candidate), outputs, costs.candidates),
        outputs, name);
  return evaluation_of(route(router, outputs, costs), outputs, name);
}

std::vector<NamedRouter> compare_choices(const Measured& measured, const Tuning& tuning,
                                         const std::vector<BudgetCurve>& curves,
                                         const std::optional<Evaluation>& chosen, const Teller& tell) {
  const ModelInfo& info = measured.model.info();
  if (chosen) compare_with_chance(measured, tuning.outputs(), *chosen, tell);
  compare_with_oracle(info, tuning.outputs(), chosen, tell);
  tell(reliability_event(tuning.outputs(), tuning.temperatures(), info.candidates), "");
  std::vector<NamedRouter> settings;
  for (const BudgetCurve& curve : curves) {
    tell(to_json(curve), to_text(curve, info.candidates));
    compare_budgets(measured, tuning, curve, settings, tell);
  }
  return settings;
}

std::vector<std::string> result_names(const ModelInfo& info) {
  std::vector<std::string> names;
  for (const int resolution : info.candidates) names.push_back("fixed " + std::to_string(resolution));
  if (info.candidates.size() == 1) return names;
  names.emplace_back("predictor");
  for (const Router& router : {Router(PredictorRouter{}), Router(CascadeRouter{})})
    for (const double share : kBudgetShares) names.push_back(within_name(router, share) + kCrossFitted);
  return names;
}

void time_images(const Measured& measured, const std::vector<NamedRouter>& settings, const Teller& tell) {
  std::vector<NamedRouter> routers = usual_routers(measured.model.info());
  routers.insert(routers.end(), settings.begin(), settings.end());
  std::vector<Policy> policies{Policy(Serial{})};
  if (measured.policy->threads() > 1) policies.push_back(measured.policy);
  for (const Policy& policy : policies) {
    const auto results = measure_latency(measured.model, policy, routers, measured.pictures, {});
    tell(to_json(results, policy->threads()), to_text(results, policy->threads()));
  }
}

}  // namespace drnet::program
