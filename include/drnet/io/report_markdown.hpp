// The results of a report as a Markdown table, for pages that are read as text.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/report_table.hpp>

#include <cmath>
#include <string>
#include <string_view>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

/// A cell's text: a table has no place for line breaks and bars.
inline std::string markdown_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

/// "6 epochs, 9.4 min"; nothing where none was logged.
inline std::string training_text(const auto& run) {
  if (run.epochs.empty()) return "–";
  std::string text = std::to_string(run.epochs.size()) + (run.epochs.size() == 1 ? " epoch" : " epochs");
  if (std::isfinite(run.epochs.back().seconds))
    text += ", " + markup::number(run.epochs.back().seconds / 60, 1) + " min";
  return text;
}

}  // namespace report_detail

/// A line for each result: accuracy with its 95 % interval, cost, and both against the baseline
/// (Report::baseline), paired image by image. Throws Error as report_html().
template <class Report>
[[nodiscard]] std::string results_markdown(const Report& report) {
  using namespace report_detail;
  check(report);
  const Context context(report);
  const auto line = [](std::string_view name, std::initializer_list<std::string> cells) {
    std::string text = "| " + std::string(name) + " |";
    for (const std::string& cell : cells) text += " " + cell + " |";
    return text + "\n";
  };
  std::string table =
      line("system", {"accuracy (95 %)", "difference in points (95 %)", context.macs.name + " an image",
                      "cost against it", "ms an image", "training"}) +
      "|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < context.rows.size(); ++i) {
    const auto& row = context.rows[i];
    const bool is_baseline = context.baseline == i;
    const auto against = [&](const auto& text) {
      return !context.baseline ? "–" : is_baseline ? "baseline" : text(row, context.rows[*context.baseline]);
    };
    table += line(markdown_text(row.label()),
                  {accuracy_text(row.result), against([](auto& a, auto& b) { return difference_text(a, b); }),
                   markup::significant(row.result.average_macs / context.macs.size, 3),
                   against([](auto& a, auto& b) { return saving_text(a, b); }),
                   markup::significant(row.result.milliseconds_per_image, 3), training_text(row.run)});
  }
  return table;
}

}  // namespace drnet::inline DRNET_ISA
