// The search behind inference/budget.hpp: settings of a rule (inference/choice_rule.hpp) that are right about
// most images while their mean cost keeps to a budget, for many budgets at once.
//
// A sweep moves one number through all its values and counts, flip by flip, right answers and cost exactly:
// it finds the best value in O(n log n). Sweeps along the family of one parameter come first, then coordinate
// sweeps from the best setting of each budget, then sweeps of each number for several values of another.
#pragma once

#include <drnet/inference/choice_rule.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// What a setting gives, summed over all images.
struct Tally {
  std::vector<Index> chosen{};  ///< [m] images that each candidate answers
  Index correct = 0;
  double cost = 0;  ///< chosen_j times answer_cost_j, added in the order of the candidates

  [[nodiscard]] bool better_than(const Tally& other) const {
    return correct > other.correct || (correct == other.correct && cost < other.cost);
  }
};

template <class Rule>
class BudgetSearch {
 public:
  struct Best {
    Tally tally{.chosen = {}, .correct = -1, .cost = 0};
    std::vector<double> setting{};
  };

  /// `limits`: budgets for all images together, rising; the cheapest setting keeps to the first.
  BudgetSearch(const Rule& rule, const Outputs& outputs, std::vector<double> limits)
      : rule_(rule), limits_(std::move(limits)), best_(limits_.size()) {
    for (Index i = 0; i < outputs.images(); ++i)
      for (int j = 0; j < outputs.candidates; ++j)
        right_.push_back(argmax<float>(outputs.at(i, j)) == outputs.labels[static_cast<std::size_t>(i)]);
  }

  /// The best settings found, one for each limit; the same for the same input. A setting with more freedom
  /// replaces a simpler one only where it is right about more images, or as many for less.
  std::vector<Best> solve(bool refine) {
    offer(rule_.cheapest());
    offer(std::vector<double>(static_cast<std::size_t>(rule_.candidates())));
    sweep_path();
    if (refine)
      for (std::size_t b = 0; b < best_.size(); ++b)
        if (b == 0 || best_[b].setting != best_[b - 1].setting) improve(b);
    return best_;
  }

  /// Counts the answers of the rule itself: no sweep's rounding gets into a result.
  [[nodiscard]] Tally judge(const std::vector<double>& setting) const {
    Tally tally = empty();
    const auto answers = rule_.answers(setting);
    for (std::size_t i = 0; i < answers.size(); ++i) count(tally, static_cast<Index>(i), answers[i], 1);
    add_up(tally);
    return tally;
  }

 private:
  /// A value between two flips, and what it gives.
  struct Position {
    double at;
    Index correct;
    double cost;
  };

  [[nodiscard]] Tally empty() const {
    return {
        .chosen = std::vector<Index>(static_cast<std::size_t>(rule_.candidates())), .correct = 0, .cost = 0};
  }
  void count(Tally& tally, Index image, int candidate, Index times) const {
    const auto j = static_cast<std::size_t>(candidate);
    tally.chosen[j] += times;
    tally.correct += times * right_[static_cast<std::size_t>(image) * tally.chosen.size() + j];
  }
  void add_up(Tally& tally) const {
    tally.cost = 0;
    for (std::size_t j = 0; j < tally.chosen.size(); ++j)
      tally.cost += static_cast<double>(tally.chosen[j]) * rule_.answer_costs()[j];
  }

  /// Takes the setting for every budget that it serves better than what is there.
  void offer(const std::vector<double>& setting) {
    const Tally tally = judge(setting);
    for (std::size_t b = first_limit(tally.cost); b < limits_.size(); ++b)
      if (tally.better_than(best_[b].tally)) best_[b] = {tally, setting};
  }
  [[nodiscard]] std::size_t first_limit(double cost) const {
    return static_cast<std::size_t>(std::lower_bound(limits_.begin(), limits_.end(), cost) - limits_.begin());
  }

