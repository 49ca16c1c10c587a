// A report of training runs and measurements as one HTML file that needs nothing else: inline SVG, no script,
// no address. Costs are multiply-adds of one image including the predictor (docs/method.md, loss); accuracies
// carry 95 % Wilson intervals.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/montage.hpp>
#include <drnet/io/svg_chart.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Images by the smallest candidate that classifies them correctly.
struct ResolutionHistogram {
  std::vector<std::int64_t> smallest;  ///< images, one number for each candidate
  std::int64_t never = 0;              ///< images that no candidate classifies correctly
  /// Some of them: `resolution` is the smallest correct candidate or 0, `predicted` what the next smaller
  /// candidate says, or the largest where all are wrong.
  std::vector<MontageImage> examples;

  [[nodiscard]] double images() const {
    return std::accumulate(smallest.begin(), smallest.end(), static_cast<double>(never));
  }
};

/// What a report shows. A number that is not known is NaN and leaves a gap, shares may be empty.
struct Report {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  /// After one epoch: values on the validation images, loss on the training images.
  struct Epoch {
    int stage = 1;
    double epoch = kUnknown;  ///< counted over all stages, from 1
    double seconds = kUnknown;
    double loss = kUnknown;
    double accuracy = kUnknown;  ///< 0..1
    double average_macs = kUnknown;
    std::vector<double> shares;  ///< 0..1, one for each candidate
  };

  /// A measured result.
  struct Evaluation {
    std::string router;          ///< how resolutions were chosen
    double accuracy = kUnknown;  ///< 0..1
    std::int64_t correct = 0, images = 0;
    double average_macs = kUnknown;
    std::vector<double> shares;
    double milliseconds_per_image = kUnknown, images_per_second = kUnknown;
  };

  struct Run {
    std::string name;  ///< may be empty where there is one run
    std::string model, data;
    double parameters = kUnknown;
    std::vector<int> candidates;  ///< resolutions, largest first
    std::vector<Epoch> epochs;
    std::vector<Evaluation> evaluations;
    std::optional<ResolutionHistogram> histogram;
  };

  std::string title, subtitle;
  std::vector<Run> runs;
  std::vector<MontageImage> montage;
  std::vector<std::string> notes;  ///< what a reader should know, such as a log that is not complete
};

struct Interval {
  double low, high;
};

