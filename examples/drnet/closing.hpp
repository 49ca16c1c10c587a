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
  std::size_t batch;
  std::uint64_t seed;
};

/// Receives an event of docs/log-format.md and the same in words.
using Teller = std::function<void(const nlohmann::json& event, const std::string& words)>;

/// What may be made of the answers of all candidates: `chosen` (the network's own choice,
/// if it has one) beside random choices at its cost and beside an oracle (`minimum_resolution`);
/// `reliability`; `budget_curve` of the predictor, if the weights have one, and of a cascade, and each
/// within a few budgets, cross-fitted (inference/cross_fit.hpp): no picture is judged by a setting that it
/// helped to choose. Returns the settings for these budgets, solved on all pictures.
std::vector<NamedRouter> compare_choices(const Measured& measured, Tuning& tuning,
                                         const std::optional<Evaluation>& chosen, const Teller& tell);

/// The `latency` events, on one thread and on those of the policy, of every candidate, the predictor and
/// `settings`.
void time_images(const Measured& measured, const std::vector<NamedRouter>& settings, const Teller& tell);

}  // namespace drnet::program
