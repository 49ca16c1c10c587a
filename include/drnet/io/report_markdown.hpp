// The results of a report as Markdown tables and lists, for pages that are read as text.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_differences.hpp>
#include <drnet/io/report_origins.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/report_table.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

/// The text of a cell or an entry, which has no place for line breaks and bars.
inline std::string markdown_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

/// "6 epochs, 9.4 min", "3 + 3 epochs, 9.4 min" where it began with the weights of a run of 3, "3 + 0 epochs"
/// where it left them as they were trained; nothing where no epoch was logged.
inline std::string training_text(const auto& run) {
  const std::size_t epochs = run.epochs.size();
  if (epochs == 0 && run.earlier_epochs == 0) return "–";
  std::string text = run.earlier_epochs > 0 ? std::to_string(run.earlier_epochs) + " + " : "";
  text += std::to_string(epochs) + (epochs == 1 && run.earlier_epochs == 0 ? " epoch" : " epochs");
  const double seconds = run.earlier_seconds + (epochs == 0 ? 0 : run.epochs.back().seconds);
  if (std::isfinite(seconds)) text += ", " + markup::number(seconds / 60, 1) + " min";
  return text;
}

/// "5 / 14 / 81 %": which share of the images each candidate answered, largest first; nothing where there was
/// no choice.
inline std::string shares_text(const auto& result) {
  if (result.shares.size() < 2 || result.router.starts_with("fixed ")) return "–";
  std::string text;
  for (const double share : result.shares)
    text += (text.empty() ? "" : " / ") + markup::number(100 * share, 0);
  return text + " %";
}

/// Means over rows that differ in the seed, and the standard deviation of their accuracies.
struct SeededRows {
  std::vector<double> accuracies;
  double macs = 0;

  void add(const Row& row) {
    accuracies.push_back(row.result.accuracy);
    macs += row.result.average_macs;
  }
  [[nodiscard]] double mean_macs() const { return macs / static_cast<double>(accuracies.size()); }
  /// "71.0 % ± 0.4"; the deviation needs two.
  [[nodiscard]] std::string accuracy() const {
    const auto n = static_cast<double>(accuracies.size());
    double mean = 0, squares = 0;
    for (const double value : accuracies) mean += value / n;
    for (const double value : accuracies) squares += (value - mean) * (value - mean);
    std::string text = markup::number(100 * mean, 1) + " %";
    if (n > 1) text += " ± " + markup::number(100 * std::sqrt(squares / (n - 1)), 1);
    return text;
  }
};

/// What of a run's latencies the others are compared with: the dearest fixed resolution, as many images and
/// threads.
const Report::Latency* latency_baseline(const auto& run, const Report::Latency& of) {
  const Report::Latency* dearest = nullptr;
  for (const Report::Latency& one : run.latencies)
    if (one.router.starts_with("fixed ") && one.images == of.images && one.threads == of.threads &&
        std::isfinite(one.average_macs) && (dearest == nullptr || one.average_macs > dearest->average_macs))
      dearest = &one;
  return dearest;
}

inline std::string markdown_line(std::string_view name, const std::vector<std::string>& cells) {
  std::string text = "| " + std::string(name) + " |";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}
inline std::string markdown_head(std::string_view name, const std::vector<std::string>& cells) {
  std::string text = markdown_line(name, cells) + "|---|";
  for (std::size_t i = 0; i < cells.size(); ++i) text += "---|";
  return text + "\n";
}

/// "1.91 (−65 %, 0.97)": milliseconds, the change against the baseline's, and what share that is of the
/// multiply-adds saved.
std::string time_text(const auto& latency, const auto& baseline) {
  const double time = 1 - latency.milliseconds / baseline.milliseconds,
               macs = 1 - latency.average_macs / baseline.average_macs;
  const std::string text = markup::significant(latency.milliseconds, 3);
  if (&latency == &baseline || !std::isfinite(time)) return text;
  const std::string share = (time < 0 ? "−" : "") + markup::number(std::abs(time / macs), 2);
  return text + " (" + change_text(-time) + (macs > 0 ? ", " + share : "") + ")";
}

}  // namespace report_detail

/// Milliseconds of an image: a line for each router of the runs that choose, a column for each number of
/// images and of threads. In brackets what is saved against the dearest resolution of the same network, and
/// which share that is of the multiply-adds saved on the same pictures. Empty without any.
template <class Report>
[[nodiscard]] std::string latency_markdown(const Report& report) {
  using namespace report_detail;
  std::vector<std::string> loads;
  const auto timed = [](const auto& run, const auto& one) {
    return run.candidates.size() > 1 && latency_baseline(run, one) != nullptr;
  };
  for (const auto& run : report.runs)
    for (const auto& one : run.latencies)
      if (timed(run, one) && std::find(loads.begin(), loads.end(), load_text(one)) == loads.end())
        loads.push_back(load_text(one));
  if (loads.empty()) return "";
  std::string lines;
  for (const auto& run : report.runs) {
    std::vector<std::string> routers;
    for (const auto& one : run.latencies)
      if (timed(run, one) && std::find(routers.begin(), routers.end(), one.router) == routers.end())
        routers.push_back(one.router);
    for (const std::string& router : routers) {
      std::vector<std::string> cells(loads.size() + 1, "–");
      for (const auto& one : run.latencies) {
        if (one.router != router || !timed(run, one)) continue;
        const auto& baseline = *latency_baseline(run, one);
        cells.front() = change_text(one.average_macs / baseline.average_macs - 1);
        const auto load = std::find(loads.begin(), loads.end(), load_text(one));
        cells[static_cast<std::size_t>(load - loads.begin()) + 1] = time_text(one, baseline);
      }
      lines += markdown_line(markdown_text(run.name + " · " + router), cells);
    }
  }
  loads.insert(loads.begin(), "multiply-adds");
  return markdown_head("ms an image", loads) + lines;
}

