#include "experiment_pages.hpp"

#include "commands.hpp"
#include "model.hpp"
#include "montage.hpp"
#include "pictures.hpp"

#include <drnet/io/report_from_logs.hpp>
#include <drnet/io/report_markdown.hpp>
#include <drnet/io/report_repeats.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace drnet::program {

namespace fs = std::filesystem;

namespace {

/// The result of the experiment that is marked as the baseline, at its largest resolution, of the set itself
/// or else of another; empty where there is no such result.
std::string baseline_of(const Report& report, const std::vector<Experiment>& shown) {
  for (std::size_t i = 0; i < shown.size(); ++i)
    if (shown[i].baseline && !report.runs[i].evaluations.empty())
      return report.runs[i].name + " · " + report.runs[i].evaluations[0].router;
  return "";
}

/// Shows pictures by the resolution that a network gave them: the one that is marked, or else the last that
/// has a choice; none without such a network.
void add_montage(Report& report, const std::vector<Experiment>& experiments) {
  constexpr std::size_t kPictures = 48;
  const Experiment* chosen = nullptr;
  for (const Experiment& experiment : experiments)
    if (is_finished(experiment) && experiment.train.epochs2 > 0 && (chosen == nullptr || !chosen->montage) &&
        make_model(experiment.train.model, 0)->info().has_predictor())
      chosen = &experiment;
  if (chosen == nullptr) return;
  const TrainOptions& train = chosen->train;
  const auto model = make_model(train.model, train.run.seed);
  model->load(fs::path(train.output) / "weights.safetensors", {});
  const auto pictures = open_validation(train, model->info());
  report.montage =
      make_montage(*model, make_policy(train.run), PredictorRouter{}, *pictures, kPictures, train.run.seed);
  report.montage_of = chosen->title;
}

/// Gives a run another name, also in the notes that begin with it.
void rename(Report& report, Report::Run& run, const std::string& name) {
  for (std::string& note : report.notes)
    if (note.starts_with(run.name + ": ")) note.replace(0, run.name.size(), name);
  run.name = name;
}

/// Adds to each run the training of those that it began from, which come before it. `shown`: of each run.
void count_earlier(std::vector<Report::Run>& runs, const std::vector<Experiment>& shown) {
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (!shown[i].from.empty() && fs::path(shown[i].train.weights).parent_path().lexically_normal() ==
                                        fs::path(shown[k].train.output).lexically_normal()) {
        const std::vector<Report::Epoch>& epochs = runs[k].epochs;
        runs[i].earlier_epochs = runs[k].earlier_epochs + static_cast<std::int64_t>(epochs.size());
        runs[i].earlier_seconds = runs[k].earlier_seconds + (epochs.empty() ? 0 : epochs.back().seconds);
      }
}

/// An experiment by the name that `against` gives it, with those that it begins from before it, into `list`
/// unless they are there.
void add_guest(const std::string& name, const fs::path& folder, const fs::path& results, bool quick,
               std::vector<Experiment>& list) {
  const fs::path file = folder / (name + ".json"), beside = fs::path(name).parent_path();
  auto guest = read_experiment(file, (results / beside).lexically_normal(), quick);
  if (!guest ||
      std::ranges::any_of(list, [&](const Experiment& e) { return e.train.output == guest->train.output; }))
    return;
  if (!guest->from.empty()) add_guest((beside / guest->from).string(), folder, results, quick, list);
  guest->title += " (" + (folder / beside).lexically_normal().filename().string() + ")";
  guest->montage = false;
  list.push_back(std::move(*guest));
}

/// Every way of choosing but chance and an oracle that both runs have a result of.
std::vector<std::string> common_routers(const Report::Run& one, const Report::Run& other) {
  std::vector<std::string> common;
  for (const Report::Evaluation& result : one.evaluations)
    if (!result.right.empty() && !result.router.starts_with("random") &&
        std::ranges::find(other.evaluations, result.router, &Report::Evaluation::router) !=
            other.evaluations.end())
      common.push_back(result.router);
  return common;
}

/// What the experiments say they stand against, where both are there.
void add_comparisons(Report& report, const std::vector<Experiment>& shown, const fs::path& results) {
  for (std::size_t i = 0; i < shown.size(); ++i)
    for (const auto& [name, router, own] : shown[i].against)
      for (std::size_t k = 0; k < shown.size(); ++k) {
        if (fs::path(shown[k].train.output).lexically_normal() != (results / name).lexically_normal())
          continue;
        const Report::Run &one = report.runs[i], &other = report.runs[k];
        const auto has = [](const Report::Run& run, const std::string& result) {
          return std::ranges::find(run.evaluations, result, &Report::Evaluation::router) !=
                 run.evaluations.end();
        };
        const auto compare = [&](const std::string& ours, const std::string& theirs) {
          if (has(one, ours) && has(other, theirs))
            report.comparisons.push_back({one.name + " · " + ours, other.name + " · " + theirs});
        };
        if (!router.empty())
          compare(own, router);
        else
          for (const std::string& both : common_routers(one, other)) compare(both, both);
      }
}

}  // namespace

void write_pages(const std::vector<Experiment>& experiments, const fs::path& folder, const fs::path& results,
                 bool quick) {
  std::vector<Experiment> shown = experiments;
  for (const Experiment& experiment : experiments)
    for (const Experiment::Against& against : experiment.against)
      if (against.experiment.starts_with("../")) add_guest(against.experiment, folder, results, quick, shown);
  std::erase_if(shown, [](const Experiment& experiment) { return !is_finished(experiment); });
  if (shown.empty()) return;
  std::vector<fs::path> logs;
  for (const Experiment& experiment : shown) logs.push_back(fs::path(experiment.train.output) / "log.jsonl");
  Report report = report_from_logs(logs);
  report.title = results.filename().string();
  for (std::size_t i = 0; i < report.runs.size(); ++i) rename(report, report.runs[i], shown[i].title);
  count_earlier(report.runs, shown);
  report.baseline = baseline_of(report, shown);
  add_comparisons(report, shown, results);
  drop_repeats(report);
  add_montage(report, experiments);
  write_report(report, results / "report.html");
  write_atomically(results / "table.md", [&](std::ostream& file) {
    const char* gap = "";
    for (const std::string& part :
         {origins_markdown(report), headline_markdown(report), results_markdown(report),
          notes_markdown(report), differences_markdown(report), latency_markdown(report),
          reliability_markdown(report)})
      if (!part.empty()) file << std::exchange(gap, "\n") << part;
  });
}

}  // namespace drnet::program
