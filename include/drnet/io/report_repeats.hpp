// Results that a report would have twice. Where a classifier rested while a predictor learnt, the network
// answers at every fixed resolution, as a cascade and through an oracle what the network answered that it
// began with; such results, and all that was drawn from the same answers, stay with the first one.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/report_model.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

/// Whether the same was chosen and answered, image by image where that is known. Speeds may differ.
bool same_answers(const auto& a, const auto& b) {
  return a.router == b.router && a.data == b.data && a.accuracy == b.accuracy && a.correct == b.correct &&
         a.images == b.images && a.average_macs == b.average_macs && a.shares == b.shares &&
         a.right == b.right && a.chosen_by_class == b.chosen_by_class && a.choices == b.choices;
}

const Report::Evaluation* result_of(const auto& run, const std::string& router) {
  const auto found = std::find_if(run.evaluations.begin(), run.evaluations.end(),
                                  [&](const auto& result) { return result.router == router; });
  return found == run.evaluations.end() ? nullptr : &*found;
}

bool same_curve(const auto& a, const auto& b) {
  return a.router == b.router && a.unit == b.unit &&
         std::equal(
             a.points.begin(), a.points.end(), b.points.begin(), b.points.end(),
             [](const auto& x, const auto& y) { return x.cost == y.cost && x.accuracy == y.accuracy; });
}

/// Whether both are one classifier: the same answers at every fixed resolution, image by image.
bool same_classifier(const auto& a, const auto& b) {
  if (a.candidates != b.candidates || a.candidates.size() < 2 || a.data != b.data || a.model != b.model)
    return false;
  std::size_t fixed = 0;
  for (const Report::Evaluation& result : a.evaluations)
    if (result.router.starts_with("fixed ")) {
      const Report::Evaluation* const other = result_of(b, result.router);
      if (result.right.empty() || other == nullptr || !same_answers(result, *other)) return false;
      ++fixed;
    }
  return fixed == a.candidates.size();
}

/// Whether the first has no result that the other has not.
bool same_results(const auto& a, const auto& b) {
  return std::all_of(a.evaluations.begin(), a.evaluations.end(), [&](const auto& result) {
    const auto* const other = result_of(b, result.router);
    return other != nullptr && same_answers(result, *other);
  });
}

/// Takes from `run` what it shares with `first`, which has the same classifier; returns the routers of the
/// results that it took.
std::vector<std::string> take_repeats(auto& run, const auto& first) {
  std::vector<std::string> taken;
  std::erase_if(run.evaluations, [&](const auto& result) {
    const auto* const other = result_of(first, result.router);
    const bool repeats = other != nullptr && same_answers(result, *other);
    if (repeats) taken.push_back(result.router);
    return repeats;
  });
  const auto is_taken = [&](const std::string& router) {
    return std::find(taken.begin(), taken.end(), router) != taken.end();
  };
  // Those of fixed resolutions were timed beside this run's own, and are what it is compared with.
  std::erase_if(run.latencies, [&](const auto& one) {
    return !one.router.starts_with("fixed ") &&
           (is_taken(one.router) || is_taken(one.router + ", cross-fitted"));
  });
  std::erase_if(run.curves, [&](const auto& curve) {
    return std::any_of(first.curves.begin(), first.curves.end(),
                       [&](const auto& other) { return same_curve(curve, other); });
  });
  if (std::equal(run.reliability.begin(), run.reliability.end(), first.reliability.begin(),
                 first.reliability.end(), [](const auto& a, const auto& b) {
                   return a.resolution == b.resolution && a.temperature == b.temperature;
                 }))
    run.reliability.clear();
  if (run.histogram && first.histogram && run.histogram->smallest == first.histogram->smallest &&
      run.histogram->never == first.histogram->never)
    run.histogram.reset();
  return taken;
}

}  // namespace report_detail

/// Takes from every run what an earlier run with the same classifier has already; a note says so, and
/// baseline and comparisons name the earlier one. A run that has nothing else keeps all, beside a note. The
/// same pictures, candidates and answers at every fixed resolution make classifiers the same; what is not
/// known image by image is kept. Runs have names that differ.
template <class Report>
void drop_repeats(Report& report) {
  using namespace report_detail;
  for (std::size_t i = 1; i < report.runs.size(); ++i) {
    auto& run = report.runs[i];
    const auto first = std::find_if(report.runs.begin(), report.runs.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](const auto& earlier) { return same_classifier(run, earlier); });
    if (first == report.runs.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    if (same_results(run, *first)) {
      report.notes.push_back(run.name + ": every answer is that of " + first->name + ".");
      continue;
    }
    for (const std::string& router : take_repeats(run, *first)) {
      const auto rename = [&](std::string& label) {
        if (label == run.name + " · " + router) label = first->name + " · " + router;
      };
      rename(report.baseline);
      for (auto& comparison : report.comparisons) {
        rename(comparison.first);
        rename(comparison.second);
      }
    }
    report.notes.push_back(run.name + ": the classifier is that of " + first->name +
                           ", whose results are not repeated.");
  }
  std::erase_if(report.comparisons, [](const auto& pair) { return pair.first == pair.second; });
}

}  // namespace drnet::inline DRNET_ISA
