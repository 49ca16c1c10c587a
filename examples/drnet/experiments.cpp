// drnet experiments: trains the networks of a folder of experiments, one after the other; those that are
// finished stay as they are, one that was interrupted goes on where it stopped.
#include "commands.hpp"
#include "environment.hpp"
#include "experiment.hpp"
#include "model.hpp"
#include "montage.hpp"
#include "pictures.hpp"

#include <drnet/io/read_file.hpp>
#include <drnet/io/report_from_logs.hpp>
#include <drnet/io/report_markdown.hpp>

#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace drnet::program {

namespace {

namespace fs = std::filesystem;

bool is_finished(const Experiment& experiment) {
  return fs::exists(fs::path(experiment.train.output) / "report.html");  // which is written last
}
/// Those of these names, and those that they begin from. Throws Error for a name that there is not.
std::vector<Experiment> chosen_ones(const std::vector<Experiment>& all,
                                    const std::vector<std::string>& names) {
  std::set<std::string> wanted(names.begin(), names.end());
  for (const std::string& name : names)
    if (std::ranges::find(all, name, &Experiment::name) == all.end()) {
      std::vector<std::string> known;
      for (const Experiment& experiment : all) known.push_back(experiment.name);
      throw Error("--only", "one of " + join(known), "'" + name + "'");
    }
  std::vector<Experiment> chosen;
  for (std::size_t i = all.size(); i-- > 0;)  // what one begins from comes before it
    if (wanted.contains(all[i].name)) {
      wanted.insert(all[i].from);
      chosen.insert(chosen.begin(), all[i]);
    }
  return chosen;
}
bool is_begun(const Experiment& experiment) {
  return fs::exists(fs::path(experiment.train.output) / "checkpoint.safetensors");
}

/// The name of the result of the dearest network that has one resolution; empty without one.
std::string dearest_fixed(const Report& report) {
  const Report::Run* dearest = nullptr;
  for (const Report::Run& run : report.runs)
    if (run.candidates.size() == 1 && !run.evaluations.empty() &&
        (dearest == nullptr || run.evaluations[0].average_macs > dearest->evaluations[0].average_macs))
      dearest = &run;
  return dearest == nullptr ? "" : dearest->name + " · " + dearest->evaluations[0].router;
}

/// Pictures by the resolution that the last network with a choice gave them; none without such a network.
std::vector<MontageImage> last_choices(const std::vector<Experiment>& experiments) {
  constexpr std::size_t kPictures = 48;
  for (std::size_t i = experiments.size(); i-- > 0;) {
    const TrainOptions& train = experiments[i].train;
    const auto model = make_model(train.model, train.run.seed);
    if (!is_finished(experiments[i]) || !model->info().has_predictor() || train.epochs2 == 0) continue;
    model->load(fs::path(train.output) / "weights.safetensors", {});
    const auto pictures = open_validation(train, model->info());
    return make_montage(*model, make_policy(train.run), PredictorRouter{}, *pictures, kPictures,
                        train.run.seed);
  }
  return {};
}

/// Adds to each run the training of those that it began from, which come before it. `finished`: of each run.
void count_earlier(std::vector<Report::Run>& runs, const std::vector<const Experiment*>& finished) {
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (finished[k]->name == finished[i]->from) {
        const std::vector<Report::Epoch>& epochs = runs[k].epochs;
        runs[i].earlier_epochs = runs[k].earlier_epochs + static_cast<std::int64_t>(epochs.size());
        runs[i].earlier_seconds = runs[k].earlier_seconds + (epochs.empty() ? 0 : epochs.back().seconds);
      }
}

/// The results of all that are finished, as a page and as a table.
void write_results(const std::vector<Experiment>& experiments, const fs::path& results,
                   const std::string& set) {
  std::vector<fs::path> logs;
  std::vector<const Experiment*> finished;
  for (const Experiment& experiment : experiments)
    if (is_finished(experiment)) {
      logs.push_back(fs::path(experiment.train.output) / "log.jsonl");
      finished.push_back(&experiment);
    }
  Report report = report_from_logs(logs);
  report.title = set;
  for (std::size_t i = 0; i < report.runs.size(); ++i) report.runs[i].name = finished[i]->title;
  count_earlier(report.runs, finished);
  report.baseline = dearest_fixed(report);
  report.montage = last_choices(experiments);
  write_report(report, results / "report.html");
  write_atomically(results / "table.md", [&](std::ostream& file) {
    file << results_markdown(report);
    if (const std::string times = latency_markdown(report); !times.empty()) file << '\n' << times;
  });
}

}  // namespace

int run_experiments(const ExperimentsOptions& options) {
  const fs::path folder = fs::path(options.folder).lexically_normal();
  const std::string set = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  const fs::path results = fs::path(options.output) / set;
  std::vector<Experiment> experiments = read_experiments(folder, results, options.quick);
  for (Experiment& experiment : experiments) {
    TrainOptions& train = experiment.train;
    train.run.threads = options.run.threads;
    train.run.backend = options.run.backend;
    train.run.json = options.run.json;
    train.forecast = train.analyze = true;
    check_training(train);  // all of them, before the first one runs for an hour
    if (experiment.from.empty() && !train.weights.empty()) (void)open_file(with_variables(train.weights));
  }
  if (options.list) {
    for (const Experiment& experiment : experiments)
      std::printf("%-30s %-10s %s\n", experiment.name.c_str(),
                  is_finished(experiment) ? "finished"
                  : is_begun(experiment)  ? "begun"
                                          : "to do",
                  experiment.title.c_str());
    return 0;
  }
  std::vector<Experiment> wanted =
      options.only.empty() ? experiments : chosen_ones(experiments, options.only);
  for (Experiment& experiment : wanted) {
    if (is_finished(experiment)) continue;
    if (!options.run.json) std::printf("--- %s: %s\n", experiment.name.c_str(), experiment.title.c_str());
    experiment.train.resume = is_begun(experiment);
    if (const int status = run_train(experiment.train); status != 0) return status;
  }
  write_results(experiments, results, set);
  if (!options.run.json)
    for (const char* name : {"report.html", "table.md"}) std::printf("%s\n", (results / name).c_str());
  return 0;
}

}  // namespace drnet::program
