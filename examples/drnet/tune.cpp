// drnet tune: the best settings of predictor and cascade for many budgets, stored in the weights.
#include "budget_curve.hpp"
#include "commands.hpp"
#include "pictures.hpp"
#include "tuning.hpp"

#include <drnet/data/subset.hpp>

#include <cstdio>
#include <memory>

namespace drnet::program {

namespace {

std::shared_ptr<const Dataset> tuning_pictures(const TuneOptions& options, const ModelInfo& info) {
  const Split split = options.holdout > 0 ? Split::train : Split::test;
  std::shared_ptr<const Dataset> all = open_pictures(options.data, split, info, options.run.seed);
  if (options.holdout > 0) all = hold_out(all, options.holdout, options.run.seed).second;
  if (all->size() == 0) throw Error("pictures to tune on", "at least one", "none");
  return all;
}

void print(const std::vector<BudgetCurve>& curves, const ModelInfo& info, Index images,
           const TuneOptions& options) {
  for (const BudgetCurve& curve : curves)
    if (options.run.json) {
      nlohmann::json event = to_json(curve);
      event.update({{"model", info.name}, {"data", options.data.data}, {"candidates", info.candidates}});
      std::printf("%s\n", event.dump().c_str());
    } else {
      std::printf("%s\n", to_text(curve, info.candidates).c_str());
    }
  if (!options.run.json)
    std::printf("Tuned %s on %lld pictures; written to %s\n", info.name.c_str(),
                static_cast<long long>(images), options.output.c_str());
}

}  // namespace

int run_tune(const TuneOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  std::vector<Budget> budgets;
  for (const std::string& text : options.budgets) budgets.push_back(parse_budget("--budget", text));
  model->load(options.weights, {.predictor = false});
  for (const Budget& budget : budgets) check_budget(budget, options.router, info);
  const auto dataset = tuning_pictures(options, info);
  Tuning tuning(*model, make_policy(options.run), {}, *dataset, options.batch);
  const auto routers = tuning.routers(options.router);
  std::vector<BudgetCurve> curves;
  for (const CostUnit unit : {CostUnit::macs, CostUnit::milliseconds}) {
    const Costs& costs = tuning.costs(unit, options.cost_batch);
    for (const Budget& budget : budgets)
      if (budget.unit == unit) require_budget(budget, least_of(routers, costs));
    for (const Router& router : routers)
      curves.push_back(tuning.solve(router, costs, options.points, budgets));
  }
  model->save(options.output, {{"model", info.name}, {kBudgetCurves, stored_text(curves, info)}},
              {.predictor = info.predictor_trained});
  print(curves, info, tuning.images(), options);
  return 0;
}

}  // namespace drnet::program