/// The temperature and the expected calibration errors of every bank that has been calibrated, a line for
/// each. Empty without any.
template <class Report>
[[nodiscard]] std::string reliability_markdown(const Report& report) {
  using namespace report_detail;
  const auto percent = [](double share) {
    return std::isfinite(share) ? markup::number(100 * share, 1) + " %" : "–";
  };
  std::string lines;
  for (const auto& run : report.runs)
    for (const auto& bank : run.reliability)
      lines += markdown_line(
          markdown_text(run.name + " · fixed " + std::to_string(bank.resolution)),
          {markup::number(bank.temperature, 2), percent(bank.error_before), percent(bank.error_after)});
  if (lines.empty()) return "";
  return markdown_head("expected calibration error", {"temperature", "before", "after"}) + lines;
}

/// A sentence: the cheapest result that loses nothing against the baseline or, where there is none, no more
/// than two points as far as can be told. Empty without either. Throws Error as report_html().
template <class Report>
[[nodiscard]] std::string headline_markdown(const Report& report) {
  using namespace report_detail;
  check(report);
  const std::string text = headline_text(
      Context(report), [](const std::string& label) { return "**" + markdown_text(label) + "**"; });
  return text.empty() ? "" : text + "\n";
}

/// A line for each result: accuracy with its 95 % interval, cost, and both against the baseline
/// (Report::baseline), paired image by image, and what was chosen how often. Random choices that differ in
/// their seed are one line, with mean and standard deviation (and the choices of the first). Throws Error as
/// report_html().
template <class Report>
[[nodiscard]] std::string results_markdown(const Report& report) {
  using namespace report_detail;
  check(report);
  const Context context(report);
  std::string table = markdown_head(
      "system", {"accuracy (95 %)", "difference in points (95 %)", context.macs.name + " an image",
                 "cost against it", "resolutions, largest first", "training"});
  const auto cost = [&](double macs) { return markup::significant(macs / context.macs.size, 3); };
  for (std::size_t i = 0; i < context.rows.size(); ++i) {
    const Row& row = context.rows[i];
    if (row.random()) {
      SeededRows same;
      const auto alike = [&](const Row& other) {
        return &other.run == &row.run && other.random() && other.drawn() == row.drawn();
      };
      for (; i < context.rows.size() && alike(context.rows[i]); ++i) same.add(context.rows[i]);
      --i;
      table += markdown_line(markdown_text(row.run.name + " · " + row.drawn() + ", " +
                                           std::to_string(same.accuracies.size()) + " seeds"),
                             {same.accuracy(), "–", cost(same.mean_macs()), "–", shares_text(row.result),
                              training_text(row.run)});
      continue;
    }
    const bool is_baseline = context.baseline == i;
    const auto against = [&](const auto& text) {
      return !context.baseline ? "–" : is_baseline ? "baseline" : text(row, context.rows[*context.baseline]);
    };
    table += markdown_line(
        markdown_text(row.label()),
        {accuracy_text(row.result), against([](auto& x, auto& y) { return difference_text(x, y); }),
         cost(row.result.average_macs), against([](auto& x, auto& y) { return saving_text(x, y); }),
         shares_text(row.result), training_text(row.run)});
  }
  return table;
}

/// A line for each of Report::comparisons and for every result with the random choices at its cost: the
/// difference of their accuracies, paired image by image, the cost of the first against the second, and the
/// images at a lower and a higher resolution. Empty without any. Throws Error as report_html().
template <class Report>
[[nodiscard]] std::string differences_markdown(const Report& report) {
  using namespace report_detail;
  check(report);
  const Context context(report);
  std::string lines;
  for (const auto& [first, second] : compared_rows(context))
    lines += markdown_line(markdown_text(first->label()),
                           {markdown_text(second->label()), difference_text(*first, *second),
                            saving_text(*first, *second), resolutions_text(*first, *second)});
  if (lines.empty()) return "";
  return markdown_head("first", {"second", "difference in points (95 %)", "cost against the second",
                                 "resolutions against the second's"}) +
         lines;
}

/// Where the runs come from, a list: commit, compiler, processor and seed, each with its values over all runs
/// ("* seed: 1, 2"). Empty where none is known.
template <class Report>
[[nodiscard]] std::string origins_markdown(const Report& report) {
  using namespace report_detail;
  std::string lines;
  for (const Origin& origin : origins(report))
    lines += "* " + std::string(origin.name) + ": " + markdown_text(join(origin.values)) + "\n";
  return lines;
}

/// Report::notes, a list. Empty without any.
template <class Report>
[[nodiscard]] std::string notes_markdown(const Report& report) {
  std::string lines;
  for (const std::string& note : report.notes) lines += "* " + report_detail::markdown_text(note) + "\n";
  return lines;
}

}  // namespace drnet::inline DRNET_ISA
