// What a budget is worth on images that its setting was not chosen on: the images are dealt into two halves,
// and each half is answered with what was fitted on the other (two-fold cross-fitting). The same images then
// serve to fit and to judge, and the accuracy does not profit from chance.
#pragma once

#include <drnet/inference/budget.hpp>
#include <drnet/inference/outputs.hpp>
#include <drnet/inference/routed_answers.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// The images first, first + step, ... of others.
[[nodiscard]] inline Outputs every(const Outputs& outputs, Index first, Index step) {
  Outputs part{.candidates = outputs.candidates,
               .classes = outputs.classes,
               .labels = {},
               .logits = {},
               .predictor = {}};
  for (Index i = first; i < outputs.images(); i += step) {
    part.labels.push_back(outputs.labels[static_cast<std::size_t>(i)]);
    for (int j = 0; j < outputs.candidates; ++j) {
      const auto logits = outputs.at(i, j);
      part.logits.insert(part.logits.end(), logits.begin(), logits.end());
    }
    if (outputs.predictor.empty()) continue;
    const auto choice = outputs.choice(i);
    part.predictor.insert(part.predictor.end(), choice.begin(), choice.end());
  }
  return part;
}

/// Answers within a budget, each by the router that solve_budgets() finds on the other half: the images with
/// even and those with odd numbers. fit(Outputs) gives the router to be set for a half, e.g. a cascade with
/// temperatures fitted on it. The mean cost meets the budget on the images of the fit; here it is what came
/// out. Throws Error as solve_budgets(), and for fewer than two images.
template <class Fit>
[[nodiscard]] RoutedAnswers cross_fit(const Outputs& outputs, const Costs& costs, double budget,
                                      const Fit& fit) {
  outputs.check();
  const Index n = outputs.images();
  if (n < 2) throw Error("cross-fitting", "at least two images", std::to_string(n));
  RoutedAnswers all{.candidates = std::vector<int>(static_cast<std::size_t>(n)),
                    .right = std::vector<bool>(static_cast<std::size_t>(n))};
  for (const Index half : {Index{0}, Index{1}}) {
    const Outputs fitted = every(outputs, 1 - half, 2), judged = every(outputs, half, 2);
    const std::vector<double> budgets{budget};
    const Router router = solve_budgets(fit(fitted), fitted, costs, budgets).front().router;
    const RoutedAnswers answers = route(router, judged, costs);
    for (Index i = 0; i < judged.images(); ++i) {
      const auto to = static_cast<std::size_t>(2 * i + half), from = static_cast<std::size_t>(i);
      all.candidates[to] = answers.candidates[from];
      all.right[to] = answers.right[from];
    }
    all.cost += answers.cost * static_cast<double>(judged.images()) / static_cast<double>(n);
  }
  return all;
}

}  // namespace drnet::inline DRNET_ISA
