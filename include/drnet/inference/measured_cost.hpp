// What an image costs at each candidate and in the predictor: exact multiply-adds, or milliseconds measured
// on this machine. Which candidate is worth its time depends on the machine: small layers use a processor
// worse than large ones, and scaling an image takes time that no multiply-add counts.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/core/statistics.hpp>
#include <drnet/inference/session.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

enum class CostUnit { macs, milliseconds };

/// "180 M multiply-adds" or "4.5 ms".
[[nodiscard]] inline std::string cost_text(double cost, CostUnit unit) {
  char text[64];
  if (unit == CostUnit::macs)
    std::snprintf(text, sizeof text, "%.6g M multiply-adds", cost / 1e6);
  else
    std::snprintf(text, sizeof text, "%.6g ms", cost);
  return text;
}

/// Costs of one image. Measured ones need not fall with the resolution.
struct Costs {
  CostUnit unit = CostUnit::macs;
  std::vector<double> candidates{};  ///< [m], of the classifier, largest resolution first
  double predictor = 0;              ///< of choosing; 0 without a predictor

  /// Throws Error unless there is a finite cost above 0 for each of m candidates, and one of at least 0 for
  /// the predictor.
  void check(int m) const {
    const auto positive = [](double v) { return v > 0 && std::isfinite(v); };
    if (candidates.size() != static_cast<std::size_t>(m) ||
        !std::all_of(candidates.begin(), candidates.end(), positive))
      throw Error("Costs::candidates", std::to_string(m) + " finite numbers above 0", join(candidates));
    if (!(predictor >= 0 && std::isfinite(predictor)))
      throw Error("Costs::predictor", "a finite number of at least 0", std::to_string(predictor));
  }
};

/// Multiply-adds.
template <class Net>
[[nodiscard]] Costs counted_costs() {
  return {.unit = CostUnit::macs,
          .candidates = {Net::kMacs.begin(), Net::kMacs.end()},
          .predictor = static_cast<double>(Net::kRoutingMacs)};
}

/// Named options of measure_costs().
struct CostOptions {
  Index batch = 16;             ///< images of a call; 1: the latency of an image that comes alone
  int side = 0;                 ///< of the images, in pixels; 0: the largest candidate
  int rounds = 9;               ///< candidates and predictor take turns; the median counts
  double least_seconds = 2e-3;  ///< of a timing: short calls are repeated
};

namespace cost_detail {
/// Mean seconds of a call, over calls that take `least` together.
template <class F>
double seconds_of(const F& call, double least) {
  const auto start = std::chrono::steady_clock::now();
  for (int calls = 1;; ++calls) {
    call();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (seconds >= least) return seconds / calls;
  }
}
}  // namespace cost_detail

/// Milliseconds of one image as `session` computes it, with its policy and chunks, at each candidate and in
/// the predictor (0 where there is nothing to choose): of random images, including scaling them. Throws Error
/// for a batch, rounds or a side below what is needed.
template <class Net>
[[nodiscard]] Costs measure_costs(const Session<Net>& session, const CostOptions& options = {}) {
  using T = typename Net::Scalar;
  if (options.batch < 1 || options.rounds < 1 || options.side < 0)
    throw Error("CostOptions", "at least one image and one round, and a side of at least 0",
                join(std::vector<Index>{options.batch, options.rounds, options.side}));
  const int side = options.side > 0 ? options.side : Net::Candidates::kLargest;
  const auto images = static_cast<std::size_t>(options.batch);
  std::vector<T> pixels(images * static_cast<std::size_t>(Net::kChannels * side * side));
  const Random random(0, Purpose::check);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = random.uniform<T>(static_cast<std::uint32_t>(i), T(-2), T(2));
  const ImageBatch<T> batch{pixels.data(), options.batch, Net::kChannels, side, side};

  auto workspace = session.make_workspace();
  std::vector<T> logits(images * Net::kClasses), choices(images * Net::kCount);
  constexpr int kTimed = Net::kCount + (Net::kRoutingMacs > 0 ? 1 : 0);
  const auto call = [&](int j) {
    if constexpr (Net::kHasPredictor)
      if (j == Net::kCount) return session.predictor_logits(batch, choices, workspace);
    session.logits_at(j, batch, logits, workspace);
  };
  std::vector<std::vector<double>> times(kTimed);
  for (int j = 0; j < kTimed; ++j) call(j);  // warms up
  for (int round = 0; round < options.rounds; ++round)
    for (int j = 0; j < kTimed; ++j)
      times[static_cast<std::size_t>(j)].push_back(
          1e3 * cost_detail::seconds_of([&] { call(j); }, options.least_seconds) /
          static_cast<double>(options.batch));
  Costs costs{.unit = CostUnit::milliseconds, .candidates = {}, .predictor = 0};
  for (int j = 0; j < Net::kCount; ++j)
    costs.candidates.push_back(median(times[static_cast<std::size_t>(j)]));
  if (kTimed > Net::kCount) costs.predictor = median(times.back());
  return costs;
}

/// The same with a session of its own, run by `policy`.
template <class Net>
[[nodiscard]] Costs measure_costs(const Net& net, const Policy& policy = {},
                                  const CostOptions& options = {}) {
  return measure_costs(Session<Net>(net, policy, {.router = FixedRouter{0}}), options);
}

}  // namespace drnet::inline DRNET_ISA
