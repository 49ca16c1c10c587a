// Where the runs of a report come from: commit, compiler, processor and seed.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/markup.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

/// One trait and its values over all runs, without repetition, in order of appearance.
struct Origin {
  std::string_view name;
  std::vector<std::string> values;

  void add(const std::string& value) {
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end())
      values.push_back(value);
  }
};

/// Those that are known.
std::vector<Origin> origins(const auto& report) {
  std::vector<Origin> all{{"commit", {}}, {"compiler", {}}, {"processor", {}}, {"seed", {}}};
  for (const auto& run : report.runs) {
    all[0].add(run.commit);
    all[1].add(run.compiler);
    all[2].add(run.processor);
    if (run.seed) all[3].add(std::to_string(*run.seed));
  }
  std::erase_if(all, [](const Origin& origin) { return origin.values.empty(); });
  return all;
}

/// A line of the page; nothing where none is known.
std::string origins_note(const auto& report) {
  std::vector<std::string> words;
  for (const Origin& origin : origins(report))
    words.push_back(markup::fill_in("{}: {}", {origin.name, markup::escape(join(origin.values))}));
  return words.empty() ? "" : markup::fill_in("\n<p class=\"note\">{}</p>", {join(words, " · ")});
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