/// 95 % interval of a proportion (E. B. Wilson, 1927): stays inside 0..1 and holds for small counts too.
/// Without images, NaN.
[[nodiscard]] inline Interval wilson_interval(std::int64_t correct, std::int64_t images) {
  if (images <= 0 || correct < 0 || correct > images) return {Report::kUnknown, Report::kUnknown};
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the standard normal distribution
  const double n = static_cast<double>(images), p = static_cast<double>(correct) / n;
  const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

namespace report_detail {

// What takes a report or a part of one is a template: it is compiled where a report is made, and not in every
// program that includes this.

inline constexpr std::string_view kPageStyle = R"(*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:20px 16px 40px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:1.7rem;line-height:1.2;margin:.3em 0 .1em}h2{font-size:1.2rem;margin:2em 0 .5em}
h3{font-size:1rem;margin:1.2em 0 .4em}p{margin:.3em 0 .8em;max-width:75ch}
.lead,.note,figcaption small{color:var(--soft)}.note{font-size:.875rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.35em .7em;text-align:left;border-bottom:1px solid var(--grid);white-space:nowrap}
td.name{white-space:normal;min-width:15em;overflow-wrap:anywhere}
th{font-weight:600;vertical-align:bottom}.n{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:14px}
.chart{background:var(--card);border-radius:8px;padding:8px;margin:0;break-inside:avoid;max-width:560px}
.chart.wide{max-width:700px}.chart svg{display:block;width:100%;height:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2em 1.2em;padding:0;margin:.5em 0;font-size:.875rem}
.legend li{overflow-wrap:anywhere}.mark{vertical-align:-1px;margin-right:.4em}
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
@media (max-width:560px){th,td{padding:.35em .45em}td.name{min-width:8em}.shares{grid-template-columns:1fr;gap:.15em}.share{margin-bottom:.7em}}
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

/// What all sections share: units and the shade of every resolution.
template <class Report>
struct Context {
  const Report& report;
  Unit macs;
  std::vector<int> resolutions;  // all candidates of all runs, largest first

  explicit Context(const Report& what) : report(what) {
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

/// Whether the histogram and its examples belong to these candidates.
bool fits(const auto& histogram, const std::vector<int>& candidates) {
  return histogram.smallest.size() == candidates.size() &&
         std::all_of(histogram.examples.begin(), histogram.examples.end(), [&](const MontageImage& image) {
           return image.resolution == 0 ||
                  std::find(candidates.begin(), candidates.end(), image.resolution) != candidates.end();
         });
}

/// Throws Error where shares or a histogram do not belong to the candidates.
void check(const auto& report) {
  for (const Report::Run& run : report.runs) {
    const auto has_shares = [&](const std::vector<double>& shares) {
      return shares.empty() || shares.size() == run.candidates.size();
    };
    const bool good = std::all_of(run.epochs.begin(), run.epochs.end(),
                                  [&](const Report::Epoch& e) { return has_shares(e.shares); }) &&
                      std::all_of(run.evaluations.begin(), run.evaluations.end(),
                                  [&](const Report::Evaluation& e) { return has_shares(e.shares); });
    const std::string place = "report, run '" + run.name + "'";
    if (!good)
      throw Error(place, "a share for each of " + std::to_string(run.candidates.size()) + " candidates",
                  "another number");
    if (run.histogram && !fits(*run.histogram, run.candidates))
      throw Error(place, "a histogram of the candidates " + join(run.candidates), "another one");
  }
}

inline std::string chart(const std::string& svg, std::string_view more = "") {
  return markup::fill_in("<figure class=\"chart{}\">{}</figure>\n", {more, svg});
}

inline std::string cell(const std::string& text) {
  return markup::fill_in("<td class=\"n\">{}</td>", {text});
}

/// "71.0 % (68.1 – 73.7)".
std::string accuracy_text(const auto& result) {
  if (!std::isfinite(result.accuracy)) return "–";
  const Interval interval = wilson_interval(result.correct, result.images);
  std::string text = markup::number(100 * result.accuracy, 1) + " %";
  if (std::isfinite(interval.low))
    text += markup::fill_in(" ({} – {})",
                            {markup::number(100 * interval.low, 1), markup::number(100 * interval.high, 1)});
  return text;
}

/// The rows of the table: every result with the run that it belongs to.
struct Row {
  const Report::Run& run;
  std::size_t style;
  Report::Evaluation result;

  [[nodiscard]] std::string label() const {
    const bool both = !run.name.empty() && !result.router.empty();
    return run.name + (both ? " · " : "") + result.router;
  }
};
std::vector<Row> rows(const auto& report) {
  std::vector<Row> all;
  for (std::size_t i = 0; i < report.runs.size(); ++i)
    for (const Report::Evaluation& result : results(report.runs[i]))
      all.push_back({report.runs[i], i, result});
  return all;
}

std::string table_row(const auto& context, const Row& row, std::size_t number) {
  const std::string numbers = cell(accuracy_text(row.result)) +
                              cell(markup::significant(row.result.average_macs / context.macs.size, 3)) +
                              cell(markup::significant(row.result.milliseconds_per_image, 3)) +
                              cell(markup::significant(row.result.images_per_second, 3)) +
                              cell(markup::number(row.run.parameters / 1e6, 2));
  return markup::fill_in(
      "<tr>{}<td class=\"name\">{}{}</td>{}<td>{}</td><td>{}</td></tr>\n",
      {cell(std::to_string(number)), svg::legend_mark(row.style), markup::escape(row.label()), numbers,
       markup::escape(row.run.model), markup::escape(row.run.data)});
}

std::string results_table(const auto& context) {
  std::string body, notes;
  for (const std::string& note : context.report.notes)
    notes += markup::fill_in("<p class=\"note\">{}</p>\n", {markup::escape(note)});
  std::size_t number = 0;
  for (const Row& row : rows(context.report)) body += table_row(context, row, ++number);
  if (body.empty()) body = "<tr><td colspan=\"9\">no results</td></tr>\n";
  return markup::fill_in(R"(<section><h2>Results</h2><div class="scroll"><table><thead><tr>
<th scope="col" class="n">#</th><th scope="col">Run</th>
<th scope="col" class="n">Top-1 accuracy<br>(95 % interval)</th>
<th scope="col" class="n">Average cost<br>({})</th>
<th scope="col" class="n">Latency<br>(ms / image)</th>
<th scope="col" class="n">Throughput<br>(images / s)</th>
<th scope="col" class="n">Parameters<br>(M)</th>
<th scope="col">Model</th><th scope="col">Data</th></tr></thead>
<tbody>
{}</tbody></table></div>
{}<p class="note">Costs are the mean of one image and include the predictor where one ran. Intervals are Wilson's,
for the sampling of the test images only.</p></section>
)",
                         {context.macs.name, body, notes});
}

std::string tradeoff(const auto& context) {
  constexpr std::size_t kMostNames = 8;  // more points are labelled with their numbers in the table
  const std::vector<Row> all = rows(context.report);
  if (all.empty()) return "";
  std::vector<svg::Measurement> points;
  for (const Row& row : all) {
    const Interval interval = wilson_interval(row.result.correct, row.result.images);
    const std::string number = std::to_string(points.size() + 1);
    points.push_back({number + " " + row.label(),
                      all.size() <= kMostNames ? row.label() : number,
                      row.style,
                      {row.result.average_macs / context.macs.size, 100 * row.result.accuracy},
                      100 * interval.low,
                      100 * interval.high});
  }
  const svg::ChartText words{"Top-1 accuracy (%), 95 % intervals", context.cost()};
  return markup::fill_in("<section><h2>Accuracy against cost</h2>{}</section>\n",
                         {chart(svg::scatter_chart(points, words), " wide")});
}

/// Legend entries of the runs, or of resolutions.
inline std::string legend(const std::string& items) {
  return markup::fill_in("<ul class=\"legend\">{}</ul>\n", {items});
}
inline std::string legend_item(const std::string& mark, const std::string& name) {
  return markup::fill_in("<li>{}{}</li>", {mark, markup::escape(name)});
}

std::string share_bars(const auto& context) {
  std::string bars;
  for (const Row& row : rows(context.report))
    if (!row.result.shares.empty())
      bars += markup::fill_in(
          "<div>{}</div>{}\n",
          {markup::escape(row.label()),
           svg::stacked_bar(row.result.shares, context.parts(row.run.candidates), row.label())});
  return bars.empty() ? "" : markup::fill_in("<div class=\"shares\">{}</div>\n", {bars});
}

std::string share_bands(const auto& context) {
  std::string charts;
  for (const Report::Run& run : context.report.runs) {
    std::vector<double> epochs;
    std::vector<std::vector<double>> shares;
    for (const Report::Epoch& epoch : run.epochs)
      if (!epoch.shares.empty() && svg::plottable(epoch.epoch)) {
        epochs.push_back(epoch.epoch);
        shares.push_back(epoch.shares);
      }
    if (epochs.empty()) continue;
    charts += chart(svg::stacked_bands(epochs, shares, context.parts(run.candidates),
                                       {markup::shorten(run.name, 42) + " (%)", "epoch", 1}));
  }
  return charts.empty()
             ? ""
             : markup::fill_in("<h3>During training</h3><div class=\"charts\">{}</div>\n", {charts});
}

std::string shares(const auto& context) {
  const std::string charts = share_bars(context) + share_bands(context);
  if (charts.empty()) return "";
  std::string items;
  for (const int resolution : context.resolutions) {
    const svg::Part part = context.part(resolution);
    items += legend_item(svg::legend_square(part.shade), part.name);
  }
  return markup::fill_in("<section><h2>Share of each resolution</h2>{}{}</section>\n",
                         {legend(items), charts});
}

/// One chart of one value of every run's epochs.
std::string curve(const auto& context, double Report::Epoch::*x, double x_size, double Report::Epoch::*y,
                  double y_size, const svg::ChartText& words) {
  std::vector<svg::Series> all;
  for (std::size_t i = 0; i < context.report.runs.size(); ++i) {
    svg::Series series{context.report.runs[i].name, i, {}};
    for (const Report::Epoch& epoch : context.report.runs[i].epochs)
      series.points.push_back({epoch.*x / x_size, epoch.*y / y_size});
    all.push_back(std::move(series));
  }
  return chart(svg::line_chart(all, words));
}

std::string curves_over(const auto& context, double Report::Epoch::*x, const svg::ChartText& axis,
                        double x_size) {
  const auto titled = [&](const std::string& title) {
    svg::ChartText words = axis;
    words.title = title;
    return words;
  };
  return curve(context, x, x_size, &Report::Epoch::loss, 1, titled("Training loss")) +
         curve(context, x, x_size, &Report::Epoch::accuracy, 0.01, titled("Validation accuracy (%)")) +
         curve(context, x, x_size, &Report::Epoch::average_macs, context.macs.size, titled(context.cost()));
}

/// Where a new stage begins, if that is the same epoch in all runs that have it.
std::vector<svg::Rule> stage_rules(const auto& report) {
  std::map<int, std::set<double>> begins;
  for (const Report::Run& run : report.runs)
    for (std::size_t i = 1; i < run.epochs.size(); ++i)
      if (run.epochs[i].stage != run.epochs[i - 1].stage && svg::plottable(run.epochs[i].epoch))
        begins[run.epochs[i].stage].insert(run.epochs[i].epoch);
  std::vector<svg::Rule> rules;
  for (const auto& begin : begins)
    if (begin.second.size() == 1)
      rules.push_back({*begin.second.begin(), markup::fill_in("stage {}", {std::to_string(begin.first)})});
  return rules;
}

/// Both sets of curves are in the page; two radio buttons and CSS show one of them.
std::string curves(const auto& context) {
  std::string items;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < context.report.runs.size(); ++i) {
    const Report::Run& run = context.report.runs[i];
    if (!run.epochs.empty()) items += legend_item(svg::legend_mark(i), run.name);
    for (const Report::Epoch& epoch : run.epochs)
      if (std::isfinite(epoch.seconds)) seconds.push_back(epoch.seconds);
  }
  if (items.empty()) return "";
  std::string choice, over_time;
  if (!seconds.empty()) {
    choice =
        R"(<input type="radio" name="axis" class="axis-choice" id="axis-epoch" checked><label for="axis-epoch">
over epochs</label><input type="radio" name="axis" class="axis-choice" id="axis-seconds"><label for="axis-seconds">
over time</label>)";
    const Unit unit = time_unit(largest(seconds));
    over_time = curves_over(context, &Report::Epoch::seconds, {"", unit.name, 0, {}}, unit.size);
  }
  return markup::fill_in(
      R"(<section><h2>Training</h2>{}{}
<div class="charts by-epoch">{}</div><div class="charts by-seconds">{}</div></section>
)",
      {legend(items), choice,
       curves_over(context, &Report::Epoch::epoch, {"", "epoch", 1, stage_rules(context.report)}, 1),
       over_time});
}

