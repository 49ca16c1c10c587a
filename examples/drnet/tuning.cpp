#include "tuning.hpp"

#include "costs.hpp"
#include "pictures.hpp"
#include "progress.hpp"

#include <drnet/inference/confidence.hpp>

#include <algorithm>
#include <limits>

namespace drnet::program {

Tuning::Tuning(const Model& model, const Policy& policy, const SessionOptions& how, const Dataset& dataset,
               std::size_t batch)
    : info_(model.info()) {
  if (info_.candidates.size() < 2)
    throw Error("settings for budgets", "a network with at least two candidates", info_.name + " with one");
  SessionOptions options = how;
  options.router = FixedRouter{0};
  session_ = model.session(policy, options);
  const Loader loader(dataset, evaluation_transform(info_), {.batch = batch, .shuffle = false});
  Progress progress("asking all candidates", dataset.size());
  for (const Batch& pictures : loader.epoch(0)) {
    session_->collect(pictures.view(), pictures.labels, outputs_);
    progress.show(static_cast<std::size_t>(outputs_.images()));
  }
  if (!info_.predictor_trained) outputs_.predictor.clear();  // what the seed drew says nothing
  temperatures_ = fit_temperatures(outputs_);
  counted_ = counted_costs(info_);
}

const Costs& Tuning::costs(CostUnit unit, Index batch) {
  if (unit == CostUnit::macs) return counted_;
  if (!measured_) measured_ = session_->measured_costs({.batch = batch});
  return *measured_;
}

std::vector<Router> Tuning::routers(const std::string& name) const {
  if (!name.empty() && name != "predictor" && name != "cascade")
    throw Error("--router", "predictor or cascade, which can be set for a budget", "'" + name + "'");
  if (name == "predictor" && outputs_.predictor.empty())
    throw Error("--router", "cascade, as there is no predictor in these weights", "predictor");
  std::vector<Router> list;
  if (name != "cascade" && !outputs_.predictor.empty()) list.emplace_back(PredictorRouter{});
  if (name != "predictor") list.emplace_back(CascadeRouter{{}, temperatures_});
  return list;
}

void check_budget(const Budget& budget, const std::string& name, const ModelInfo& model) {
  if (budget.unit != CostUnit::macs) return;
  const Costs costs = counted_costs(model);
  const Router router = name == "predictor" ? Router(PredictorRouter{}) : Router(CascadeRouter{});
  require_budget(budget, least_budget(router, costs));  // the cascade's is the smaller one of both
}

double least_of(const std::vector<Router>& routers, const Costs& costs) {
  double least = std::numeric_limits<double>::infinity();
  for (const Router& router : routers) least = std::min(least, least_budget(router, costs));
  return least;
}

BudgetCurve Tuning::solve(const Router& router, const Costs& costs, int points,
                          const std::vector<Budget>& budgets) const {
  std::vector<double> all;
  if (points > 0) all = spread_budgets(router, costs, points);
  const double least = least_budget(router, costs);
  for (const Budget& budget : budgets)
    if (budget.unit == costs.unit && budget.cost >= least) all.push_back(budget.cost);
  std::ranges::sort(all);
  return {costs, solve_budgets(router, outputs_, costs, all)};
}

}  // namespace drnet::program
