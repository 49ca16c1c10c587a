// drnet report: an HTML page of training runs and experiments, and a montage of classified pictures.
#include "commands.hpp"
#include "montage.hpp"
#include "pictures.hpp"

#include <drnet/data/file.hpp>
#include <drnet/io/report_from_logs.hpp>
#include <drnet/io/report_repeats.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

namespace drnet::program {

namespace {

std::vector<MontageImage> classified_pictures(const ReportOptions& options) {
  for (const auto& [option, value] : {std::pair("--model", &options.model),
                                      {"--weights", &options.weights},
                                      {"--data", &options.data.data}})
    if (value->empty()) throw Error(option, "a value, as a montage needs one", "nothing");
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  model->load(options.weights, {});
  const auto dataset = open_pictures(options.data, Split::test, info, options.run.seed);
  const Router router = make_router("predictor", info.candidates, info.has_predictor(), options.run.seed);
  return make_montage(*model, make_policy(options.run), router, *dataset, options.montage, options.run.seed);
}

/// The log of a run's folder, or those of the runs in a folder, by name; or the log itself. Throws Error for
/// a folder without any.
std::vector<std::filesystem::path> logs_at(const std::filesystem::path& path) {
  if (!is_folder(path)) return {path};
  if (const auto log = path / "log.jsonl"; std::filesystem::exists(log)) return {log};
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (const auto log = entry.path() / "log.jsonl"; std::filesystem::exists(log)) logs.push_back(log);
  if (logs.empty()) throw Error(path.string(), "log.jsonl in the folder, or in folders inside of it", "none");
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace

int run_report(const ReportOptions& options) {
  if (!options.svg.empty() && options.montage == 0)
    throw Error("--svg", "--montage with the number of its pictures", "no --montage");
  std::vector<std::filesystem::path> logs;
  for (const std::string& path : options.logs)
    for (const std::filesystem::path& log : logs_at(path)) logs.push_back(log);
  Report report = report_from_logs(logs);
  report.baseline = options.baseline;
  drop_repeats(report);
  if (options.montage > 0) report.montage = classified_pictures(options);
  write_report(report, options.output);
  if (!options.svg.empty()) write_montage_svg(report.montage, options.svg);
  if (options.run.json)
    std::printf("%s\n",
                nlohmann::json{{"report", options.output}, {"runs", report.runs.size()}}.dump().c_str());
  else
    std::printf("report: %s\n", options.output.c_str());
  return 0;
}

}  // namespace drnet::program
