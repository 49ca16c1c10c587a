// Pairs of results side by side: a router and random choices at its cost, and what Report::comparisons names.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/report_table.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

/// The first row with this label. Throws Error where none has it.
inline const Row& row_named(const std::vector<Row>& rows, const std::string& label) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.label() == label; });
  if (found != rows.end()) return *found;
  std::vector<std::string> labels;
  for (const Row& row : rows) labels.push_back(row.label());
  throw Error("comparison", "one of " + join(labels), "'" + label + "'");
}

using RowPair = std::pair<const Row*, const Row*>;

/// Report::comparisons, then every result with each of the random choices at its cost; no pair twice. Throws
/// Error for a label that no row has.
std::vector<RowPair> compared_rows(const auto& context) {
  std::vector<RowPair> pairs;
  const auto add = [&](const Row& first, const Row& second) {
    const RowPair pair(&first, &second);
    if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
  };
  for (const auto& comparison : context.report.comparisons)
    add(row_named(context.rows, comparison.first), row_named(context.rows, comparison.second));
  for (const Row& chosen : context.rows)
    for (const Row& random : context.rows)
      if (chosen.style == random.style && random.random() && random.rival() == chosen.result.router)
        add(chosen, random);
  return pairs;
}

std::string differences(const auto& context) {
  std::string body;
  for (const auto& [first, second] : compared_rows(context))
    body += markup::fill_in("<tr><td class=\"name\">{}</td><td class=\"name\">{}</td>{}{}{}</tr>\n",
                            {markup::escape(first->label()), markup::escape(second->label()),
                             cell(difference_text(*first, *second)), cell(saving_text(*first, *second)),
                             cell(resolutions_text(*first, *second))});
  if (body.empty()) return "";
  return section("Differences", markup::fill_in(R"(<div class="scroll"><table><thead><tr>
<th scope="col">First</th><th scope="col">Second</th>
<th scope="col" class="n">Difference<br>(points, 95 %)</th>
<th scope="col" class="n">Cost of the first<br>against the second</th>
<th scope="col" class="n">Its resolutions<br>against the second's</th></tr></thead>
<tbody>
{}</tbody></table></div>
<p class="note">Accuracy of the first minus that of the second, image by image, with Tango's interval, and the
images that the first answers at a lower and at a higher resolution; – where other images were answered, or which answers are
right or who chose what was not written down.</p>)",
                                                {body}));
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