inline constexpr std::size_t kCaptionCharacters = 40;

std::string montage_figure(const auto& image, const montage_detail::Caption& words) {
  constexpr int kPixelatedBelow = 64;  // an enlarged small picture shows its pixels, not a blur
  return markup::fill_in(
      "<figure><img class=\"{}\" alt=\"{}\" src=\"{}\"><figcaption "
      "class=\"{}\">{}<small>{}</small></figcaption></figure>\n",
      {image.width < kPixelatedBelow ? "small" : "large", markup::escape(image.label),
       montage_detail::data_uri(image), words.wrong ? "wrong" : "right", markup::escape(words.predicted),
       markup::escape(words.remark)});
}

std::string montage(const auto& context) {
  if (context.report.montage.empty()) return "";
  std::string groups;
  for (const auto& [resolution, images] : montage_detail::by_resolution(context.report.montage)) {
    std::string figures;
    for (const MontageImage* image : images)
      figures += montage_figure(*image, montage_detail::caption(*image, kCaptionCharacters));
    groups += markup::fill_in("<h3>{}{}</h3><div class=\"montage\">\n{}</div>\n",
                              {svg::legend_square(context.part(resolution).shade),
                               montage_detail::heading(resolution, images.size()), figures});
  }
  return markup::fill_in("<section><h2>Images by chosen resolution</h2>\n{}</section>\n", {groups});
}

