// What a trained network is compared with at the end: chance, and an oracle.
#pragma once

#include "evaluation.hpp"
#include "model.hpp"

#include <drnet/data/dataset.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
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

/// Three evaluations of a random choice with the shares of `chosen`, the choice of the network itself (the
/// paper's table of random choices), and the `minimum_resolution` event: every candidate, and an oracle,
/// beside it.
void compare_with_chance_and_oracle(const Measured& measured, const Evaluation& chosen, const Teller& tell);

}  // namespace drnet::program
