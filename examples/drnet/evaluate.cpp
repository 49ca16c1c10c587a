// drnet evaluate: how good and how fast a network is on a data set, and what choosing could be worth.
#include "commands.hpp"
#include "evaluation.hpp"
#include "minimum_resolution.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "setup.hpp"

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
  const auto results = measure_latency(model, policy, dataset, options.batch);
  const int threads = thread_count(options.run);
  return {to_json(results, threads), to_text(results, threads), {}};
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

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  const bool analysis = wants_analysis(options, info);
  const bool timed = options.analysis == "latency";
  const bool routed = !timed && (!analysis || !options.router.empty());
  const SessionOptions session = session_options(options.router, options.official, info, options.run.seed);
  LoadOptions load = load_options(options.names, options.official);
  load.predictor = routed && needs_predictor(session.router);
  model->load(options.weights, load);
  const auto dataset = open_pictures(options.data, Split::test, info, options.run.seed);
  const Policy policy = make_policy(options.run);

  std::optional<Evaluation> measured;
  if (routed) measured = measure(*model, policy, session, *dataset, options);
  Findings found = analysis ? analyze(*model, policy, session, *dataset, measured, options)
                   : timed  ? time_images(*model, policy, *dataset, options)
                            : Findings{to_json(*measured), to_text(*measured, info.candidates), {}};
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
