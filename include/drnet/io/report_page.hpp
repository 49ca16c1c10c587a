// What the sections of a report share: style, units, the shade of every resolution, the list of results and
// the one that the others are compared with.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/core/statistics.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_model.hpp>
#include <drnet/io/svg_bars.hpp>
#include <drnet/io/svg_chart.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

inline constexpr std::string_view kPageStyle = R"(*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:20px 16px 40px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:1.7rem;line-height:1.2;margin:.3em 0 .1em}h2{font-size:1.2rem;margin:2em 0 .5em}
h3{font-size:1rem;margin:1.2em 0 .4em}p{margin:.3em 0 .8em;max-width:75ch}
.lead,.note,figcaption small{color:var(--soft)}.note{font-size:.875rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.35em .7em;text-align:left;border-bottom:1px solid var(--grid);white-space:nowrap}
td.name,.group th{white-space:normal;min-width:15em;overflow-wrap:anywhere}td.of{padding-left:2.6em}
th{font-weight:600;vertical-align:bottom}.n{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:14px}
.chart{background:var(--card);border-radius:8px;padding:8px;margin:0;break-inside:avoid;max-width:560px}
.chart.full{max-width:none}.chart svg{display:block;width:100%;height:auto}.narrow{display:none}
nav{display:flex;flex-wrap:wrap;gap:.2em 1.1em;margin:.8em 0;font-size:.9rem}a{color:var(--c0)}
tr.baseline td{background:var(--card)}.classes{columns:3 300px;column-gap:24px;font-size:.8rem}
.classes>div{display:grid;grid-template-columns:9.5em 1fr;gap:.6em;align-items:center;break-inside:avoid;padding:1px 0}
.classes span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}details{margin:.6em 0}
summary{cursor:pointer;font-weight:600;padding:.2em 0;overflow-wrap:anywhere}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2em 1.2em;padding:0;margin:.5em 0;font-size:.875rem}
.legend li{overflow-wrap:anywhere;min-width:0}.mark{vertical-align:-1px;margin-right:.4em}
.share{display:block;border-radius:4px}.shares{display:grid;grid-template-columns:minmax(9em,1fr) 3fr;
gap:.4em 1em;align-items:center;font-size:.9rem;overflow-wrap:anywhere}
.axis-choice+label{margin-right:1em}.by-seconds{display:none}
#axis-seconds:checked~.by-seconds{display:grid}#axis-seconds:checked~.by-epoch{display:none}
.montage{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:12px}
figure{margin:0}.montage figure{break-inside:avoid;min-width:0}
.montage img{display:block;width:100%;aspect-ratio:1;object-fit:contain;background:var(--card);border-radius:4px}
.montage img.small{image-rendering:pixelated}
figcaption{font-size:.8rem;line-height:1.3;margin-top:.25em;overflow-wrap:anywhere}
figcaption small{display:block;font-size:inherit}.wrong{font-weight:600}
@media screen and (max-width:700px){.wide{display:none}.narrow{display:block}}
@media (max-width:560px){body{padding:14px 12px 32px}.classes .share,.shares div .share{margin-bottom:0}td.name .mark{width:20px;margin-right:.2em}th,td{padding:.35em .45em}td.name{min-width:8em}.shares{grid-template-columns:1fr;gap:.15em}.share{margin-bottom:.7em}}
@media print{body{max-width:none;padding:0;font-size:11pt}h2{break-after:avoid}.scroll{overflow:visible}
table{font-size:8pt}th,td{padding:.2em .4em}}
)";

/// A unit in which the largest of some values has a short number.
struct Unit {
  double size = 1;
  std::string name;
};

/// The largest finite value; 0 without one.
inline double largest(const std::vector<double>& values) {
  double result = 0;
  for (const double value : values)
    if (std::isfinite(value)) result = std::max(result, value);
  return result;
}

inline Unit macs_unit(double most) {
  if (most >= 5e8) return {1e9, "G multiply-adds"};
  if (most >= 5e5) return {1e6, "M multiply-adds"};
  return {1, "multiply-adds"};
}

inline Unit time_unit(double most) {
  if (most >= 3 * 3600) return {3600, "hours"};
  if (most >= 3 * 60) return {60, "minutes"};
  return {1, "seconds"};
}

/// What stands for a run in the table: its evaluations, or what its last epoch said.
std::vector<Report::Evaluation> results(const auto& run) {
  if (!run.evaluations.empty() || run.epochs.empty()) return run.evaluations;
  const auto& last = run.epochs.back();
  Report::Evaluation result;
  result.router = "last epoch";
  result.accuracy = last.accuracy;
  result.average_macs = last.average_macs;
  result.shares = last.shares;
  return {result};
}

/// One result with the run that it belongs to: a row of the table.
struct Row {
  static constexpr std::string_view kSeed = ", seed ";
  const Report::Run& run;
  std::size_t style;
  Report::Evaluation result;

