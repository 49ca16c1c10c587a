// How far a network's confidences can be believed, as an event of a log.
#pragma once

#include <drnet/inference/outputs.hpp>

#include <nlohmann/json.hpp>

#include <vector>

namespace drnet::program {

/// The `reliability` event of docs/log-format.md: every bank of `outputs`, whose resolutions are
/// `candidates`, before and after `temperatures` [m]. Throws Error where their numbers differ.
[[nodiscard]] nlohmann::json reliability_event(const Outputs& outputs,
                                               const std::vector<double>& temperatures,
                                               const std::vector<int>& candidates);

}  // namespace drnet::program
