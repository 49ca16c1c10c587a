// A report of training runs and measurements as one HTML file that needs nothing else: inline SVG, no script,
// no address. Accuracies carry 95 % intervals.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_charts.hpp>
#include <drnet/io/report_differences.hpp>
#include <drnet/io/report_model.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/report_pictures.hpp>
#include <drnet/io/report_table.hpp>
#include <drnet/io/report_tradeoff.hpp>
#include <drnet/io/svg_chart.hpp>

#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>

namespace drnet::inline DRNET_ISA {

/// The report as an HTML document; what it has no data for is left out. Throws Error for shares, counts and
/// histograms that do not belong to the candidates, for pixels of pictures that do not fit their sides, and
/// for a baseline or a comparison with what is no result.
template <class Report = drnet::Report>
[[nodiscard]] std::string report_html(const Report& report) {
  report_detail::check(report);
  const report_detail::Context context(report);
  struct Part {
    std::string_view id, name;
    std::string html;
  };
  const Part parts[] = {{"cost", "Accuracy and cost", report_detail::tradeoff(context)},
                        {"results", "Results", report_detail::results_table(context)},
                        {"differences", "Differences", report_detail::differences(context)},
                        {"budgets", "Budgets", report_detail::other_budgets(context)},
                        {"shares", "Shares", report_detail::shares(context)},
                        {"classes", "Classes", report_detail::classes(context)},
                        {"smallest", "Smallest resolution", report_detail::histograms(context)},
                        {"reliability", "Reliability", report_detail::reliability(context)},
                        {"time", "Time", report_detail::latency(context)},
                        {"training", "Training", report_detail::curves(context)},
                        {"images", "Images", report_detail::montage(context)}};
  std::string links, content;
  for (const Part& part : parts) {
    if (part.html.empty()) continue;
    links += markup::fill_in("<a href=\"#{}\">{}</a>\n", {part.id, part.name});
    content += markup::fill_in("<div id=\"{}\">{}</div>\n", {part.id, part.html});
  }
  const std::string title = markup::escape(report.title.empty() ? "Dynamic resolution" : report.title);
  return markup::fill_in(
      R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{}</title>
<style>{}{}</style></head>
<body><header><h1>{}</h1><p class="lead">{}</p>{}<nav>{}</nav></header>
<main>{}</main></body></html>
)",
      {title, svg::kChartStyle, report_detail::kPageStyle, title, markup::escape(report.subtitle),
       report_detail::headline(context), links, content});
}

/// Writes report_html() atomically.
template <class Report = drnet::Report>
void write_report(const Report& report, const std::filesystem::path& path) {
  const std::string document = report_html(report);
  write_atomically(path, [&](std::ostream& file) { file << document; });
}

}  // namespace drnet::inline DRNET_ISA
