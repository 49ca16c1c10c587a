// The parts of the demonstration: networks trained for the same wall time on drawn pictures and evaluated on
// pictures of another seed. Each part trains for `seconds` and reports on the held-out set.
#pragma once

#include <drnet/data/synthetic.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace demo {

/// A contender's result on the held-out pictures.
struct Result {
  std::string name;
  double accuracy = 0, low = 0, high = 0;  ///< with its 95 % Wilson interval
  double macs = 0;                         ///< multiply-adds per image, predictor included
  double milliseconds = 0;                 ///< per image
  std::vector<double> shares;              ///< of the candidates
};

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
