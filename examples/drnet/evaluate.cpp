// drnet evaluate: how good and how fast a network is on a data set, and what choosing could be worth.
#include "commands.hpp"
#include "costs.hpp"
#include "evaluation.hpp"
#include "latency.hpp"
#include "minimum_resolution.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "setup.hpp"
#include "text.hpp"
#include "tuning.hpp"

#include <drnet/io/report_from_logs.hpp>

#include <cstdio>
#include <optional>

namespace drnet::program {

namespace {

/// Whether the minimum-resolution analysis is asked for. Throws Error for an analysis that there is not, and
/// for a network that has nothing to choose.
bool wants_analysis(const EvaluateOptions& options, const ModelInfo& info) {
  if (options.analysis.empty() || options.analysis == "latency") return false;
  if (options.analysis != "minimum-resolution")
    throw Error("--analysis", "minimum-resolution or latency", "'" + options.analysis + "'");
  if (info.candidates.size() < 2)
    throw Error("--analysis " + options.analysis, "a network with at least two candidates",
                info.name + " with one");
  return true;
}

Evaluation measure(const Model& model, const Policy& policy, const SessionOptions& how,
                   const Dataset& dataset, const EvaluateOptions& options) {
  Progress progress("evaluating", dataset.size());
  return evaluate(model, policy, how, dataset, {.batch = options.batch, .latency = options.analysis.empty()},
                  [&](std::size_t images) { progress.show(images); });
}

/// What the command has found: an event of docs/log-format.md, the same in words, and pictures for a page.
struct Findings {
  nlohmann::json event;
  std::string text;
  std::vector<MontageImage> examples;
};

/// Without `measured` what choosing could be worth, with it beside that router.
Findings analyze(const Model& model, const Policy& policy, const SessionOptions& how, const Dataset& dataset,
                 const std::optional<Evaluation>& measured, const EvaluateOptions& options) {
  Progress progress("analyzing", dataset.size());
  ResolutionAnalysis analysis =
      analyze_minimum_resolution(model, policy, how, dataset,
                                 {.batch = options.batch,
                                  .examples = options.report.empty() ? 0 : options.examples,
                                  .seed = options.run.seed},
                                 [&](std::size_t images) { progress.show(images); });
  const auto choices = compare_choices(analysis.counts, model.info(), measured);
  return {to_json(analysis.counts, choices, model.info()),
          to_text(analysis.counts, choices, model.info().candidates), std::move(analysis.examples)};
}

/// The time of an image at each candidate and with the predictor, on the threads of the options.
Findings time_images(const Model& model, const Policy& policy, const Dataset& dataset,
                     const EvaluateOptions& options) {
  const auto results =
      measure_latency(model, policy, usual_routers(model.info()), dataset, {.batch = options.batch});
  return {to_json(results, policy->threads()), to_text(results, policy->threads()), {}};
}

/// A page of the findings.
void write_page(const EvaluateOptions& options, const ModelInfo& info, const Dataset& dataset,
                Findings found) {
  if (!found.examples.empty()) found.event["examples"] = image_list(found.examples);
  const nlohmann::json events[] = {{{"event", "start"},
                                    {"model", info.name},
                                    {"data", options.data.data},
                                    {"parameters", info.parameters},
                                    {"candidates", info.candidates},
                                    {"class_names", dataset.class_names()}},
                                   std::move(found.event)};
  Report report = report_from_events(events);
  report.subtitle = info.name + " on " + options.data.data;
  write_report(report, options.report);
  if (!options.run.json) std::printf("report: %s\n", options.report.c_str());
}

/// The setting for the budget that the options ask for, if they do: solved on pictures of its own, or as the
/// weights hold it. `session` takes it.
std::optional<BudgetChoice> route(const Model& model, const Policy& policy, const EvaluateOptions& options,
                                  SessionOptions& session) {
  if (options.tune_on.data.empty())
    return route_as_stored(options.routing, model.info(), options.weights, session);
  const Budget budget = parse_budget("--budget", options.routing.budget);
  const auto dataset = open_pictures(options.tune_on, Split::test, model.info(), options.run.seed);
  check_budget(budget, options.routing.router, model.info());
  Tuning tuning(model, policy, session, *dataset, options.batch);
  const Costs& costs = tuning.costs(budget.unit, CostOptions{}.batch);
  const auto routers = tuning.routers(options.routing.router);
  require_budget(budget, least_of(routers, costs));
  std::vector<BudgetCurve> curves;
  for (const Router& router : routers)
    if (least_budget(router, costs) <= budget.cost)
      curves.push_back(tuning.solve(router, costs, 0, {budget}));
  BudgetChoice choice = best_within(curves, budget, options.routing.router);
  session.router = choice.point.router;
  return choice;
}

/// Adds budget and cost in its unit to what was found.
void add_budget(const BudgetChoice& choice, const RoutingOptions& routing, const Evaluation& measured,
                Findings& found) {
  const Budget budget = parse_budget("--budget", routing.budget);
  const auto costs = answer_costs(choice.point.router, choice.costs);
  double sum = 0;
  for (std::size_t j = 0; j < costs.size(); ++j) sum += static_cast<double>(measured.chosen[j]) * costs[j];
  const double average = sum / static_cast<double>(measured.images);
  found.event.update({{"budget", budget.cost},
                      {"unit", unit_name(budget.unit)},
                      {"average_cost", average},
                      {"tuned_cost", choice.point.cost},
                      {"tuned_accuracy", choice.point.accuracy()}});
  found.text += "  budget: " + cost_text(average, budget.unit) + " an image of " +
                cost_text(budget.cost, budget.unit) + "; on the pictures it was tuned on " +
                cost_text(choice.point.cost, budget.unit) + " and " +
                fixed(100 * choice.point.accuracy(), 2) + " %\n";
}

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  const bool analysis = wants_analysis(options, info);
  const bool timed = options.analysis == "latency";
  if (timed &&
      (!options.routing.router.empty() || !options.routing.budget.empty() || options.routing.threshold))
    throw Error("--analysis latency", "no --router, --budget or --threshold: it times every candidate",
                "one of them");
  const bool routed =
      !timed && (!analysis || !options.routing.router.empty() || !options.routing.budget.empty());
  if (!options.tune_on.data.empty() && options.routing.budget.empty())
    throw Error("--tune-on", "a --budget beside it", "none");
  SessionOptions session = session_options(options.routing, options.official, info, options.run.seed);
  LoadOptions load = load_options(options.names, options.official);
  load.predictor = routed && needs_predictor(session.router);
  model->load(options.weights, load);
  const auto dataset = open_pictures(options.data, Split::test, info, options.run.seed);
  const Policy policy = make_policy(options.run);
  const auto choice = route(*model, policy, options, session);

  std::optional<Evaluation> measured;
  if (routed) measured = measure(*model, policy, session, *dataset, options);
  if (choice) measured->router += " within " + options.routing.budget;
  Findings found = analysis ? analyze(*model, policy, session, *dataset, measured, options)
                   : timed  ? time_images(*model, policy, *dataset, options)
                            : Findings{to_json(*measured), to_text(*measured, info.candidates), {}};
  if (choice) add_budget(*choice, options.routing, *measured, found);
  found.event["model"] = info.name;
  found.event["data"] = options.data.data;
  if (options.run.json)
    std::printf("%s\n", found.event.dump().c_str());
  else
    std::printf("%s on %s\n%s", info.name.c_str(), options.data.data.c_str(), found.text.c_str());
  if (!options.report.empty()) write_page(options, info, *dataset, std::move(found));
  return 0;
}

}  // namespace drnet::program
