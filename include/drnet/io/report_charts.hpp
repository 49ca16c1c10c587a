// The charts of a report: which resolutions were chosen, training, how far confidences can be believed, and
// speed.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/svg_bars.hpp>
#include <drnet/io/svg_chart.hpp>
#include <drnet/io/svg_scatter.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

std::string share_bars(const auto& context) {
  std::string bars;
  for (const Row& row : context.rows)
    if (!row.result.shares.empty() && !row.fixed())
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

std::string resolution_legend(const auto& context, const std::vector<int>& resolutions) {
  std::string items;
  for (const int resolution : resolutions) {
    const svg::Part part = context.part(resolution);
    items += legend_item(svg::legend_square(part.shade), part.name);
  }
  return legend(items);
}

std::string shares(const auto& context) {
  const std::string charts = share_bars(context) + share_bands(context);
  if (charts.empty()) return "";
  return section("Share of each resolution", resolution_legend(context, context.resolutions) + charts);
}

/// Choices for the images of one class.
struct ClassChoices {
  std::string name;
  std::vector<double> shares;
  double pixels = 0;  ///< mean resolution
  std::int64_t images = 0;
};

/// The classes that have images, those that need the largest resolutions first.
std::vector<ClassChoices> class_choices(const Report::Run& run, const auto& result) {
  std::vector<ClassChoices> classes;
  for (std::size_t c = 0; c < result.chosen_by_class.size(); ++c) {
    const auto& counts = result.chosen_by_class[c];
    ClassChoices one{c < run.class_names.size() ? run.class_names[c] : "class " + std::to_string(c), {}};
    one.images = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    if (one.images == 0) continue;
    for (std::size_t j = 0; j < counts.size(); ++j) {
      one.shares.push_back(static_cast<double>(counts[j]) / static_cast<double>(one.images));
      one.pixels += one.shares[j] * run.candidates[j];
    }
    classes.push_back(std::move(one));
  }
  std::stable_sort(classes.begin(), classes.end(),
                   [](const ClassChoices& a, const ClassChoices& b) { return a.pixels > b.pixels; });
  return classes;
}

/// A bar a class; of many classes the first and the last ones.
std::string class_bars(const auto& context, const Row& row) {
  constexpr std::size_t kMost = 120, kEnds = 30;
  auto classes = class_choices(row.run, row.result);
  std::string note;
  if (classes.size() > kMost) {
    note = markup::fill_in(
        "<p class=\"note\">Of {} classes, those with the {} largest and the {} smallest "
        "resolutions on average.</p>",
        {std::to_string(classes.size()), std::to_string(kEnds), std::to_string(kEnds)});
    classes.erase(classes.begin() + kEnds, classes.end() - kEnds);
  }
  std::string bars;
  for (const ClassChoices& one : classes) {
    const std::string name = markup::escape(one.name);
    const std::string title = markup::fill_in("{}, {} images", {one.name, std::to_string(one.images)});
    bars += markup::fill_in("<div><span title=\"{}\">{}</span>{}</div>\n",
                            {markup::escape(title), name,
                             svg::stacked_bar(one.shares, context.parts(row.run.candidates), title, 14)});
  }
  return note + markup::fill_in("<div class=\"classes\">\n{}</div>", {bars});
}

/// What was chosen for the images of each class; the first result is open, the others on demand.
std::string classes(const auto& context) {
  std::string content;
  for (const Row& row : context.rows)
    if (!row.result.chosen_by_class.empty() && !row.fixed())
      content += markup::fill_in("<details{}><summary>{}</summary>{}{}</details>\n",
                                 {content.empty() ? " open=\"\"" : "", markup::escape(row.label()),
                                  resolution_legend(context, row.run.candidates), class_bars(context, row)});
  return section("Choices by class", content);
}

/// One chart of one value of every run's epochs; nothing where no run knows it.
std::string curve(const auto& context, double Report::Epoch::*x, double x_size, double Report::Epoch::*y,
                  double y_size, const svg::ChartText& words) {
  std::vector<svg::Series> all;
  bool known = false;
  for (std::size_t i = 0; i < context.report.runs.size(); ++i) {
    svg::Series series{context.report.runs[i].name, i, {}};
    for (const Report::Epoch& epoch : context.report.runs[i].epochs) {
      const svg::Point point{epoch.*x / x_size, epoch.*y / y_size};
      known = known || (svg::plottable(point.x) && svg::plottable(point.y));
      series.points.push_back(point);
    }
    all.push_back(std::move(series));
  }
  return known ? chart(svg::line_chart(all, words)) : "";
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
inline std::string both_axes(const std::string& over_epochs, const std::string& over_time) {
  return markup::fill_in(
      R"(<input type="radio" name="axis" class="axis-choice" id="axis-epoch" checked><label for="axis-epoch">
over epochs</label><input type="radio" name="axis" class="axis-choice" id="axis-seconds"><label for="axis-seconds">
over time</label><div class="charts by-epoch">{}</div><div class="charts by-seconds">{}</div>)",
      {over_epochs, over_time});
}

std::string curves(const auto& context) {
  std::string items;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < context.report.runs.size(); ++i) {
    const Report::Run& run = context.report.runs[i];
    if (!run.epochs.empty()) items += legend_item(svg::legend_mark(i), run.name);
    for (const Report::Epoch& epoch : run.epochs) seconds.push_back(epoch.seconds);
  }
  const Unit unit = time_unit(largest(seconds));
  const std::string over_epochs =
      curves_over(context, &Report::Epoch::epoch, {"", "epoch", 1, stage_rules(context.report)}, 1);
  const std::string over_time =
      curves_over(context, &Report::Epoch::seconds, {"", unit.name, 0, {}}, unit.size);
  if (over_epochs.empty() && over_time.empty()) return "";
  const bool both = !over_epochs.empty() && !over_time.empty();
  return section("Training", legend(items) + (both ? both_axes(over_epochs, over_time)
                                                   : markup::fill_in("<div class=\"charts\">{}{}</div>",
                                                                     {over_epochs, over_time})));
}

