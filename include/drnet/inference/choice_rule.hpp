// The two ways of choosing that a budget can be solved for, as functions of m numbers (a setting) on the
// Outputs of n images. How the answers change with one of these numbers is piecewise constant: an image
// flips from one candidate to another where the number passes a value of the image's own.
#pragma once

#include <drnet/dynamic/router.hpp>
#include <drnet/inference/measured_cost.hpp>
#include <drnet/inference/outputs.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// [m], what an image costs that candidate j answers: the candidate's own cost, and the predictor's where it
/// is asked, or in a cascade those of all smaller candidates.
[[nodiscard]] inline std::vector<double> answer_costs(const Router& router, const Costs& costs) {
  std::vector<double> result = costs.candidates;
  if (needs_predictor(router))
    for (double& cost : result) cost += costs.predictor;
  if (std::holds_alternative<CascadeRouter>(router))
    for (std::size_t j = result.size(); j-- > 1;) result[j - 1] += result[j];
  return result;
}

/// A number of a setting rises through `at`: the image's answer passes from candidate `from` to `to`.
struct Flip {
  double at;
  Index image;
  int from, to;
};

/// The predictor with offsets o: candidate argmax_j (z_j + o_j). Only differences matter, so o_0 stays 0.
/// With one parameter lambda, the Lagrange multiplier of the cost, o_j = -lambda (C_j - C_0) / (C_max -
/// C_min).
class OffsetRule {
 public:
  /// Throws Error for outputs without predictor, or logits of it that are not finite.
  OffsetRule(const Outputs& outputs, const Costs& costs)
      : outputs_(outputs), answer_costs_(drnet::answer_costs(PredictorRouter{}, costs)) {
    if (outputs.predictor.empty()) throw Error("Outputs::predictor", "logits of a predictor", "none");
    for (const float z : outputs.predictor)
      if (!std::isfinite(z)) throw Error("Outputs::predictor", "finite logits", std::to_string(z));
    const auto [low, high] = std::minmax_element(costs.candidates.begin(), costs.candidates.end());
    const double range = *high > *low ? *high - *low : 1;
    for (const double cost : costs.candidates) slopes_.push_back((costs.candidates.front() - cost) / range);
    cheapest_ = static_cast<std::size_t>(low - costs.candidates.begin());
  }

  [[nodiscard]] Index images() const { return outputs_.images(); }
  [[nodiscard]] int candidates() const { return outputs_.candidates; }
  /// [m], the cost of an image that candidate j answers.
  [[nodiscard]] const std::vector<double>& answer_costs() const { return answer_costs_; }
  [[nodiscard]] Router router(std::vector<double> setting) const {
    return PredictorRouter{std::move(setting)};
  }
  /// The candidates that answer the images, [n]: exactly as a session chooses.
  [[nodiscard]] std::vector<int> answers(const std::vector<double>& setting) const {
    const PredictorRouter router{setting};
    std::vector<int> result(static_cast<std::size_t>(images()));
    for (Index i = 0; i < images(); ++i)
      result[static_cast<std::size_t>(i)] = router.candidate(outputs_.choice(i));
    return result;
  }

  /// Where image i flips as number j rises from -infinity; nothing where it does not.
  [[nodiscard]] std::optional<Flip> flip(Index i, int j, std::span<const double> setting) const {
    const auto z = outputs_.choice(i);
    int other = -1;
    double best = -std::numeric_limits<double>::infinity();
    for (int k = 0; k < candidates(); ++k) {
      const double score = static_cast<double>(z[at(k)]) + setting[at(k)];
      if (k != j && score > best) {
        best = score;
        other = k;
      }
    }
    if (other < 0) return std::nullopt;
    return Flip{best - static_cast<double>(z[at(j)]), i, other, j};
  }
  /// All flips of image i as lambda rises from -infinity, in order; returns the answer before the first.
  int path(Index i, std::vector<Flip>& flips) const {
    const auto z = outputs_.choice(i);
    // The dearest candidates first; of equal ones the best, as they never change places.
    int now = 0;
    for (int k = 1; k < candidates(); ++k)
      if (slopes_[at(k)] < slopes_[at(now)] || (slopes_[at(k)] == slopes_[at(now)] && z[at(k)] > z[at(now)]))
        now = k;
    const int first = now;
    while (true) {
      Flip next{std::numeric_limits<double>::infinity(), i, now, now};
      for (int k = 0; k < candidates(); ++k) {
        const double rise = slopes_[at(k)] - slopes_[at(now)];
        if (!(rise > 0)) continue;
        const double crossing = (static_cast<double>(z[at(now)]) - static_cast<double>(z[at(k)])) / rise;
        const bool further = crossing == next.at && slopes_[at(k)] > slopes_[at(next.to)];
        if (crossing < next.at || further) next = {crossing, i, now, k};
      }
      if (next.to == now) return first;
      flips.push_back(next);
      now = next.to;
    }
  }
  [[nodiscard]] std::vector<double> along(double lambda) const {
    std::vector<double> setting;
    for (const double slope : slopes_) setting.push_back(lambda * slope);
    return setting;
  }
  /// Sends every image to the cheapest candidate.
  [[nodiscard]] std::vector<double> cheapest() const {
    const auto [low, high] = std::minmax_element(outputs_.predictor.begin(), outputs_.predictor.end());
    const double spread = static_cast<double>(*high) - static_cast<double>(*low) + 1;
    std::vector<double> setting(at(candidates()), cheapest_ == 0 ? -spread : 0.0);
    setting[cheapest_] = cheapest_ == 0 ? 0 : spread;
    return setting;
  }
  /// Values before and behind all flips, which hold for other images, too.
  [[nodiscard]] static double before(double low, double high) { return low - (high - low) - 1; }
  [[nodiscard]] static std::optional<double> behind(double low, double high) {
    return high + (high - low) + 1;
  }

