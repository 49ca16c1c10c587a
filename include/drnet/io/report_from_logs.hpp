// A report from the JSON Lines logs of training runs; docs/log-format.md describes their events. Events and
// fields that are not known are ignored, null and missing numbers are gaps, wrong types are errors.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/log.hpp>
#include <drnet/io/log_event.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/montage.hpp>
#include <drnet/io/report.hpp>
#include <drnet/io/report_model.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_log_detail {

std::optional<std::uint64_t> seed(const auto& event) {
  const auto* const value = event.find("seed");
  if (value == nullptr) return std::nullopt;
  const bool whole =
      value->is_number_unsigned() || (value->is_number_integer() && value->template get<std::int64_t>() >= 0);
  if (!whole) event.fail("seed", "a whole number from 0", *value);
  return value->template get<std::uint64_t>();
}

void start(const auto& event, Report::Run& run) {
  run.model = event.text("model");
  run.data = event.text("data");
  run.seed = seed(event);
  run.commit = event.text("commit");
  run.compiler = event.text("compiler");
  run.processor = event.text("processor");
  run.parameters = event.number("parameters");
  run.candidates = event.resolutions("candidates");
  run.class_names = event.texts("class_names");
}

/// Epochs count anew in each stage; the curve counts on.
Report::Epoch epoch(const auto& event, const std::vector<Report::Epoch>& before) {
  Report::Epoch result;
  result.stage =
      static_cast<int>(event.integer("stage", 1, 1'000'000, before.empty() ? 1 : before.back().stage));
  const auto earlier = std::find_if(before.rbegin(), before.rend(),
                                    [&](const Report::Epoch& e) { return e.stage != result.stage; });
  const double offset = earlier == before.rend() ? 0 : earlier->epoch;
  const double last = before.empty() ? 0 : before.back().epoch;
  const double own = event.number("epoch");
  result.epoch = std::isfinite(own) ? offset + own : last + 1;
  result.seconds = event.number("seconds");
  result.loss = event.number("loss");
  result.accuracy = event.number("accuracy");
  result.average_macs = event.number("average_macs");
  result.shares = event.numbers("shares");
  return result;
}

Report::Evaluation evaluation(const auto& event) {
  Report::Evaluation result;
  result.router = event.text("router");
  result.accuracy = event.number("accuracy");
  result.images = event.integer("images", 0, INT64_MAX, 0);
  result.correct = event.integer("correct", 0, result.images, 0);
  if (event.find("correct") == nullptr) result.images = 0;  // no counts, no interval
  if (!std::isfinite(result.accuracy) && result.images > 0)
    result.accuracy = static_cast<double>(result.correct) / static_cast<double>(result.images);
  result.average_macs = event.number("average_macs");
  result.shares = event.numbers("shares");
  result.milliseconds_per_image = event.number("milliseconds_per_image");
  result.images_per_second = event.number("images_per_second");
  result.data = event.text("data");
  result.right = event.flags("right", result.images);
  const auto right = std::count(result.right.begin(), result.right.end(), true);
  if (!result.right.empty() && right != result.correct)
    event.fail("right", std::to_string(result.correct) + " bits that are set, as \"correct\" says",
               *event.find("right"));
  result.chosen_by_class = event.table("chosen_by_class");
  result.choices = event.counts("choices");
  return result;
}

/// The last evaluation with each router counts.
void add_evaluation(auto& run, Report::Evaluation result) {
  const auto same = std::find_if(run.evaluations.begin(), run.evaluations.end(),
                                 [&](const Report::Evaluation& e) { return e.router == result.router; });
  if (same == run.evaluations.end())
    run.evaluations.push_back(std::move(result));
  else
    *same = std::move(result);
}

