// Who chooses the resolution of an image: the predictor, without noise (docs/method.md, selection) or with
// it, a fixed candidate, chance (the paper's random choice), or the classifier's own confidence.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/dynamic/gumbel.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Probability of the most likely class: softmax of logits [classes], divided by a temperature above 0.
template <class T>
[[nodiscard]] double top_probability(std::span<const T> logits, double temperature = 1) {
  const auto top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const T z : logits) sum += std::exp((static_cast<double>(z) - top) / temperature);
  return 1 / sum;
}

/// The argmax of the predictor's logits plus offsets [m] (none when empty), which move the choice towards
/// cheaper or dearer candidates (inference/budget.hpp finds them). The first of several largest wins.
struct PredictorRouter {
  std::vector<double> offsets{};
  template <class T>
  [[nodiscard]] int candidate(std::span<const T> logits) const {
    if (offsets.empty()) return argmax<T>(logits);
    const auto score = [&](std::size_t j) { return static_cast<double>(logits[j]) + offsets[j]; };
    std::size_t best = 0;
    for (std::size_t j = 1; j < logits.size(); ++j)
      if (score(j) > score(best)) best = j;
    return static_cast<int>(best);
  }
};
/// The argmax of the predictor's logits plus Gumbel noise, a function of (seed, the image's number):
/// candidate j with the probability that the predictor gives it. So the official code evaluates; the paper's
/// evaluation has no noise.
struct GumbelRouter {
  std::uint64_t seed = 0;
  /// Accepted and without effect, as there: a temperature divides all of a row alike and moves no argmax.
  double tau = 1;
  template <class T>
  [[nodiscard]] int candidate(std::uint32_t image, std::span<const T> logits) const {
    const Random random(seed, Purpose::routing, 0, image);
    const auto noisy = [&](std::size_t j) {
      return static_cast<double>(logits[j]) + gumbel_noise(random, static_cast<std::uint32_t>(j));
    };
    std::size_t best = 0;
    for (std::size_t j = 1; j < logits.size(); ++j)
      if (noisy(j) > noisy(best)) best = j;
    return static_cast<int>(best);
  }
};
/// Always candidate `candidate` (0 = the largest resolution).
struct FixedRouter {
  int candidate = 0;
};
/// Candidate j with probability shares[j] (uniform when empty), a function of (seed, the image's number).
struct RandomRouter {
  std::uint64_t seed = 0;
  std::vector<double> shares{};
  [[nodiscard]] int candidate(std::uint32_t image, int candidates) const {
    double u = Random(seed, Purpose::routing, 0, image).uniform<double>(0);
    if (shares.empty()) return std::min(static_cast<int>(u * candidates), candidates - 1);
    for (int j = 0; j < candidates - 1; ++j)
      if ((u -= shares[static_cast<std::size_t>(j)]) < 0) return j;
    return candidates - 1;
  }
};
/// A cascade (early exit over resolutions, as RANet: L. Yang et al., CVPR 2020): the smallest candidate
/// answers where its confidence, the top_probability() at its temperature, reaches its threshold; else the
/// next larger one is asked, and so on. The largest always answers. Needs no predictor.
struct CascadeRouter {
  std::vector<double> thresholds{};    ///< [m], 0 to 1, largest resolution first; the first is not used
  std::vector<double> temperatures{};  ///< [m], above 0; 1 when empty
  [[nodiscard]] double temperature(int j) const {
    return temperatures.empty() ? 1 : temperatures[static_cast<std::size_t>(j)];
  }
  /// Whether candidate j's answer is taken. NaN is taken: a larger candidate would not mend it.
  [[nodiscard]] bool accepts(int j, double confidence) const {
    return j == 0 || !(confidence < thresholds[static_cast<std::size_t>(j)]);
  }
};
using Router = std::variant<PredictorRouter, FixedRouter, RandomRouter, GumbelRouter, CascadeRouter>;

/// Whether the router reads the predictor's logits.
[[nodiscard]] inline bool needs_predictor(const Router& router) {
  return std::holds_alternative<PredictorRouter>(router) || std::holds_alternative<GumbelRouter>(router);
}

namespace router_detail {
/// Throws Error unless the list has one number for each candidate (or none, if `optional`), all valid.
template <class Valid>
void check_numbers(const std::vector<double>& numbers, int candidates, bool optional, const char* place,
                   const std::string& what, const Valid& valid) {
  if (optional && numbers.empty()) return;
  if (numbers.size() != static_cast<std::size_t>(candidates) ||
      !std::all_of(numbers.begin(), numbers.end(), valid))
    throw Error(place, std::to_string(candidates) + " " + what + (optional ? ", or none" : ""),
                numbers.empty() ? "none" : join(numbers));
}
}  // namespace router_detail

/// Throws Error if the router cannot serve a network with that many candidates.
inline void check_router(const Router& router, int candidates, bool has_predictor) {
  const auto* gumbel = std::get_if<GumbelRouter>(&router);
  if (needs_predictor(router) && candidates > 1 && !has_predictor)
    throw Error("router", "fixed, random or cascade, as this network has no predictor",
                gumbel != nullptr ? "gumbel" : "predictor");
  if (const auto* predictor = std::get_if<PredictorRouter>(&router))
    router_detail::check_numbers(predictor->offsets, candidates, true, "predictor router, offsets",
                                 "finite numbers", [](double v) { return std::isfinite(v); });
  if (const auto* cascade = std::get_if<CascadeRouter>(&router)) {
    router_detail::check_numbers(cascade->thresholds, candidates, false, "cascade router, thresholds",
                                 "numbers from 0 to 1", [](double v) { return v >= 0 && v <= 1; });
    router_detail::check_numbers(cascade->temperatures, candidates, true, "cascade router, temperatures",
                                 "finite numbers above 0",
                                 [](double v) { return v > 0 && std::isfinite(v); });
  }
  if (gumbel != nullptr && !(gumbel->tau > 0 && std::isfinite(gumbel->tau)))
    throw Error("gumbel router", "a temperature above 0", std::to_string(gumbel->tau));
  if (const auto* fixed = std::get_if<FixedRouter>(&router))
    if (fixed->candidate < 0 || fixed->candidate >= candidates)
      throw Error("fixed router", "a candidate from 0 to " + std::to_string(candidates - 1),
                  std::to_string(fixed->candidate));
  if (const auto* random = std::get_if<RandomRouter>(&router); random && !random->shares.empty()) {
    double sum = 0;
    bool positive = true;
    for (const double share : random->shares) {
      sum += share;
      positive = positive && share >= 0;
    }
    if (random->shares.size() != static_cast<std::size_t>(candidates) || !positive ||
        !(std::abs(sum - 1) <= 1e-6))
      throw Error("random router",
                  std::to_string(candidates) + " shares that are not negative and add up to 1",
                  join(random->shares));
  }
}

}  // namespace drnet::inline DRNET_ISA