  [[nodiscard]] std::string label() const {
    const bool both = !run.name.empty() && !result.router.empty();
    return run.name + (both ? " · " : "") + result.router;
  }
  [[nodiscard]] bool fixed() const { return result.router.starts_with("fixed "); }
  /// Random choices with one of several seeds: "random, seed 1" at the cost of the predictor, "random like
  /// cascade, seed 1" at the cost of another router.
  [[nodiscard]] bool random() const {
    return result.router.starts_with("random") && result.router.find(kSeed) != std::string::npos;
  }
  /// The router of random choices without the seed.
  [[nodiscard]] std::string drawn() const { return result.router.substr(0, result.router.rfind(kSeed)); }
  /// Whose cost the random choices have.
  [[nodiscard]] std::string rival() const {
    constexpr std::string_view kLike = "random like ";
    return drawn().starts_with(kLike) ? drawn().substr(kLike.size()) : "predictor";
  }
  /// Whether both answered the same images, and which of them are right is known.
  [[nodiscard]] bool comparable(const Row& other) const {
    const auto data = [](const Row& row) { return row.result.data.empty() ? row.run.data : row.result.data; };
    return !result.right.empty() && result.right.size() == other.result.right.size() &&
           data(*this) == data(other);
  }
  /// The resolution of image i; nothing where it is not known.
  [[nodiscard]] std::optional<int> resolution(std::size_t i) const {
    if (i < result.choices.size()) return run.candidates[static_cast<std::size_t>(result.choices[i])];
    if (run.candidates.size() == 1) return run.candidates.front();
    const auto all = std::find(result.shares.begin(), result.shares.end(), 1.0);
    if (all == result.shares.end()) return std::nullopt;
    return run.candidates[static_cast<std::size_t>(all - result.shares.begin())];
  }
};

std::vector<Row> all_rows(const auto& report) {
  std::vector<Row> all;
  for (std::size_t i = 0; i < report.runs.size(); ++i)
    for (const Report::Evaluation& result : results(report.runs[i]))
      all.push_back({report.runs[i], i, result});
  return all;
}

/// The index of the row that the others are compared with (Report::baseline); nothing where none is fixed.
/// Throws Error for a name that no row has.
inline std::optional<std::size_t> find_baseline(const std::vector<Row>& rows, const std::string& name) {
  const auto rank = [](const Row& row) {
    return std::pair(row.result.average_macs, row.run.candidates.size() == 1);
  };
  std::optional<std::size_t> found;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    names.push_back(rows[i].label());
    if (!name.empty() && names.back() == name) return i;
    const bool good = name.empty() ? rows[i].fixed() && std::isfinite(rows[i].result.average_macs)
                                   : rows[i].result.router == name;
    const bool better = !found || (name.empty() && rank(rows[i]) > rank(rows[*found]));
    if (good && better) found = i;
  }
  if (!name.empty() && !found) throw Error("baseline", "one of " + join(names), "'" + name + "'");
  return found;
}

/// What all sections share: units and the shade of every resolution.
template <class Report>
struct Context {
  const Report& report;
  std::vector<Row> rows;
  std::optional<std::size_t> baseline;  // index of a row
  Unit macs;
  std::vector<int> resolutions;  // all candidates of all runs, largest first

  explicit Context(const Report& what)
      : report(what), rows(all_rows(what)), baseline(find_baseline(rows, what.baseline)) {
    std::vector<double> costs;
    std::set<int, std::greater<>> all;
    for (const auto& run : report.runs) {
      for (const auto& epoch : run.epochs) costs.push_back(epoch.average_macs);
      for (const auto& result : run.evaluations) costs.push_back(result.average_macs);
      all.insert(run.candidates.begin(), run.candidates.end());
    }
    for (const auto& image : report.montage) all.insert(image.resolution);
    macs = macs_unit(largest(costs));
    resolutions.assign(all.begin(), all.end());
  }

  /// The words for average_macs on an axis.
  [[nodiscard]] std::string cost() const {
    return markup::fill_in("Average cost of an image ({})", {macs.name});
  }
  [[nodiscard]] svg::Part part(int resolution) const {
    const auto found = std::find(resolutions.begin(), resolutions.end(), resolution);
    const auto rank = static_cast<std::size_t>(found - resolutions.begin());
    return {std::to_string(resolution) + " px", svg::resolution_shade(rank, resolutions.size())};
  }
  [[nodiscard]] std::vector<svg::Part> parts(const std::vector<int>& candidates) const {
    std::vector<svg::Part> all;
    for (const int resolution : candidates) all.push_back(part(resolution));
    return all;
  }
};

inline std::string chart(const std::string& svg, std::string_view more = "") {
  return markup::fill_in("<figure class=\"chart{}\">{}</figure>\n", {more, svg});
}

inline std::string cell(const std::string& text) {
  return markup::fill_in("<td class=\"n\">{}</td>", {text});
}

/// Legend entries of the runs, or of resolutions.
inline std::string legend(const std::string& items) {
  return markup::fill_in("<ul class=\"legend\">{}</ul>\n", {items});
}
inline std::string legend_item(const std::string& mark, const std::string& name) {
  return markup::fill_in("<li>{}{}</li>", {mark, markup::escape(name)});
}

/// "1 image, 2 threads".
std::string load_text(const auto& latency) {
  const auto counted = [](std::int64_t count, const char* what) {
    return std::to_string(count) + what + (count == 1 ? "" : "s");
  };
  return counted(latency.images, " image") + ", " + counted(latency.threads, " thread");
}

/// A section of the page; nothing without content.
inline std::string section(const std::string& heading, const std::string& content) {
  if (content.empty()) return "";
  return markup::fill_in("<section><h2>{}</h2>{}</section>\n", {markup::escape(heading), content});
}

/// " · name" where there are several runs.
std::string run_suffix(const auto& context, const auto& run) {
  return context.report.runs.size() > 1 && !run.name.empty() ? " · " + run.name : "";
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
