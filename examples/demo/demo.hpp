// The parts of the demonstration; each trains for `seconds` and reports on the held-out set.
#pragma once

#include "contender.hpp"

namespace demo {

constexpr double kStage1 = 0.8;  ///< share of the time for stage 1
constexpr double kTarget = 0.6;  ///< alpha as a share of the cost at the largest resolution
constexpr double kEta = 0.03;    ///< accuracy that the whole range of costs is worth

struct DynamicResults {
  Result dynamic, random;
  std::vector<Result> candidates;  ///< the dynamic network's classifier at each candidate
};

Result run_fixed(const drnet::Dataset& train_set, const drnet::Dataset& test_set, double seconds);
/// `picture`: where to write the montage, or empty.
DynamicResults run_dynamic(const drnet::Dataset& train_set, const drnet::Dataset& test_set, double seconds,
                           const std::string& picture);

}  // namespace demo