/// One class of a histogram: its images need `resolution`, or find none that is right (0).
struct ResolutionClass {
  int resolution;
  std::string name, heading;
  std::int64_t images;
  std::string fill;
};

/// From the images that the smallest candidate gets right to those that none does.
std::vector<ResolutionClass> resolution_classes(const auto& context, const Report::Run& run) {
  std::vector<ResolutionClass> classes;
  for (std::size_t j = run.candidates.size(); j-- > 0;) {
    const svg::Part part = context.part(run.candidates[j]);
    classes.push_back({run.candidates[j], part.name, part.name + " is enough", run.histogram->smallest[j],
                       part.shade.fill});
  }
  classes.push_back({0, "never", "No resolution is right", run.histogram->never, "var(--soft)"});
  return classes;
}

/// "54.3 %" of the images of a histogram.
std::string image_share(const auto& histogram, std::int64_t images) {
  return markup::number(100 * static_cast<double>(images) / histogram.images(), 1) + " %";
}

/// An example is right at its resolution; the remark says what the next smaller candidate takes it for.
montage_detail::Caption example_caption(const auto& image, const std::vector<int>& candidates) {
  const auto smaller = std::find_if(candidates.begin(), candidates.end(),
                                    [&](int resolution) { return resolution < image.resolution; });
  if (smaller == candidates.end() || image.correct())
    return montage_detail::caption(image, kCaptionCharacters);
  const std::string predicted = markup::shorten(image.predicted, kCaptionCharacters - 10);
  return {markup::fill_in("✓ {}", {markup::shorten(image.label, kCaptionCharacters - 2)}),
          markup::fill_in("at {} px: {}", {std::to_string(*smaller), predicted}), false};
}

