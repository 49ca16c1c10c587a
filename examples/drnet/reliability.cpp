#include "reliability.hpp"

#include <drnet/core/error.hpp>
#include <drnet/inference/confidence.hpp>

#include <cstddef>
#include <string>

namespace drnet::program {

namespace {

nlohmann::json to_json(const Reliability& what) {
  nlohmann::json bins = nlohmann::json::array();
  for (const ReliabilityBin& bin : what.bins)
    bins.push_back({{"count", bin.count}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  return bins;
}

}  // namespace

nlohmann::json reliability_event(const Outputs& outputs, const std::vector<double>& temperatures,
                                 const std::vector<int>& candidates) {
  const auto m = static_cast<std::size_t>(outputs.candidates);
  if (temperatures.size() != m || candidates.size() != m)
    throw Error("temperatures and resolutions of the candidates", std::to_string(m) + " of each",
                std::to_string(temperatures.size()) + " and " + std::to_string(candidates.size()));
  nlohmann::json banks = nlohmann::json::array();
  for (int j = 0; j < outputs.candidates; ++j) {
    const double temperature = temperatures[static_cast<std::size_t>(j)];
    const Reliability before = reliability(outputs, j), after = reliability(outputs, j, temperature);
    banks.push_back({{"resolution", candidates[static_cast<std::size_t>(j)]},
                     {"temperature", temperature},
                     {"ece_before", before.expected_calibration_error()},
                     {"ece_after", after.expected_calibration_error()},
                     {"nll_before", negative_log_likelihood(outputs, j)},
                     {"nll_after", negative_log_likelihood(outputs, j, temperature)},
                     {"before", to_json(before)},
                     {"after", to_json(after)}});
  }
  return {{"event", "reliability"}, {"images", outputs.images()}, {"banks", banks}};
}

}  // namespace drnet::program
