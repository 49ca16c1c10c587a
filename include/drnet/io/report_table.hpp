// The results of a report as a table: accuracies with 95 % intervals, and differences from one of them that
// are paired image by image.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/statistics.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_origins.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/svg_chart.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

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

/// "+0.5 (−0.2 – +1.3)": accuracy minus that of the baseline, in percentage points.
inline std::string difference_text(const Row& row, const Row& baseline) {
  if (!row.comparable(baseline)) return "–";
  const PairedCounts counts = paired_counts(row.result.right, baseline.result.right);
  const auto points = [](double share) {
    const std::string text = markup::number(100 * std::abs(share), 1);
    return (text == "0.0" ? "±" : share < 0 ? "−" : "+") + text;
  };
  const Interval interval = difference_interval(counts);
  return markup::fill_in("{} ({} – {})",
                         {points(counts.difference()), points(interval.low), points(interval.high)});
}

/// "−34 %" for −0.34.
inline std::string change_text(double change) {
  if (!std::isfinite(change)) return "–";
  const std::string text = markup::number(100 * std::abs(change), 0);
  return (text == "0" ? "±" : change < 0 ? "−" : "+") + text + " %";
}
/// Cost against that of the baseline.
inline std::string saving_text(const Row& row, const Row& baseline) {
  return change_text(row.result.average_macs / baseline.result.average_macs - 1);
}

/// "8.9 % lower, 5.2 % higher": the images at a smaller and at a larger resolution than in the other row.
inline std::string resolutions_text(const Row& row, const Row& other) {
  if (!row.comparable(other)) return "–";
  const std::size_t images = row.result.right.size();
  double lower = 0, higher = 0;
  for (std::size_t i = 0; i < images; ++i) {
    const auto own = row.resolution(i), its = other.resolution(i);
    if (!own || !its) return "–";
    lower += *own < *its;
    higher += *own > *its;
  }
  if (lower + higher == 0) return "the same";
  const auto share = [&](double count) {
    return markup::number(100 * count / static_cast<double>(images), 1) + " %";
  };
  return share(lower) + " lower, " + share(higher) + " higher";
}

/// What is known of a run rather than of a result.
struct Trait {
  std::string_view heading, before, after;  // of the column; around the value in words
  std::vector<std::string> values;          // of each row
  bool number = false, measured = false;    // measured: a column unless nothing is known

  /// Where all rows agree, words say it better than a column.
  [[nodiscard]] bool common() const {
    return std::all_of(values.begin(), values.end(),
                       [&](const auto& v) { return v == (measured ? "–" : values.front()); });
  }
  [[nodiscard]] std::string cell_of(std::size_t row) const {
    return number ? cell(values[row]) : markup::fill_in("<td>{}</td>", {markup::escape(values[row])});
  }
};

std::vector<Trait> traits(const auto& context) {
  Trait parameters{"Parameters<br>(M)", "", " M parameters", {}, true}, model{"Model", "", "", {}},
      data{"Data", "on ", "", {}}, latency{"Latency<br>(ms / image)", "", "", {}, true, true},
      throughput{"Throughput<br>(images / s)", "", "", {}, true, true};
  for (const Row& row : context.rows) {
    parameters.values.push_back(markup::number(row.run.parameters / 1e6, 2));
    latency.values.push_back(markup::significant(row.result.milliseconds_per_image, 3));
    throughput.values.push_back(markup::significant(row.result.images_per_second, 3));
    model.values.push_back(row.run.model);
    data.values.push_back(row.result.data.empty() ? row.run.data : row.result.data);
  }
  return {latency, throughput, model, data, parameters};
}

/// What all results have in common, in words.
inline std::string common_traits(const std::vector<Trait>& all) {
  std::vector<std::string> words;
  for (const Trait& trait : all)
    if (!trait.values.empty() && trait.common() && !trait.values.front().empty() &&
        trait.values.front() != "–")
      words.push_back(
          markup::fill_in("{}{}{}", {trait.before, markup::escape(trait.values.front()), trait.after}));
  return words.empty() ? "" : markup::fill_in("<p class=\"lead\">{}</p>\n", {join(words, " · ")});
}

/// The name of a row; `grouped`: under the name of its run.
inline std::string name_cell(const Row& row, bool grouped) {
  return grouped ? markup::fill_in("<td class=\"name of\">{}</td>", {markup::escape(row.result.router)})
                 : markup::fill_in("<td class=\"name\">{}{}</td>",
                                   {svg::legend_mark(row.style), markup::escape(row.label())});
}

/// The name of the run that a row begins, where several rows follow and there are other runs; else nothing.
std::string group_head(const auto& context, std::size_t index, std::size_t columns) {
  const Row& row = context.rows[index];
  return markup::fill_in(
      "<tr class=\"group\"><td></td><th scope=\"rowgroup\" colspan=\"{}\">{}{}</th></tr>\n",
      {std::to_string(columns - 1), svg::legend_mark(row.style), markup::escape(row.run.name)});
}
/// Whether a row stands with others under the name of its run.
bool grouped(const auto& context, std::size_t index) {
  const Row& row = context.rows[index];
  const auto same = std::count_if(context.rows.begin(), context.rows.end(),
                                  [&](const Row& other) { return other.style == row.style; });
  return same > 1 && context.report.runs.size() > 1 && !row.run.name.empty();
}