svg::CalibrationCurve calibration_curve(const std::string& name, std::size_t style, const auto& bins) {
  double images = 0;
  for (const auto& bin : bins) images += static_cast<double>(bin.count);
  svg::CalibrationCurve curve{name, style, {}};
  for (const auto& bin : bins)
    curve.points.push_back({bin.confidence, bin.accuracy, static_cast<double>(bin.count) / images});
  return curve;
}

/// A diagram for each bank, before and after its temperature.
std::string reliability(const auto& context) {
  constexpr std::size_t kBefore = 1, kAfter = 0;
  std::string content;
  for (const Report::Run& run : context.report.runs) {
    std::string charts;
    for (const Report::Reliability& bank : run.reliability) {
      const std::string error = markup::number(100 * bank.error_before, 1) + " → " +
                                markup::number(100 * bank.error_after, 1) + " %";
      const std::string title =
          markup::fill_in("{} px: ECE {}, T = {}",
                          {std::to_string(bank.resolution), error, markup::significant(bank.temperature, 3)});
      charts += chart(svg::reliability_chart(std::vector{calibration_curve("before", kBefore, bank.before),
                                                         calibration_curve("after", kAfter, bank.after)},
                                             svg::ChartText{title, "Confidence (%)"}));
    }
    if (charts.empty()) continue;
    const std::string name = run_suffix(context, run);
    content += (name.empty() ? "" : markup::fill_in("<h3>{}</h3>", {markup::escape(run.name)})) +
               markup::fill_in("<div class=\"charts small\">{}</div>\n", {charts});
  }
  if (content.empty()) return "";
  return section(
      "Reliability of confidences",
      legend(
          legend_item(svg::legend_square({svg::series_color(kBefore), ""}), "before: softmax of the logits") +
          legend_item(svg::legend_square({svg::series_color(kAfter), ""}),
                      "after: softmax of the logits / T")) +
          content +
          "<p class=\"note\">Accuracy (%, upwards) against confidence. A dot stands for the images of one "
          "interval of confidence, its area for their number. On the diagonal both are the same; ECE, the "
          "expected calibration error, is the mean distance from it. T was fitted on the images that both "
          "errors are measured on, which flatters the one after it.</p>");
}

/// Time of an image with every router, a bar for each number of images and threads.
std::string latency(const auto& context) {
  std::vector<double> times;
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> loads;  // (threads, images) to style
  std::string items, bars;
  for (const Report::Run& run : context.report.runs)
    for (const Report::Latency& one : run.latencies) {
      times.push_back(one.milliseconds);
      if (loads.try_emplace({one.threads, one.images}, loads.size()).second)
        items += legend_item(svg::legend_square({svg::series_color(loads.size() - 1), ""}), load_text(one));
    }
  for (const Report::Run& run : context.report.runs) {
    std::vector<std::string> routers;
    for (const Report::Latency& one : run.latencies)
      if (std::find(routers.begin(), routers.end(), one.router) == routers.end())
        routers.push_back(one.router);
    for (const std::string& router : routers) {
      const std::string name = router + run_suffix(context, run);
      std::string group;
      for (const Report::Latency& one : run.latencies)
        if (one.router == router)
          group += svg::length_bar(one.milliseconds, largest(times), name + ", " + load_text(one),
                                   markup::significant(one.milliseconds, 3) + " ms",
                                   svg::series_color(loads.at({one.threads, one.images})));
      bars += markup::fill_in("<div>{}</div><div>{}</div>\n", {markup::escape(name), group});
    }
  }
  if (bars.empty()) return "";
  return section("Time of an image",
                 legend(items) + markup::fill_in("<div class=\"shares\">{}</div>", {bars}));
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
