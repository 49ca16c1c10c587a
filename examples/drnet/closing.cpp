#include "closing.hpp"

#include "interrupt.hpp"
#include "minimum_resolution.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "reliability.hpp"
#include "text.hpp"
#include "tuning.hpp"

#include <drnet/inference/confidence.hpp>
#include <drnet/inference/cross_fit.hpp>

#include <variant>

namespace drnet::program {

namespace {

ImageCallback showing(Progress& progress) {
  return [&progress](std::size_t images) {
    check_interrupt();
    progress.show(images);
  };
}

/// Cross-fitted answers as an evaluation.
Evaluation evaluation_of(const RoutedAnswers& answers, const Outputs& outputs, std::string router) {
  const auto candidates = static_cast<std::size_t>(outputs.candidates);
  Evaluation result{.router = std::move(router),
                    .correct = answers.correct(),
                    .images = outputs.images(),
                    .macs = answers.cost * static_cast<double>(outputs.images()),
                    .chosen = std::vector<Index>(candidates),
                    .chosen_by_class = std::vector<std::vector<Index>>(
                        static_cast<std::size_t>(outputs.classes), std::vector<Index>(candidates)),
                    .right = answers.right};
  for (std::size_t i = 0; i < answers.candidates.size(); ++i) {
    const auto j = static_cast<std::size_t>(answers.candidates[i]);
    ++result.chosen[j];
    ++result.chosen_by_class[static_cast<std::size_t>(outputs.labels[i])][j];
  }
  return result;
}

/// A router for a half of the images: a cascade's temperatures are fitted on it, too.
Router fitted(const Router& router, const Outputs& half) {
  if (std::holds_alternative<CascadeRouter>(router)) return CascadeRouter{{}, fit_temperatures(half)};
  return router;
}

}  // namespace

void compare_with_chance(const Measured& measured, const Evaluation& chosen, const Teller& tell) {
  constexpr std::uint64_t kSeeds = 3;
  for (std::uint64_t seed = measured.seed; seed < measured.seed + kSeeds; ++seed) {
    Progress progress("chance", measured.pictures.size());
    Evaluation result = evaluate(measured.model, measured.policy,
                                 {.router = RandomRouter{.seed = seed, .shares = chosen.shares()}},
                                 measured.pictures, {.batch = measured.batch}, showing(progress));
    result.router = "random, seed " + std::to_string(seed);
    tell(to_json(result), to_text(result, measured.model.info().candidates));
  }
}

void compare_with_oracle(const Measured& measured, const std::optional<Evaluation>& chosen,
                         const Teller& tell) {
  const ModelInfo& info = measured.model.info();
  Progress progress("analyzing", measured.pictures.size());
  const MinimumResolution counts =
      analyze_minimum_resolution(measured.model, measured.policy, {}, measured.pictures,
                                 {.batch = measured.batch, .seed = measured.seed}, showing(progress))
          .counts;
  const auto choices = compare_choices(counts, info, chosen);
  tell(to_json(counts, choices, info), to_text(counts, choices, info.candidates));
}

void measure_budgets(const Measured& measured, const Teller& tell) {
  constexpr int kPoints = 17;
  constexpr double kShares[] = {0.66, 0.5};  // of the cost of the largest candidate
  const ModelInfo& info = measured.model.info();
  Tuning tuning(measured.model, measured.policy, {}, measured.pictures, measured.batch);
  const Outputs& outputs = tuning.outputs();
  tell(reliability_event(outputs, tuning.temperatures(), info.candidates), "");
  const Costs& costs = tuning.costs(CostUnit::macs, 1);
  for (const Router& router : tuning.routers("")) {
    const BudgetCurve curve = tuning.solve(router, costs, kPoints, {});
    tell(to_json(curve), to_text(curve, info.candidates));
    for (const double share : kShares) {
      const double budget = share * costs.candidates.front();
      if (budget < least_budget(router, costs)) continue;
      const auto fit = [&](const Outputs& half) { return fitted(router, half); };
      const Evaluation result = evaluation_of(
          cross_fit(outputs, costs, budget, fit), outputs,
          router_name(router, info.candidates) + " within " + fixed(100 * share, 0) + " %, cross-fitted");
      tell(to_json(result), to_text(result, info.candidates));
    }
  }
}

void time_images(const Measured& measured, const Teller& tell) {
  const auto results = measure_latency(measured.model, measured.policy, measured.pictures, measured.batch);
  const int threads = measured.policy->threads();
  tell(to_json(results, threads), to_text(results, threads));
}

}  // namespace drnet::program
