// The results as one HTML file that needs nothing else, in the style of drnet's reports: charts of ratios,
// one for each network or kind of work, and the table.
#pragma once

#include <bench/compare.hpp>
#include <bench/machine.hpp>

#include <drnet/io/report.hpp>

namespace bench {

/// A horizontal bar over the quartiles of its ratio.
struct RatioBar {
  std::string group;  ///< a heading where it differs from the bar before
  std::string name;
  double ratio, low, high;
  double expected = Result::kUnknown;  ///< marked across the bar
  std::size_t style = 0;               ///< colour
};

namespace page_detail {

using drnet::markup::escape;
using drnet::markup::fill_in;
using drnet::markup::number;
using drnet::svg::px;

inline constexpr double kWidth = 420, kLeft = 142, kRight = 385, kTop = 56, kLine = 19, kBar = 13;
/// Where a ratio is good, better and best.
inline constexpr std::array<double, 3> kMarks{0.85, 0.75, 0.60};

/// From ratios to x. The axis ends at 1 or beyond the largest bar, but what is far off may be cut.
struct RatioAxis {
  static constexpr double kMost = 1.6;
  double high = 1.05;
  explicit RatioAxis(std::span<const RatioBar> bars) {
    for (const RatioBar& bar : bars)
      for (const double value : {bar.ratio, bar.high, bar.expected})
        if (drnet::svg::plottable(value)) high = std::clamp(1.03 * value, high, kMost);
  }
  [[nodiscard]] double operator()(double ratio) const {
    return kLeft + std::min(ratio / high, 1.0) * (kRight - kLeft);
  }
};

inline std::string vertical(std::string_view attributes, double x, double top, double bottom) {
  return drnet::svg::detail::path(attributes, fill_in("M{} {}V{}", {px(x), px(top), px(bottom)}));
}

inline std::string draw_bar(const RatioAxis& axis, const RatioBar& bar, double y) {
  using drnet::svg::detail::text;
  std::string svg = text(kLeft - 6, y + kBar - 2, "text-anchor=\"end\"", bar.name);
  if (!drnet::svg::plottable(bar.ratio))
    return svg + text(kLeft + 6, y + kBar - 2, "class=\"soft\"", "no peer");
  svg +=
      fill_in(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>)",
              {px(kLeft), px(y), px(axis(bar.ratio) - kLeft), px(kBar), drnet::svg::series_color(bar.style)});
  svg += drnet::svg::detail::path(
      "class=\"axis\"", fill_in("M{} {}H{}", {px(axis(bar.low)), px(y + kBar / 2), px(axis(bar.high))}));
  double end = std::max(axis(bar.ratio), axis(bar.high));
  if (drnet::svg::plottable(bar.expected)) {
    svg += vertical("class=\"line\" stroke=\"var(--ink)\"", axis(bar.expected), y - 1, y + kBar + 1);
    end = std::max(end, axis(bar.expected));
  }
  return svg + text(end + 5, y + kBar - 2, "class=\"halo\"", number(bar.ratio, 2));
}

}  // namespace page_detail

/// Bars from zero, lines at the marks and at 1.
[[nodiscard]] inline std::string ratio_chart(const std::string& title, std::span<const RatioBar> bars,
                                             std::span<const double> marks) {
  using namespace page_detail;
  using drnet::svg::detail::text;
  const RatioAxis axis(bars);
  std::string body, group;
  double y = kTop;
  for (const RatioBar& bar : bars) {
    if (bar.group != group) {
      body += text(8, y + kBar - 2, "class=\"bold\"", bar.group);
      y += kLine;
      group = bar.group;
    }
    body += draw_bar(axis, bar, y);
    y += kLine;
  }
  std::string lines = vertical("class=\"axis\"", axis(0), kTop - 6, y) +
                      vertical("class=\"axis\"", axis(1), kTop - 6, y) +
                      text(axis(1), kTop - 10, "class=\"soft\" text-anchor=\"middle\"", "1");
  double label = kTop - 10;
  for (const double mark : marks) {
    label = label < kTop - 10 ? kTop - 10 : kTop - 24;  // neighbours at two heights
    lines += vertical("class=\"axis\" stroke-dasharray=\"2 3\"", axis(mark), label + 4, y) +
             text(axis(mark), label, "class=\"soft\" text-anchor=\"middle\"", number(mark, 2));
  }
  return drnet::svg::detail::open_svg(kWidth, y + 6, title) + text(8, 16, "class=\"bold\"", title) + lines +
         body + "</svg>";
}

