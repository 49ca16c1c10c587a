// Image by image, what a network answers when somebody chooses the candidates: from outputs that are known,
// without running it again.
#pragma once

#include <drnet/inference/budget.hpp>
#include <drnet/inference/outputs.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

struct RoutedAnswers {
  std::vector<int> candidates{};  ///< [n] that answer
  std::vector<bool> right{};      ///< [n] whether the answer is the image's label
  double cost = 0;                ///< mean of an image, in the unit of the costs

  [[nodiscard]] Index correct() const { return std::count(right.begin(), right.end(), true); }
};

/// The answers of candidates [n]; costs [m] are those of an image that candidate j answers (answer_costs()).
/// Throws Error for other numbers of them, and for a candidate that there is not.
[[nodiscard]] inline RoutedAnswers answers_of(std::vector<int> candidates, const Outputs& outputs,
                                              std::span<const double> costs) {
  outputs.check();
  if (candidates.size() != outputs.labels.size() ||
      costs.size() != static_cast<std::size_t>(outputs.candidates))
    throw Error("routed answers",
                std::to_string(outputs.labels.size()) + " images and " + std::to_string(outputs.candidates) +
                    " costs",
                std::to_string(candidates.size()) + " and " + std::to_string(costs.size()));
  RoutedAnswers answers{.candidates = std::move(candidates)};
  for (std::size_t i = 0; i < answers.candidates.size(); ++i) {
    const int j = answers.candidates[i];
    if (j < 0 || j >= outputs.candidates)
      throw Error("routed answers: candidate", "0 to " + std::to_string(outputs.candidates - 1),
                  std::to_string(j));
    answers.right.push_back(argmax<float>(outputs.at(static_cast<Index>(i), j)) == outputs.labels[i]);
    answers.cost += costs[static_cast<std::size_t>(j)];
  }
  answers.cost /= static_cast<double>(outputs.images());
  return answers;
}

/// As a session with this router would answer. Throws Error for a router that is neither predictor nor
/// cascade, and for what does not fit.
[[nodiscard]] inline RoutedAnswers route(const Router& router, const Outputs& outputs, const Costs& costs) {
  return budget_detail::with_rule(router, outputs, costs, [&](const auto& rule) {
    return answers_of(rule.answers(budget_detail::setting_of(router, outputs.candidates)), outputs,
                      rule.answer_costs());
  });
}

}  // namespace drnet::inline DRNET_ISA
