// Accuracy against cost: every result of a report with its 95 % interval, fixed resolutions joined, and what
// ways of choosing reach with each budget.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/core/statistics.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/svg_chart.hpp>
#include <drnet/io/svg_scatter.hpp>

#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

/// Lines of the plane: budget curves of one unit, each with a style of its own beside those of the runs.
std::vector<svg::Series> budget_lines(const auto& context, std::string_view unit, double size) {
  std::vector<svg::Series> lines;
  const std::size_t runs = context.report.runs.size();
  for (std::size_t i = 0; i < runs; ++i) {
    std::size_t k = 0;
    for (const auto& curve : context.report.runs[i].curves) {
      ++k;
      if (curve.unit != unit) continue;
      svg::Series line{curve.router + run_suffix(context, context.report.runs[i]),
                       runs == 1 ? k : i + svg::kSeriesColors * k,
                       {}};
      for (const auto& point : curve.points) line.points.push_back({point.cost / size, 100 * point.accuracy});
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

/// The fixed resolutions of every run, joined from the cheapest on.
std::vector<svg::Series> fixed_lines(const auto& context) {
  std::map<std::size_t, std::map<double, double>> points;
  for (const Row& row : context.rows)
    if (row.fixed() && std::isfinite(row.result.average_macs))
      points[row.style][row.result.average_macs / context.macs.size] = 100 * row.result.accuracy;
  std::vector<svg::Series> lines;
  for (const auto& [style, at] : points) {
    svg::Series line{"fixed resolutions" + run_suffix(context, context.report.runs[style]), style, {}, true};
    for (const auto& [x, y] : at) line.points.push_back({x, y});
    lines.push_back(std::move(line));
  }
  return lines;
}

/// Whether there are more results than a plane has room for.
bool crowded(const auto& context) {
  constexpr std::size_t kMost = 24;
  return context.rows.size() > kMost;
}

/// Whether a result says what choosing is worth, and is no way to choose: what a crowded plane leaves out.
inline bool yardstick(const Row& row) {
  const std::string& router = row.result.router;
  return row.random() || router == "oracle's shares at random" || router == "mean of candidates" ||
         router == "oracle with predictor";
}

/// Every result as a point; its name leaves the run to the colour, and is its number in the table where there
/// is no room. In a crowd only the baseline has a name.
std::vector<svg::Measurement> measurements(const auto& context) {
  std::vector<svg::Measurement> points;
  for (std::size_t i = 0; i < context.rows.size(); ++i) {
    const Row& row = context.rows[i];
    if (crowded(context) && yardstick(row)) continue;
    const Interval interval = wilson_interval(row.result.correct, row.result.images);
    const std::string number = std::to_string(i + 1);
    const bool named = !crowded(context) || context.baseline == i;
    points.push_back({number + " " + row.label(),
                      !named                      ? number
                      : row.result.router.empty() ? row.label()
                                                  : row.result.router,
                      row.style,
                      {row.result.average_macs / context.macs.size, 100 * row.result.accuracy},
                      100 * interval.low,
                      100 * interval.high,
                      number});
  }
  return points;
}

/// One chart for a desk and one for a telephone, whose text would be too small otherwise.
std::string plane(const std::vector<svg::Measurement>& points, const auto& words,
                  const std::vector<svg::Series>& lines) {
  return chart(svg::scatter_chart(points, words, lines, {900, 470}), " full wide") +
         chart(svg::scatter_chart(points, words, lines, {380, 380}), " full narrow");
}

/// What a reader of budget curves should know.
inline constexpr std::string_view kCurvesNote =
    "<p class=\"note\">The settings of a budget curve were solved and judged on the same images, which "
    "flatters "
    "it; those of results called “cross-fitted” were judged on other images.</p>";

std::string tradeoff(const auto& context) {
  const std::vector<svg::Series> curves =
      crowded(context) ? std::vector<svg::Series>()
                       : budget_lines(context, Report::BudgetCurve::kMacs, context.macs.size);
  if (context.rows.empty() && curves.empty()) return "";
  const auto points = measurements(context);
  std::vector<svg::Series> lines = fixed_lines(context);
  lines.insert(lines.end(), curves.begin(), curves.end());
  svg::ChartText words{"Top-1 accuracy (%), 95 % intervals", context.cost()};
  std::vector<std::string> read_out;
  for (const svg::Measurement& one : points)
    read_out.push_back(markup::fill_in(
        "{}: {} % at {}", {one.name, markup::number(one.at.y, 1), markup::significant(one.at.x, 3)}));
  words.description = join(read_out, "; ");
  std::string items;
  for (std::size_t i = 0; i < context.report.runs.size() && context.report.runs.size() > 1; ++i)
    items += legend_item(svg::legend_mark(i), context.report.runs[i].name);
  for (const svg::Series& line : curves) items += legend_item(svg::legend_line(line.style), line.name);
  const std::string_view note =
      crowded(context)
          ? "A number stands for a row of the table. Random choices, means, and "
            "oracles with a predictor's cost are in the table only, budget curves in a section of their own."
          : "A number stands for a row of the table, where a name has no room.";
  return section("Accuracy against cost", plane(points, words, lines) + legend(items) +
                                              markup::fill_in("<p class=\"note\">{}</p>", {note}) +
                                              std::string(curves.empty() ? "" : kCurvesNote));
}

/// Budget curves that are not in the plane of all results: a plane for each unit.
std::string other_budgets(const auto& context) {
  std::set<std::string> units;
  for (const auto& run : context.report.runs)
    for (const auto& curve : run.curves)
      if (crowded(context) || curve.unit != Report::BudgetCurve::kMacs) units.insert(curve.unit);
  std::string content;
  for (const std::string& unit : units) {
    const bool macs = unit == Report::BudgetCurve::kMacs;
    const auto lines = budget_lines(context, unit, macs ? context.macs.size : 1);
    std::string items;
    for (const svg::Series& line : lines) items += legend_item(svg::legend_line(line.style), line.name);
    content += plane({},
                     svg::ChartText{"Top-1 accuracy (%)",
                                    macs ? context.cost() : markup::fill_in("Cost of an image ({})", {unit})},
                     lines) +
               legend(items);
  }
  return content.empty() ? "" : section("Accuracy for a budget", content + std::string(kCurvesNote));
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
