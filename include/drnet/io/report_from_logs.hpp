// A report from the JSON Lines logs of training runs; docs/log-format.md describes their events. Events and
// fields that are not known are ignored, null and missing numbers are gaps, wrong types are errors.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/log.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/montage.hpp>
#include <drnet/io/report.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_log_detail {

/// One object of a log, with typed access to its fields.
template <class Json>
class Event {
 public:
  Event(const Json& fields, std::string place) : fields_(fields), place_(std::move(place)) {}

  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] const Json* find(const char* key) const {
    const auto found = fields_.find(key);
    return found == fields_.end() || found->is_null() ? nullptr : &*found;
  }

  [[nodiscard]] double number(const char* key) const {
    const Json* value = find(key);
    return value ? number(key, *value) : Report::kUnknown;
  }

  [[nodiscard]] std::vector<double> numbers(const char* key) const {
    std::vector<double> values;
    for (const Json& value : array(key))
      values.push_back(value.is_null() ? Report::kUnknown : number(key, value));
    return values;
  }

  /// A whole number in low..high; `missing` without one.
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t low, std::int64_t high,
                                     std::int64_t missing) const {
    const Json* value = find(key);
    return value ? integer(key, *value, low, high) : missing;
  }

  [[nodiscard]] std::vector<std::int64_t> counts(const char* key) const {
    std::vector<std::int64_t> values;
    for (const Json& value : array(key)) values.push_back(integer(key, value, 0, INT64_MAX));
    return values;
  }

  [[nodiscard]] std::vector<int> resolutions(const char* key) const {
    std::vector<int> values;
    for (const Json& value : array(key)) values.push_back(static_cast<int>(integer(key, value, 1, 65'535)));
    return values;
  }

  /// Text, or the digits of a class index.
  [[nodiscard]] std::string text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return "";
    if (value->is_number_integer()) return value->dump();
    if (!value->is_string()) fail(key, "text", *value);
    return value->template get<std::string>();
  }

  [[nodiscard]] const Json& array(const char* key) const {
    static const Json kNone = Json::array();
    const Json* value = find(key);
    if (value == nullptr) return kNone;
    if (!value->is_array()) fail(key, "a list", *value);
    return *value;
  }

  /// The objects of a list.
  [[nodiscard]] std::vector<Event> objects(const char* key) const {
    std::vector<Event> events;
    for (const Json& value : array(key)) {
      if (!value.is_object()) fail(key, "objects", value);
      events.emplace_back(value, place_);
    }
    return events;
  }

  [[noreturn]] void fail(const char* key, const std::string& expected, const Json& got) const {
    throw Error(place_ + ", \"" + key + "\"", expected, markup::shorten(got.dump(), 60));
  }

 private:
  [[nodiscard]] double number(const char* key, const Json& value) const {
    if (!value.is_number()) fail(key, "a number", value);
    return value.template get<double>();
  }
  [[nodiscard]] std::int64_t integer(const char* key, const Json& value, std::int64_t low,
                                     std::int64_t high) const {
    const bool whole = value.is_number_integer() &&
                       !(value.is_number_unsigned() && value.template get<std::uint64_t>() > INT64_MAX);
    if (!whole || value.template get<std::int64_t>() < low || value.template get<std::int64_t>() > high)
      fail(key, "a whole number from " + std::to_string(low) + " to " + std::to_string(high), value);
    return value.template get<std::int64_t>();
  }

  const Json& fields_;
  std::string place_;
};

void start(const auto& event, Report::Run& run) {
  run.model = event.text("model");
  run.data = event.text("data");
  run.parameters = event.number("parameters");
  run.candidates = event.resolutions("candidates");
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

/// Adds the runs of one log; a further `start` begins another one. `place` is the log in messages.
void add_events(auto& report, const auto& events, const std::string& place, const std::string& name) {
  std::size_t started = 0;
  const std::size_t first = report.runs.size();
  const auto current = [&]() -> Report::Run& {
    if (report.runs.size() == first) report.runs.emplace_back().name = name;
    return report.runs.back();
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event event(events[i], place + ":" + std::to_string(i + 1));
    const std::string kind = event.text("event");
    if (kind == "start") {
      if (++started > 1) report.runs.emplace_back().name = name + " (" + std::to_string(started) + ")";
      start(event, current());
    } else if (kind == "epoch") {
      require_shares(event, current());
      current().epochs.push_back(epoch(event, current().epochs));
    } else if (kind == "evaluation") {
      require_shares(event, current());
      add_evaluation(current(), evaluation(event));
    } else if (kind == "minimum_resolution") {
      add_minimum_resolution(current(), event);
    } else if (kind == "montage") {
      report.montage = images(event, "images");
    }
  }
}

void add_log(auto& report, const std::filesystem::path& path, const std::string& name) {
  const Log log = read_log(path);
  if (!log.incomplete.empty())
    report.notes.push_back(path.filename().string() +
                           " ends inside a line: it is still written, or was stopped.");
  add_events(report, log.entries, path.string(), name);
}

void add_title(auto& report) {
  report.title = "Dynamic resolution";
  const std::size_t runs = report.runs.size();
  report.subtitle = std::to_string(runs) + (runs == 1 ? " run" : " runs");
}

}  // namespace report_log_detail

/// A report of all runs in the logs, in this order; a run is named after its file, with its folder where
/// files have the same name. The last montage of the last log that has one is shown. Throws Error, with
/// "file:line" where there is one, for logs that cannot be read and fields of a wrong type.
template <class Report = drnet::Report>
[[nodiscard]] Report report_from_logs(std::span<const std::filesystem::path> paths) {
  Report report;
  for (const std::filesystem::path& path : paths) {
    const auto same_name = std::count_if(paths.begin(), paths.end(), [&](const std::filesystem::path& other) {
      return other.stem() == path.stem();
    });
    const std::filesystem::path longer = path.parent_path().filename() / path.stem();
    const std::string name = same_name == 1 ? path.stem().string() : longer.string();
    report_log_detail::add_log(report, path, name);
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