namespace page_detail {

inline std::string images_and_threads(const Row& row) {
  return std::to_string(row.batch) + (row.batch == 1 ? " image, " : " images, ") +
         std::to_string(row.threads) + (row.threads == 1 ? " thread" : " threads");
}

/// "20/40/40" of "0.2,0.4,0.4".
inline std::string percentages(const std::string& shares) {
  std::vector<std::string> words;
  std::istringstream text(shares);
  for (std::string word; std::getline(text, word, ',');) words.push_back(number(100 * std::stod(word), 0));
  return drnet::join(words, "/");
}

/// The heading of the chart that a row belongs to.
inline std::string chart_of(const Row& row) {
  switch (row.work) {
    case Work::inference:
      return row.model + ", inference: time / ONNX Runtime's";
    case Work::training:
      return "Training steps: time / PyTorch's";
    case Work::mix:
      return row.model + ", mixed resolutions: time / always " + std::to_string(row.resolution);
  }
  return "";
}

inline RatioBar bar_of(const Result& r) {
  const std::size_t style = r.row.threads == 1 ? 0 : 2;
  switch (r.row.work) {
    case Work::inference:
      return {std::to_string(r.row.resolution) + " x " + std::to_string(r.row.resolution),
              images_and_threads(r.row),
              r.ratio,
              r.ratio_low,
              r.ratio_high,
              Result::kUnknown,
              style};
    case Work::training:
      return {"",           r.row.model + " " + std::to_string(r.row.resolution),
              r.ratio,      r.ratio_low,
              r.ratio_high, Result::kUnknown,
              style};
    case Work::mix:
      return {std::to_string(r.row.threads) + (r.row.threads == 1 ? " thread" : " threads"),
              percentages(r.row.shares) + (r.row.singly  ? ", singly"
                                           : r.row.exact ? ", exact"
                                                         : ""),
              r.ratio,
              r.ratio_low,
              r.ratio_high,
              r.macs_ratio,
              style};
  }
  return {};
}

inline std::string charts(const std::vector<Result>& results) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<RatioBar>> bars;
  std::map<std::string, bool> compared;  // with another runtime
  for (const Result& r : results) {
    const std::string name = chart_of(r.row);
    if (!bars.contains(name)) order.push_back(name);
    bars[name].push_back(bar_of(r));
    compared[name] = r.row.work != Work::mix;
  }
  std::string html;
  for (const std::string& name : order)
    html += drnet::report_detail::chart(ratio_chart(
        name, bars[name], compared[name] ? std::span<const double>(kMarks) : std::span<const double>()));
  return html;
}

inline std::string table_row(const Machine& machine, const Result& r) {
  using drnet::markup::significant;
  using drnet::report_detail::cell;
  std::string remark = r.error.empty() ? r.peer + r.missing : "failed: " + r.error;
  if (r.row.work == Work::mix)
    remark += fill_in("; multiply-adds {}, {} images, allowed {}",
                      {number(r.macs_ratio, 3), drnet::join(r.counts, "/"), number(r.allowed_ratio(), 3)});
  return fill_in(
      "<tr><td>{}</td>{}<td>{}</td></tr>\n",
      {escape(work_name(r.row) + " " + r.row.model),
       cell(std::to_string(r.row.resolution)) + cell(std::to_string(r.row.batch)) +
           cell(std::to_string(r.row.threads)) + cell(significant(r.ours_ms, 3)) +
           cell(significant(r.peer_ms, 3)) + cell(number(r.ratio, 3)) +
           cell(number(r.ratio_low, 3) + " – " + number(r.ratio_high, 3)) + cell(number(r.gflops(), 0)) +
           cell(number(100 * r.gflops() / machine.peak(r.row.threads), 0) + " %") +
           cell(number(r.peak_rss_mb, 0)) + cell(number(r.peer_peak_rss_mb, 0)) +
           cell(significant(r.difference, 1)),
       escape(remark)});
}

inline std::string table(const Machine& machine, const std::vector<Result>& results) {
  std::string body, head;
  for (const Result& r : results) body += table_row(machine, r);
  for (const char* name : {"side", "images", "threads", "ms / image", "peer's", "ratio", "quartiles",
                           "GFLOP/s", "of peak", "peak MB", "peer's", "outputs differ"})
    head += fill_in("<th scope=\"col\" class=\"n\">{}</th>", {name});
  return fill_in(R"(<section><h2>All rows</h2><div class="scroll"><table><thead><tr>
<th scope="col">Work</th>{}<th scope="col">Peer</th></tr></thead>
<tbody>
{}</tbody></table></div></section>
)",
                 {head, body});
}

}  // namespace page_detail

[[nodiscard]] inline std::string page_html(const Machine& machine, const std::vector<Result>& results) {
  using namespace page_detail;
  return fill_in(
      R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>drnet beside its peers</title>
<style>{}{}</style></head>
<body><header><h1>drnet beside its peers</h1><p class="lead">{}</p></header>
<main><section><h2>Ratios</h2>
<p>Time of drnet / time of the peer, medians of interleaved runs: shorter is faster. Thin lines are quartiles, blue is one
thread, green two. In mixed resolutions the upright mark is the ratio of multiply-adds, predictor included: where the bar ends
there, saved multiply-adds are saved time.</p>
<div class="charts">{}</div></section>
{}</main></body></html>
)",
      {drnet::svg::kChartStyle, drnet::report_detail::kPageStyle, escape(description(machine)),
       charts(results), table(machine, results)});
}

}  // namespace bench
