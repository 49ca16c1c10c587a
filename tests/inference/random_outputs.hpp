// What a network could have said: random outputs in which larger candidates are right more often and surer,
// and a plain way to judge a router by them.
#pragma once

#include <drnet/core/random.hpp>
#include <drnet/dynamic/router.hpp>
#include <drnet/inference/measured_cost.hpp>
#include <drnet/inference/outputs.hpp>

#include <cmath>
#include <variant>
#include <vector>

namespace support {

/// n images, m candidates, `classes` classes. With `levels` > 0 logits take that many values: many ties.
inline drnet::Outputs random_outputs(drnet::Index n, int m, int classes, std::uint64_t seed, int levels = 0) {
  drnet::Outputs outputs{.candidates = m, .classes = classes, .labels = {}, .logits = {}, .predictor = {}};
  const drnet::Random random(seed, drnet::Purpose::check);
  std::uint32_t draw = 0;
  const auto value = [&] {
    const float z = random.uniform(draw++, -2.0F, 2.0F);
    return levels > 0 ? std::floor(z * static_cast<float>(levels) / 4) : z;
  };
  for (drnet::Index i = 0; i < n; ++i) {
    outputs.labels.push_back(static_cast<int>(random.below(draw++, static_cast<std::uint32_t>(classes))));
    const float ease = random.uniform(draw++, 0.0F, 2.0F);
    for (int j = 0; j < m; ++j) {
      for (int k = 0; k < classes; ++k)
        outputs.logits.push_back(value() + (k == outputs.labels.back()
                                                ? ease + static_cast<float>(m - j) / static_cast<float>(m)
                                                : 0.0F));
      outputs.predictor.push_back(value() + ease * static_cast<float>(j));
    }
  }
  return outputs;
}

/// Costs that fall from candidate to candidate by a third, but for some noise if `uneven`.
inline drnet::Costs falling_costs(int m, bool predictor, bool uneven = false) {
  drnet::Costs costs{.unit = drnet::CostUnit::milliseconds, .predictor = predictor ? 0.3 : 0.0};
  for (int j = 0; j < m; ++j)
    costs.candidates.push_back(10 * std::pow(2.0 / 3, j) + (uneven ? 6 * ((j + 1) % 2) : 0));
  return costs;
}

struct Judgement {
  drnet::Index correct = 0;
  double total = 0;
  std::vector<drnet::Index> chosen{};
};

/// Image by image, as the definition of a router says.
inline Judgement judge(const drnet::Outputs& outputs, const drnet::Costs& costs,
                       const drnet::Router& router) {
  const auto m = static_cast<std::size_t>(outputs.candidates);
  Judgement result{.chosen = std::vector<drnet::Index>(m)};
  for (drnet::Index i = 0; i < outputs.images(); ++i) {
    std::size_t j = m - 1;
    double cost = 0;
    if (const auto* cascade = std::get_if<drnet::CascadeRouter>(&router)) {
      const auto sure = [&] {
        const auto z = outputs.at(i, static_cast<int>(j));
        const double t = cascade->temperatures.empty() ? 1 : cascade->temperatures[j];
        double top = -1e300, sum = 0;
        for (const float v : z) top = std::max(top, static_cast<double>(v));
        for (const float v : z) sum += std::exp((static_cast<double>(v) - top) / t);
        return 1 / sum >= cascade->thresholds[j];
      };
      for (cost = costs.candidates[j]; j > 0 && !sure(); cost += costs.candidates[j]) --j;
    } else {
      const auto& offsets = std::get<drnet::PredictorRouter>(router).offsets;
      const auto z = outputs.choice(i);
      j = 0;
      for (std::size_t k = 1; k < m; ++k)
        if (static_cast<double>(z[k]) + offsets[k] > static_cast<double>(z[j]) + offsets[j]) j = k;
      cost = costs.candidates[j] + costs.predictor;
    }
    const auto z = outputs.at(i, static_cast<int>(j));
    std::size_t label = 0;
    for (std::size_t k = 1; k < z.size(); ++k)
      if (z[k] > z[label]) label = k;
    result.correct += static_cast<int>(label) == outputs.labels[static_cast<std::size_t>(i)];
    result.total += cost;
    ++result.chosen[j];
  }
  return result;
}

}  // namespace support