std::string table_row(const auto& context, const std::vector<Trait>& all, std::size_t index) {
  const Row& row = context.rows[index];
  const bool is_baseline = context.baseline == index;
  std::string compared;
  if (context.baseline) {
    const Row& baseline = context.rows[*context.baseline];
    compared =
        cell(is_baseline ? "baseline" : difference_text(row, baseline)) + cell(saving_text(row, baseline));
  }
  const std::string numbers = cell(accuracy_text(row.result)) + compared +
                              cell(markup::significant(row.result.average_macs / context.macs.size, 3));
  std::string others;
  for (const Trait& trait : all)
    if (!trait.common()) others += trait.cell_of(index);
  return markup::fill_in("<tr{}>{}{}{}{}</tr>\n",
                         {is_baseline ? " class=\"baseline\"" : "", cell(std::to_string(index + 1)),
                          name_cell(row, grouped(context, index)), numbers, others});
}

/// The cheapest result that is compared with the baseline, costs less and of which `good` holds.
const Row* cheapest(const auto& context, const auto& good) {
  const Row& baseline = context.rows[*context.baseline];
  const Row* best = nullptr;
  for (const Row& row : context.rows)
    if (&row != &baseline && row.comparable(baseline) &&
        row.result.average_macs < (best ? *best : baseline).result.average_macs && good(row))
      best = &row;
  return best;
}

/// In words: the cheapest result that is right about no fewer of the same images than the baseline, and what
/// it saves; where there is none, the cheapest that loses no more than two points, as far as can be told.
/// Nothing without either. strong(label) puts emphasis on a name.
std::string headline_text(const auto& context, const auto& strong) {
  constexpr double kLoss = 0.02;
  if (!context.baseline) return "";
  const Row& baseline = context.rows[*context.baseline];
  const Row* best =
      cheapest(context, [&](const Row& row) { return row.result.correct >= baseline.result.correct; });
  const bool lossless = best != nullptr;
  if (!lossless)
    best = cheapest(context, [&](const Row& row) {
      return difference_interval(paired_counts(row.result.right, baseline.result.right)).low > -kLoss;
    });
  if (best == nullptr) return "";
  const auto compared = std::count_if(context.rows.begin(), context.rows.end(), [&](const Row& row) {
    return &row != &baseline && row.comparable(baseline);
  });
  return markup::fill_in(
      "{} takes {} % of the multiply-adds of {}; its accuracy differs by {} points (95 % interval). It is "
      "the cheapest {}, of all {} that were compared.",
      {strong(best->label()),
       markup::number(100 * best->result.average_macs / baseline.result.average_macs, 0),
       strong(baseline.label()), difference_text(*best, baseline),
       lossless ? "that loses none" : "whose interval is above −2 points", std::to_string(compared)});
}

std::string headline(const auto& context) {
  const std::string text = headline_text(context, [](const std::string& label) {
    return markup::fill_in("<strong>{}</strong>", {markup::escape(label)});
  });
  return text.empty() ? "" : markup::fill_in("<p>{}</p>\n", {text});
}

std::string results_table(const auto& context) {
  std::string body, notes, compared, comparison, others;
  const std::vector<Trait> all = traits(context);
  for (const Trait& trait : all)
    if (!trait.common())
      others += markup::fill_in("<th scope=\"col\"{}>{}</th>\n",
                                {trait.number ? " class=\"n\"" : "", trait.heading});
  for (const std::string& note : context.report.notes)
    notes += markup::fill_in("<p class=\"note\">{}</p>\n", {markup::escape(note)});
  const auto own = std::count_if(all.begin(), all.end(), [](const Trait& trait) { return !trait.common(); });
  const std::size_t columns = (context.baseline ? 6 : 4) + static_cast<std::size_t>(own);
  for (std::size_t i = 0; i < context.rows.size(); ++i) {
    const bool first = i == 0 || context.rows[i - 1].style != context.rows[i].style;
    if (first && grouped(context, i)) body += group_head(context, i, columns);
    body += table_row(context, all, i);
  }
  if (body.empty()) body = "<tr><td colspan=\"11\">no results</td></tr>\n";
  if (context.baseline) {
    compared = R"(<th scope="col" class="n">Difference<br>(points, 95 %)</th>
<th scope="col" class="n">Cost<br>against it</th>)";
    comparison = markup::fill_in(
        R"( Differences are from {}, image by image, with Tango's interval; – where other images
were answered, or which answers are right was not written down.)",
        {markup::escape(context.rows[*context.baseline].label())});
  }
  return section("Results",
                 common_traits(all) + markup::fill_in(R"(<div class="scroll"><table><thead><tr>
<th scope="col" class="n">#</th><th scope="col">Run</th>
<th scope="col" class="n">Top-1 accuracy<br>(95 % interval)</th>{}
<th scope="col" class="n">Average cost<br>({})</th>{}</tr></thead>
<tbody>
{}</tbody></table></div>
{}<p class="note">Costs are the mean of one image and include the predictor where one ran. Intervals of accuracies are
Wilson's; all intervals are for the sampling of the test images only.{}</p>{})",
                                                      {compared, context.macs.name, others, body, notes,
                                                       comparison, origins_note(context.report)}));
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
