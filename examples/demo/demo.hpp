// The parts of the demonstration; each trains for `seconds` and reports on the held-out set.
#pragma once

#include "contender.hpp"

#include <array>

namespace demo {

constexpr double kStage1 = 0.75;  ///< share of the time for stage 1
constexpr double kHeldOut = 0.2;  ///< share of the pictures that only stage 2 sees
constexpr double kEta = 0.02;     ///< accuracy that the whole range of costs is worth
constexpr double kTarget = 0.7;   ///< share of the largest candidate's cost above which costs count

struct DynamicResults {
  Result dynamic, random;
  std::vector<Result> candidates;  ///< the dynamic network's classifier at each candidate
  /// Of the candidates, for each drnet::Synthetic::Detail.
  std::array<std::vector<double>, 3> shares_by_detail;
};

using Pictures = std::shared_ptr<const drnet::Dataset>;
using Drawn = std::shared_ptr<const drnet::Synthetic>;

Result run_fixed(const Pictures& train_set, const Pictures& test_set, double seconds);
/// `picture`: where to write the montage, or empty.
DynamicResults run_dynamic(const Pictures& train_set, const Drawn& test_set, double seconds,
                           const std::string& picture);

}  // namespace demo
