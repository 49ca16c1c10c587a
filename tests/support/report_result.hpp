// A result for tests of reports.
#pragma once

#include <drnet/io/report_model.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// What a router reached, given which answers were right.
inline drnet::Report::Evaluation result(const std::string& router, double macs,
                                        const std::vector<bool>& right) {
  drnet::Report::Evaluation evaluation;
  evaluation.router = router;
  evaluation.images = static_cast<std::int64_t>(right.size());
  evaluation.correct = std::count(right.begin(), right.end(), true);
  evaluation.accuracy = static_cast<double>(evaluation.correct) / static_cast<double>(right.size());
  evaluation.average_macs = macs;
  evaluation.right = right;
  return evaluation;
}

}  // namespace support
