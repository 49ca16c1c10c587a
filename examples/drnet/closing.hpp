// What is found out about a trained network at the end: how it compares with chance and with an oracle, what
// it is worth within budgets, how far its confidences can be believed, how fast it is.
#pragma once

#include "evaluation.hpp"
#include "latency.hpp"
#include "model.hpp"
#include "tuning.hpp"

#include <drnet/data/dataset.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace drnet::program {

/// What is measured, and on which pictures.
struct Measured {
  const Model& model;
  const Policy& policy;
  const Dataset& pictures;
  std::uint64_t seed;
};

/// Receives an event of docs/log-format.md and the same in words.
using Teller = std::function<void(const nlohmann::json& event, const std::string& words)>;

/// What a session with this router would answer: fixed, predictor or cascade.
[[nodiscard]] Evaluation evaluation_of(const Router& router, const Outputs& outputs, const ModelInfo& info);

/// What may be made of the answers of all candidates: `chosen` (the network's own choice,
/// if it has one) beside random choices at its cost and beside an oracle (`minimum_resolution`);
/// `reliability`; each of `curves` (in multiply-adds), and what its router does within a few budgets,
/// cross-fitted (inference/cross_fit.hpp): no picture is judged by a setting that it helped to choose; a
/// cascade's beside random choices at its cost, too. Returns the settings for these budgets, solved on all
/// pictures.
std::vector<NamedRouter> compare_choices(const Measured& measured, const Tuning& tuning,
                                         const std::vector<BudgetCurve>& curves,
                                         const std::optional<Evaluation>& chosen, const Teller& tell);

/// What the results of a run with this network may be called that are compared image by image.
[[nodiscard]] std::vector<std::string> result_names(const ModelInfo& info);

/// The `latency` events, on one thread and on those of the policy, of every candidate, the predictor and
/// `settings`.
void time_images(const Measured& measured, const std::vector<NamedRouter>& settings, const Teller& tell);

}  // namespace drnet::program