 private:
  static std::size_t at(int j) { return static_cast<std::size_t>(j); }

  const Outputs& outputs_;
  std::vector<double> answer_costs_, slopes_;
  std::size_t cheapest_ = 0;
};

/// The cascade with thresholds t: the smallest candidate whose confidence reaches its t_j. t_0 is not used
/// and stays 0. With one parameter, all thresholds are the same.
class ThresholdRule {
 public:
  /// Throws Error for temperatures that are not one above 0 for each candidate (or none), and logits that are
  /// not finite.
  ThresholdRule(const Outputs& outputs, const Costs& costs, std::vector<double> temperatures)
      : candidates_(outputs.candidates),
        images_(outputs.images()),
        temperatures_(std::move(temperatures)),
        answer_costs_(drnet::answer_costs(CascadeRouter{}, costs)) {
    check_router(router(std::vector<double>(at(candidates_))), candidates_, false);
    const CascadeRouter cascade{{}, temperatures_};
    for (Index i = 0; i < images_; ++i)
      for (int j = 0; j < candidates_; ++j) {
        confidences_.push_back(top_probability(outputs.at(i, j), cascade.temperature(j)));
        if (!std::isfinite(confidences_.back()))
          throw Error("Outputs::logits of image " + std::to_string(i), "finite numbers", "others");
      }
  }

  [[nodiscard]] Index images() const { return images_; }
  [[nodiscard]] int candidates() const { return candidates_; }
  /// [m], the cost of an image that candidate j answers: its own and those of all smaller candidates.
  [[nodiscard]] const std::vector<double>& answer_costs() const { return answer_costs_; }
  [[nodiscard]] Router router(std::vector<double> setting) const {
    return CascadeRouter{std::move(setting), temperatures_};
  }
  [[nodiscard]] std::vector<int> answers(const std::vector<double>& setting) const {
    std::vector<int> result(static_cast<std::size_t>(images_));
    for (Index i = 0; i < images_; ++i)
      result[static_cast<std::size_t>(i)] = climb(i, candidates_ - 1, setting);
    return result;
  }

  [[nodiscard]] std::optional<Flip> flip(Index i, int j, std::span<const double> setting) const {
    for (int k = candidates_ - 1; k > j; --k)
      if (accepts(i, k, setting)) return std::nullopt;  // does not come to candidate j
    return Flip{confidence(i, j), i, j, climb(i, j - 1, setting)};
  }
  int path(Index i, std::vector<Flip>& flips) const {
    const int first = candidates_ - 1;
    for (int now = first; now > 0;) {
      int next = now - 1;
      while (next > 0 && !(confidence(i, next) > confidence(i, now))) --next;
      flips.push_back({confidence(i, now), i, now, next});
      now = next;
    }
    return first;
  }
  [[nodiscard]] std::vector<double> along(double threshold) const {
    std::vector<double> setting(at(candidates_), threshold);
    setting.front() = 0;
    return setting;
  }
  [[nodiscard]] std::vector<double> cheapest() const { return std::vector<double>(at(candidates_)); }
  [[nodiscard]] static double before(double, double) { return 0; }
  [[nodiscard]] static std::optional<double> behind(double, double high) {
    return high < 1 ? std::optional(1.0) : std::nullopt;
  }

 private:
  static std::size_t at(int j) { return static_cast<std::size_t>(j); }
  [[nodiscard]] double confidence(Index i, int j) const {
    return confidences_[static_cast<std::size_t>(i * candidates_ + j)];
  }
  [[nodiscard]] bool accepts(Index i, int j, std::span<const double> setting) const {
    return j == 0 || !(confidence(i, j) < setting[at(j)]);
  }
  /// The candidate that answers where candidate `from` is asked.
  [[nodiscard]] int climb(Index i, int from, std::span<const double> setting) const {
    while (!accepts(i, from, setting)) --from;
    return from;
  }

  int candidates_;
  Index images_;
  std::vector<double> temperatures_, answer_costs_, confidences_;
};

}  // namespace drnet::inline DRNET_ISA
