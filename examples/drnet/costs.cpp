#include "costs.hpp"

#include <algorithm>

namespace drnet::program {

namespace {

constexpr const char* kUnit = "cost";
constexpr const char* kMilliseconds = "milliseconds";

}  // namespace

const char* unit_name(CostUnit unit) {
  return unit == CostUnit::macs ? "macs" : "ms";
}

CostUnit cost_unit(const std::string& text) {
  for (const CostUnit unit : {CostUnit::macs, CostUnit::milliseconds})
    if (text == unit_name(unit)) return unit;
  throw Error("--cost", "macs or ms", "'" + text + "'");
}

Costs counted_costs(const ModelInfo& model) {
  return {.unit = CostUnit::macs,
          .candidates = {model.macs.begin(), model.macs.end()},
          .predictor = static_cast<double>(model.predictor_macs)};
}

std::vector<double> in_unit_of_alpha(const Costs& costs) {
  std::vector<double> result = costs.candidates;
  if (costs.unit == CostUnit::macs)
    for (double& cost : result) cost /= 1e9;
  return result;
}

std::vector<double> normalized(const std::vector<double>& costs) {
  const auto [low, high] = std::ranges::minmax_element(costs);
  const double range = *high > *low ? *high - *low : 1;
  std::vector<double> result;
  for (const double cost : costs) result.push_back((cost - *low) / range);
  return result;
}

Metadata cost_metadata(const Costs& costs) {
  Metadata metadata{{kUnit, unit_name(costs.unit)}};
  if (costs.unit == CostUnit::milliseconds) metadata[kMilliseconds] = nlohmann::json(costs.candidates).dump();
  return metadata;
}

Costs measured_costs_in(const Metadata& metadata, const ModelInfo& model, const std::string& place) {
  const auto unit = metadata.find(kUnit), found = metadata.find(kMilliseconds);
  const std::string measured = unit_name(CostUnit::milliseconds);
  if (unit == metadata.end() || unit->second != measured)
    throw Error("cost of " + place, "'" + measured + "', as the options say, or no such checkpoint",
                unit == metadata.end() ? "nothing" : "'" + unit->second + "'");
  const std::string text = found == metadata.end() ? "nothing" : found->second;
  Costs costs{.unit = CostUnit::milliseconds, .candidates = {}, .predictor = 0};
  try {
    costs.candidates = nlohmann::json::parse(text).get<std::vector<double>>();
  } catch (const nlohmann::json::exception&) {
    throw Error(place + ", " + kMilliseconds, "a list of numbers", text);
  }
  costs.check(static_cast<int>(model.candidates.size()));
  return costs;
}

void add_costs(const Costs& costs, const ModelInfo& model, nlohmann::json& event) {
  event["cost"] = unit_name(costs.unit);
  event["normalized_costs"]["macs"] = normalized(counted_costs(model).candidates);
  if (costs.unit == CostUnit::macs) return;
  event["candidate_milliseconds"] = costs.candidates;
  event["normalized_costs"]["ms"] = normalized(costs.candidates);
}

}  // namespace drnet::program
