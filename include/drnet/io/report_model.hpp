// What a report shows: training runs and measurements, as plain data. Costs are multiply-adds of one image
// including the predictor (docs/method.md, loss).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/montage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Images by the smallest candidate that classifies them correctly.
struct ResolutionHistogram {
  std::vector<std::int64_t> smallest;  ///< images, one number for each candidate
  std::int64_t never = 0;              ///< images that no candidate classifies correctly
  /// Some of them: `resolution` is the smallest correct candidate or 0, `predicted` what the next smaller
  /// candidate says, or the largest where all are wrong.
  std::vector<MontageImage> examples;

  [[nodiscard]] double images() const {
    return std::accumulate(smallest.begin(), smallest.end(), static_cast<double>(never));
  }
};

/// What a report shows. A number that is not known is NaN and leaves a gap; lists may be empty.
struct Report {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  /// After one epoch: values on the validation images, loss on the training images.
  struct Epoch {
    int stage = 1;
    double epoch = kUnknown;  ///< counted over all stages, from 1
    double seconds = kUnknown;
    double loss = kUnknown;
    double accuracy = kUnknown;  ///< 0..1
    double average_macs = kUnknown;
    std::vector<double> shares;  ///< 0..1, one for each candidate
  };

  /// A measured result.
  struct Evaluation {
    std::string router;          ///< how resolutions were chosen
    double accuracy = kUnknown;  ///< 0..1
    std::int64_t correct = 0, images = 0;
    double average_macs = kUnknown;
    std::vector<double> shares;
    double milliseconds_per_image = kUnknown, images_per_second = kUnknown;
    std::string data;         ///< the images; empty: the run's
    std::vector<bool> right;  ///< [images] whether the answer was right, in the order of the data
    std::vector<std::vector<std::int64_t>> chosen_by_class;  ///< [classes][candidates] images
    std::vector<std::int64_t> choices;  ///< [images] the candidate of each, 0 the largest; may be empty
  };

  /// What a way of choosing reaches with each of several budgets.
  struct BudgetCurve {
    struct Point {
      double budget = kUnknown, cost = kUnknown;  ///< in `unit`
      double accuracy = kUnknown;                 ///< 0..1
    };
    std::string router;
    std::string unit;  ///< kMacs or another name, e.g. "ms"
    std::vector<Point> points;
    static constexpr const char* kMacs = "macs";
  };

  /// Confidence and accuracy of one bank, before and after its temperature was fitted.
  struct Reliability {
    struct Bin {
      std::int64_t count = 0;
      double confidence = kUnknown, accuracy = kUnknown;  ///< means, 0..1
    };
    int resolution = 0;
    double temperature = kUnknown;
    double error_before = kUnknown, error_after = kUnknown;  ///< expected calibration errors, 0..1
    std::vector<Bin> before, after;
  };

  /// Time of one image where so many are classified at a time.
  struct Latency {
    std::string router;
    std::int64_t images = 1, threads = 1;
    double milliseconds = kUnknown;
    double average_macs = kUnknown;  ///< of an image, on the pictures that were timed
  };

  struct Run {
    std::string name;  ///< may be empty where there is one run
    std::string model, data;
    std::optional<std::uint64_t> seed;
    std::string commit, compiler, processor;  ///< of the program and where it ran; may be empty
    double parameters = kUnknown;
    std::vector<int> candidates;           ///< resolutions, largest first
    std::vector<std::string> class_names;  ///< may be empty
    std::vector<Epoch> epochs;
    std::int64_t earlier_epochs = 0;  ///< of the runs whose weights this one began with
    double earlier_seconds = 0;       ///< of theirs
    std::vector<Evaluation> evaluations;
    std::vector<BudgetCurve> curves;
    std::vector<Reliability> reliability;
    std::vector<Latency> latencies;
    std::optional<ResolutionHistogram> histogram;
  };

  /// Two results, each named by the label of its row: "run · router".
  struct Comparison {
    std::string first, second;
  };

  std::string title, subtitle;
  std::vector<Run> runs;
  std::vector<MontageImage> montage;
  std::string montage_of;          ///< the network whose choices the montage shows; may be empty
  std::vector<std::string> notes;  ///< what a reader should know, such as a log that is not complete
  /// The result that the others are compared with: "run · router", or a router alone; empty: the first one
  /// whose router is "fixed …" and that costs the most, of a network with one candidate where one of several
  /// costs as much.
  std::string baseline;
  std::vector<Comparison>
      comparisons;  ///< further pairs; random choices are compared with what they cost as much as
};

namespace report_detail {

// What takes a report or a part of one is a template: it is compiled where a report is made, and not in every
// program that includes this.

/// Whether the histogram and its examples belong to these candidates.
bool fits(const auto& histogram, const std::vector<int>& candidates) {
  return histogram.smallest.size() == candidates.size() &&
         std::all_of(histogram.examples.begin(), histogram.examples.end(), [&](const MontageImage& image) {
           return image.resolution == 0 ||
                  std::find(candidates.begin(), candidates.end(), image.resolution) != candidates.end();
         });
}

/// What of an evaluation does not fit itself or so many candidates; empty where all does.
std::string misfit(const auto& result, std::size_t candidates) {
  if (!result.shares.empty() && result.shares.size() != candidates)
    return "a share for each of " + std::to_string(candidates) + " candidates";
  if (!result.right.empty() && (static_cast<std::int64_t>(result.right.size()) != result.images ||
                                std::count(result.right.begin(), result.right.end(), true) != result.correct))
    return std::to_string(result.correct) + " right answers of " + std::to_string(result.images);
  const auto is_candidate = [&](std::int64_t j) {
    return j >= 0 && j < static_cast<std::int64_t>(candidates);
  };
  if (!result.choices.empty() && (static_cast<std::int64_t>(result.choices.size()) != result.images ||
                                  !std::all_of(result.choices.begin(), result.choices.end(), is_candidate)))
    return "a choice among " + std::to_string(candidates) + " candidates for each of " +
           std::to_string(result.images) + " images";
  const bool counts = std::all_of(result.chosen_by_class.begin(), result.chosen_by_class.end(),
                                  [&](const auto& row) { return row.size() == candidates; });
  return counts ? "" : "counts of each of " + std::to_string(candidates) + " candidates, for every class";
}

/// Throws Error where shares, counts, choices or a histogram do not belong to the candidates, or right
/// answers to their number.
void check(const auto& report) {
  for (const Report::Run& run : report.runs) {
    const std::string place = "report, run '" + run.name + "'";
    for (const Report::Epoch& epoch : run.epochs)
      if (!epoch.shares.empty() && epoch.shares.size() != run.candidates.size())
        throw Error(place, "a share for each of " + std::to_string(run.candidates.size()) + " candidates",
                    "another number");
    for (const Report::Evaluation& result : run.evaluations)
      if (const std::string expected = misfit(result, run.candidates.size()); !expected.empty())
        throw Error(place, expected, "others");
    if (run.histogram && !fits(*run.histogram, run.candidates))
      throw Error(place, "a histogram of the candidates " + join(run.candidates), "another one");
  }
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
