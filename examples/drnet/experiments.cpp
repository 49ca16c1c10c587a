// drnet experiments: trains the networks of a folder of experiments, one after the other; those that are
// finished stay as they are, one that was interrupted goes on where it stopped.
#include "commands.hpp"
#include "environment.hpp"
#include "experiment.hpp"
#include "experiment_pages.hpp"

#include <drnet/io/read_file.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace drnet::program {

namespace {

namespace fs = std::filesystem;

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

/// check_training() with the experiment in what it throws.
void check(const Experiment& experiment) {
  try {
    check_training(experiment.train);
  } catch (const Error& e) {
    throw Error(experiment.name + ".json: " + e.place(), e.expected(), e.got());
  }
}

/// Trains what is not finished; the program's exit code.
int train_all(std::vector<Experiment>& wanted, bool json) {
  for (Experiment& experiment : wanted) {
    if (!experiment.from.empty()) check(experiment);  // its weights are there now
    if (is_finished(experiment)) continue;
    if (!json) std::printf("--- %s: %s\n", experiment.name.c_str(), experiment.title.c_str());
    experiment.train.resume = is_begun(experiment);
    if (const int status = run_train(experiment.train); status != 0) return status;
  }
  return 0;
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
    train.commit = options.commit;
    check(experiment);  // all of them, before the first one runs for an hour
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
  const auto write = [&] { write_pages(experiments, folder, results, options.quick); };
  int status = 0;
  try {
    status = train_all(wanted, options.run.json);
  } catch (const Error& e) {
    try {
      write();  // what is there is worth a page
    } catch (const Error&) {
      throw e;  // and what went wrong first is what is said
    }
    throw;
  }
  write();
  if (status != 0) return status;
  if (!options.run.json)
    for (const char* name : {"report.html", "table.md"}) std::printf("%s\n", (results / name).c_str());
  return 0;
}

}  // namespace drnet::program
