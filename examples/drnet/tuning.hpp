// What settings for budgets are solved from: the answers of every candidate and of the predictor to labelled
// pictures, temperatures of their confidences, and costs.
#pragma once

#include "budget_curve.hpp"
#include "evaluation.hpp"
#include "model.hpp"

#include <drnet/data/dataset.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drnet::program {

/// Everything but a budget; made once, solved for many.
class Tuning {
 public:
  /// Asks all candidates about all pictures of the data set. Throws Error for a network of one candidate.
  Tuning(const Model& model, const Policy& policy, const SessionOptions& how, const Dataset& dataset,
         std::size_t batch);

  /// Costs in a unit; milliseconds are measured when they are asked for first, with calls of so many images.
  [[nodiscard]] const Costs& costs(CostUnit unit, Index batch);
  /// The routers of `name` ("predictor", "cascade", or empty for both) that the loaded weights can serve.
  [[nodiscard]] std::vector<Router> routers(const std::string& name) const;
  /// At `points` budgets at equal distances from the cheapest to the dearest candidate, and at those given in
  /// the unit of the costs that the router can keep to.
  [[nodiscard]] BudgetCurve solve(const Router& router, const Costs& costs, int points,
                                  const std::vector<Budget>& budgets) const;
  [[nodiscard]] Index images() const { return outputs_.images(); }
  [[nodiscard]] const Outputs& outputs() const { return outputs_; }
  [[nodiscard]] const std::vector<double>& temperatures() const { return temperatures_; }

 private:
  const ModelInfo& info_;
  std::unique_ptr<Classifying> session_;
  Outputs outputs_;
  std::vector<double> temperatures_;
  Costs counted_;
  std::optional<Costs> measured_;
};

/// Throws Error for a budget in multiply-adds that no router of `name` (see Tuning::routers()) can keep to,
/// before any picture is asked. What a budget in milliseconds has to be is not known before they are
/// measured.
void check_budget(const Budget& budget, const std::string& name, const ModelInfo& model);

/// The least budget that one of the routers can keep to.
[[nodiscard]] double least_of(const std::vector<Router>& routers, const Costs& costs);

}  // namespace drnet::program