MontageImage image(const auto& event) {
  constexpr std::int64_t kMaxSide = 4096;
  MontageImage result;
  result.width = static_cast<int>(event.integer("width", 1, kMaxSide, 0));
  result.height = static_cast<int>(event.integer("height", 1, kMaxSide, 0));
  result.channels = static_cast<int>(event.integer("channels", 1, 3, 3));
  result.resolution = static_cast<int>(event.integer("resolution", 0, 65'535, 0));
  result.label = event.text("label");
  result.predicted = event.text("predicted");
  auto pixels = markup::from_base64(event.text("pixels"));
  const auto bytes = static_cast<std::size_t>(result.width) * static_cast<std::size_t>(result.height) *
                     static_cast<std::size_t>(result.channels);
  if (!pixels || pixels->size() != bytes || bytes == 0 || result.channels == 2)
    throw Error(event.place() + ", \"pixels\"", "base64 of width x height x channels bytes (1 or 3 channels)",
                pixels ? std::to_string(pixels->size()) + " bytes for " + std::to_string(result.width) +
                             " x " + std::to_string(result.height) + " x " + std::to_string(result.channels)
                       : "other text");
  result.pixels = std::move(*pixels);
  return result;
}

std::vector<MontageImage> images(const auto& event, const char* key) {
  std::vector<MontageImage> list;
  for (const auto& entry : event.objects(key)) list.push_back(image(entry));
  return list;
}

void require_shares(const auto& event, const Report::Run& run) {
  const std::size_t shares = event.array("shares").size();
  if (shares != 0 && shares != run.candidates.size())
    event.fail("shares", "one number for each of " + std::to_string(run.candidates.size()) + " candidates",
               event.array("shares"));
}

/// Throws Error for choices that are not one for each image, or of candidates that the run has not.
void require_choices(const auto& event, const Report::Run& run) {
  const std::vector<std::int64_t> choices = event.counts("choices");
  const auto images = event.integer("images", 0, INT64_MAX, 0);
  const auto candidates = static_cast<std::int64_t>(run.candidates.size());
  if (!choices.empty() && static_cast<std::int64_t>(choices.size()) != images)
    event.fail("choices", std::to_string(images) + ", one for each image", choices.size());
  for (const std::int64_t j : choices)
    if (j >= candidates) event.fail("choices", "numbers below " + std::to_string(candidates), j);
}

/// Throws Error for counts that are not one for each candidate of the run.
void require_class_counts(const auto& event, const Report::Run& run) {
  for (const auto& counts : event.array("chosen_by_class"))
    if (counts.size() != run.candidates.size())
      event.fail("chosen_by_class",
                 "a count for each of " + std::to_string(run.candidates.size()) + " candidates", counts);
}

std::vector<Report::Reliability::Bin> bins(const auto& event, const char* key) {
  std::vector<Report::Reliability::Bin> result;
  for (const auto& bin : event.objects(key))
    result.push_back(
        {bin.integer("count", 0, INT64_MAX, 0), bin.number("confidence"), bin.number("accuracy")});
  return result;
}

/// The last reliability of a run counts.
std::vector<Report::Reliability> reliability(const auto& event) {
  std::vector<Report::Reliability> banks;
  for (const auto& bank : event.objects("banks"))
    banks.push_back({static_cast<int>(bank.integer("resolution", 1, 65'535, 1)), bank.number("temperature"),
                     bank.number("ece_before"), bank.number("ece_after"), bins(bank, "before"),
                     bins(bank, "after")});
  return banks;
}

/// A later measurement of the same router, images and threads replaces an earlier one.
void add_latency(auto& run, const auto& event) {
  for (const auto& entry : event.objects("results")) {
    const Report::Latency one{entry.text("router"), entry.integer("images", 1, INT64_MAX, 1),
                              event.integer("threads", 1, INT64_MAX, 1), entry.number("milliseconds"),
                              entry.number("average_macs")};
    std::erase_if(run.latencies, [&](const Report::Latency& other) {
      return other.router == one.router && other.images == one.images && other.threads == one.threads;
    });
    run.latencies.push_back(one);
  }
}

/// A later curve of the same router and unit replaces an earlier one.
void add_budget_curve(auto& run, const auto& event) {
  Report::BudgetCurve curve{event.text("router"), event.text("unit"), {}};
  if (curve.unit.empty()) curve.unit = Report::BudgetCurve::kMacs;
  for (const auto& point : event.objects("points"))
    curve.points.push_back({point.number("budget"), point.number("cost"), point.number("accuracy")});
  std::erase_if(run.curves, [&](const Report::BudgetCurve& other) {
    return other.router == curve.router && other.unit == curve.unit;
  });
  run.curves.push_back(std::move(curve));
}

/// The histogram of an analysis, and those of its results that the run has not measured (with their speed).
void add_minimum_resolution(auto& run, const auto& event) {
  const std::vector<int> candidates = event.resolutions("candidates");
  if (run.candidates.empty()) run.candidates = candidates;
  if (event.find("candidates") != nullptr && candidates != run.candidates)
    event.fail("candidates", "those of the run, " + join(run.candidates), event.array("candidates"));
  ResolutionHistogram histogram{event.counts("smallest"), event.integer("never", 0, INT64_MAX, 0),
                                images(event, "examples")};
  if (histogram.smallest.size() != run.candidates.size())
    event.fail("smallest", "one number for each of " + std::to_string(run.candidates.size()) + " candidates",
               event.array("smallest"));
  if (!report_detail::fits(histogram, run.candidates))
    event.fail("examples", "pictures of the candidates " + join(run.candidates), "another resolution");
  for (const auto& entry : event.objects("results")) {
    require_shares(entry, run);
    Report::Evaluation result = evaluation(entry);
    if (std::none_of(run.evaluations.begin(), run.evaluations.end(),
                     [&](const Report::Evaluation& e) { return e.router == result.router; }))
      run.evaluations.push_back(std::move(result));
  }
  run.histogram = std::move(histogram);
}

/// "97.5 % of the choices were 112 px in epoch 3 of stage 2": what a collapse says, without what is missing.
std::string collapse(const auto& event) {
  const auto resolution = event.integer("resolution", 0, 65'535, 0);
  const auto stage = event.integer("stage", 1, 1'000'000, 0);
  const double share = event.number("share"), epoch = event.number("epoch");
  std::string text = std::isfinite(share) ? markup::number(100 * share, 1) + " %" : "nearly all";
  text += " of the choices were " +
          (resolution > 0 ? std::to_string(resolution) + " px" : std::string("one resolution"));
  if (!std::isfinite(epoch)) return text + " on the validation images";
  text += " in epoch " + markup::number(epoch, 0);
  return stage > 0 ? text + " of stage " + std::to_string(stage) : text;
}

/// Adds the runs of one log; a further `start` begins another one. `place` is the log in messages.
void add_events(auto& report, const auto& events, const std::string& place, const std::string& name) {
  std::size_t started = 0;
  const std::size_t first = report.runs.size();
  std::map<std::size_t, std::string> collapses;  // the last one of each run
  const auto current = [&]() -> Report::Run& {
    if (report.runs.size() == first) report.runs.emplace_back().name = name;
    return report.runs.back();
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    const LogEvent event(events[i], place + ":" + std::to_string(i + 1));
    const std::string kind = event.text("event");
    if (kind == "start") {
      if (++started > 1) report.runs.emplace_back().name = name + " (" + std::to_string(started) + ")";
      start(event, current());
    } else if (kind == "epoch") {
      require_shares(event, current());
      current().epochs.push_back(epoch(event, current().epochs));
    } else if (kind == "evaluation") {
      require_shares(event, current());
      require_class_counts(event, current());
      require_choices(event, current());
      add_evaluation(current(), evaluation(event));
    } else if (kind == "minimum_resolution") {
      add_minimum_resolution(current(), event);
    } else if (kind == "reliability") {
      current().reliability = reliability(event);
    } else if (kind == "latency") {
      add_latency(current(), event);
    } else if (kind == "budget_curve") {
      add_budget_curve(current(), event);
    } else if (kind == "collapse") {
      const std::string run = current().name;
      collapses[report.runs.size()] =
          (run.empty() ? "" : run + ": ") + "the choice collapsed; " + collapse(event) + ".";
    } else if (kind == "montage") {
      report.montage = images(event, "images");
    }
  }
  for (const auto& [number, note] : collapses) report.notes.push_back(note);
}

void add_log(auto& report, const std::filesystem::path& path, const std::string& name) {
  const Log log = read_log(path);
  if (!log.incomplete.empty())
    report.notes.push_back((path.parent_path().filename() / path.filename()).string() +
                           " ends inside a line: it is still written, or was stopped.");
  add_events(report, log.entries, path.string(), name);
}

/// What a log is called: its file, or its folder where that is a run's (log.jsonl). `longer`: with the folder
/// that holds it.
inline std::string log_name(const std::filesystem::path& log, bool longer) {
  std::filesystem::path named = std::filesystem::absolute(log).lexically_normal();
  named = named.filename() == "log.jsonl" ? named.parent_path() : named.parent_path() / named.stem();
  return (longer ? named.parent_path().filename() / named.filename() : named.filename()).string();
}

void add_title(auto& report) {
  report.title = "Dynamic resolution";
  const std::size_t runs = report.runs.size();
  report.subtitle = std::to_string(runs) + (runs == 1 ? " run" : " runs");
}

}  // namespace report_log_detail

/// A report of all runs in the logs, in this order; a run is named after its file, or after its folder where
/// the file is log.jsonl, and after the folder around that, too, where names would be the same. The last
/// montage of the last log that has one is shown. Throws Error, with "file:line" where there is one, for logs
/// that cannot be read and fields of a wrong type.
template <class Report = drnet::Report>
[[nodiscard]] Report report_from_logs(std::span<const std::filesystem::path> paths) {
  Report report;
  for (const std::filesystem::path& path : paths) {
    const std::string name = report_log_detail::log_name(path, false);
    const auto same_name = std::count_if(paths.begin(), paths.end(), [&](const auto& other) {
      return report_log_detail::log_name(other, false) == name;
    });
    report_log_detail::add_log(report, path, same_name == 1 ? name : report_log_detail::log_name(path, true));
  }
  report_log_detail::add_title(report);
  return report;
}

/// As report_from_logs(), of events that are in no file; a name is of use beside other runs only.
template <class Report = drnet::Report>
[[nodiscard]] Report report_from_events(std::span<const nlohmann::json> events,
                                        const std::string& name = "") {
  Report report;
  report_log_detail::add_events(report, events, "events", name);
  report_log_detail::add_title(report);
  return report;
}

}  // namespace drnet::inline DRNET_ISA