std::string histogram_examples(const auto& run, const ResolutionClass& of) {
  std::string figures;
  for (const MontageImage& image : run.histogram->examples)
    if (image.resolution == of.resolution)
      figures += montage_figure(image, example_caption(image, run.candidates));
  if (figures.empty()) return "";
  return markup::fill_in("<h3>{}{} · {}</h3><div class=\"montage\">\n{}</div>\n",
                         {svg::legend_square({of.fill, ""}), of.heading,
                          montage_detail::image_count(static_cast<std::size_t>(of.images)), figures});
}

std::string histogram(const auto& context, const Report::Run& run) {
  const ResolutionHistogram& what = *run.histogram;
  std::vector<svg::Bar> bars;
  std::string examples;
  for (const ResolutionClass& one : resolution_classes(context, run)) {
    bars.push_back({one.name, 100 * static_cast<double>(one.images) / what.images(),
                    image_share(what, one.images), one.fill});
    examples += histogram_examples(run, one);
  }
  const std::string images = markup::number(what.images(), 0);
  const svg::ChartText words{"Images by their smallest correct resolution (%)",
                             markup::fill_in("of {} images", {images})};
  return markup::fill_in(
      R"(<section><h2>Smallest correct resolution{}</h2>{}
<p>No resolution is right about {} of {} images. An oracle that knew the smallest correct one of each image would take it,
and the smallest of all where none is correct. It is a bound: it also profits from answers that are right by chance.</p>
{}</section>
)",
      {context.report.runs.size() > 1 ? markup::escape(" · " + run.name) : "",
       chart(svg::bar_chart(bars, words)), std::to_string(what.never), images, examples});
}

std::string histograms(const auto& context) {
  std::string sections;
  for (const Report::Run& run : context.report.runs)
    if (run.histogram) sections += histogram(context, run);
  return sections;
}

}  // namespace report_detail

/// The report as an HTML document. Throws Error for shares and histograms that do not belong to the
/// candidates and for pixels of pictures that do not fit their sides.
template <class Report = drnet::Report>
[[nodiscard]] std::string report_html(const Report& report) {
  report_detail::check(report);
  const report_detail::Context context(report);
  const std::string title = markup::escape(report.title.empty() ? "Dynamic resolution" : report.title);
  return markup::fill_in(
      R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{}</title>
<style>{}{}</style></head>
<body><header><h1>{}</h1><p class="lead">{}</p></header>
<main>{}{}{}{}{}{}</main></body></html>
)",
      {title, svg::kChartStyle, report_detail::kPageStyle, title, markup::escape(report.subtitle),
       report_detail::results_table(context), report_detail::tradeoff(context),
       report_detail::shares(context), report_detail::histograms(context), report_detail::curves(context),
       report_detail::montage(context)});
}

/// Writes report_html() atomically.
template <class Report = drnet::Report>
void write_report(const Report& report, const std::filesystem::path& path) {
  const std::string document = report_html(report);
  write_atomically(path, [&](std::ostream& file) { file << document; });
}

}  // namespace drnet::inline DRNET_ISA