  /// One value before all flips, one midway between each two that differ, one behind; `tally` is what the
  /// first gives.
  std::vector<Position> positions(Tally tally, std::vector<Flip>& flips) const {
    if (flips.empty()) return {};
    std::sort(flips.begin(), flips.end(), [](const Flip& a, const Flip& b) { return a.at < b.at; });
    const double low = flips.front().at, high = flips.back().at;
    add_up(tally);
    std::vector<Position> result{{Rule::before(low, high), tally.correct, tally.cost}};
    for (std::size_t k = 0; k < flips.size();) {
      const double at = flips[k].at;
      for (; k < flips.size() && flips[k].at == at; ++k) {
        count(tally, flips[k].image, flips[k].from, -1);
        count(tally, flips[k].image, flips[k].to, 1);
      }
      add_up(tally);
      const auto next = k == flips.size() ? Rule::behind(low, high) : std::optional(between(at, flips[k].at));
      if (next) result.push_back({*next, tally.correct, tally.cost});
    }
    return result;
  }
  /// In (a, b].
  static double between(double a, double b) {
    const double middle = std::midpoint(a, b);
    return middle > a ? middle : b;
  }

  /// The best position for every budget, if it is better than what is there.
  template <class Setting>
  void harvest(const std::vector<Position>& all, const Setting& setting) {
    std::vector<const Position*> best(limits_.size());
    const auto better = [](const Position& a, const Position* b) {
      return b == nullptr || a.correct > b->correct || (a.correct == b->correct && a.cost < b->cost);
    };
    for (const Position& p : all)
      if (const std::size_t b = first_limit(p.cost); b < best.size() && better(p, best[b])) best[b] = &p;
    for (std::size_t b = 0; b < best.size(); ++b) {
      if (b > 0 && best[b - 1] != nullptr && better(*best[b - 1], best[b])) best[b] = best[b - 1];
      const Tally& held = best_[b].tally;
      if (best[b] != nullptr && (best[b]->correct > held.correct ||
                                 (best[b]->correct == held.correct && best[b]->cost < held.cost)))
        offer(setting(best[b]->at));
    }
  }

  void sweep_path() {
    std::vector<Flip> flips;
    Tally tally = empty();
    for (Index i = 0; i < rule_.images(); ++i) count(tally, i, rule_.path(i, flips), 1);
    harvest(positions(std::move(tally), flips), [&](double at) { return rule_.along(at); });
  }

  /// Moves number j of a setting.
  std::vector<Position> sweep(const std::vector<double>& from, int j) {
    std::vector<Flip> flips;
    flips.reserve(static_cast<std::size_t>(rule_.images()));
    Tally tally = empty();
    const std::vector<int> fixed = rule_.answers(from);
    for (Index i = 0; i < rule_.images(); ++i) {
      const auto flip = rule_.flip(i, j, from);
      count(tally, i, flip ? flip->from : fixed[static_cast<std::size_t>(i)], 1);
      if (flip && flip->from != flip->to) flips.push_back(*flip);
    }
    auto found = positions(std::move(tally), flips);
    harvest(found, [&](double at) {
      auto setting = from;
      setting[static_cast<std::size_t>(j)] = at;
      return setting;
    });
    return found;
  }

  void improve(std::size_t b) {
    sweep_coordinates(b);
    sweep_pairs(b);
    sweep_coordinates(b);
  }

  void sweep_coordinates(std::size_t b) {
    constexpr int kMostRounds = 10;
    for (int round = 0; round < kMostRounds; ++round) {
      const auto before = best_[b].setting;
      for (int j = 1; j < rule_.candidates(); ++j) sweep(std::vector<double>(best_[b].setting), j);
      if (best_[b].setting == before) return;
    }
  }

  /// Under a tight budget no number can move alone: one takes several values, another all. For few images the
  /// several are all, too.
  void sweep_pairs(std::size_t b) {
    constexpr std::size_t kLeast = 16, kWork = 200'000;
    const auto images = static_cast<std::size_t>(rule_.images());
    const std::size_t several = std::max(kLeast, kWork / images);
    const auto from = best_[b].setting;
    for (int k = 1; k < rule_.candidates(); ++k) {
      const auto values = sweep(from, k);
      const std::size_t taken = std::min(several, values.size());
      for (int j = 1; j < rule_.candidates(); ++j)
        for (std::size_t v = 0; j != k && v < taken; ++v) {
          auto setting = from;
          setting[static_cast<std::size_t>(k)] = values[v * values.size() / taken].at;
          sweep(setting, j);
        }
    }
  }

  const Rule& rule_;
  std::vector<double> limits_;
  std::vector<Best> best_;
  std::vector<char> right_;  ///< [n][m]
};

}  // namespace drnet::inline DRNET_ISA
