// Whether the choices of a predictor have collapsed: nearly all images of an epoch went to one candidate
// though their cost does not ask for it. The other candidates are then hardly sampled any more, so that
// nothing may lead back to them.
//
// The FLOPs loss asks for the cheapest candidate, and for nothing else. It asks for more than a share s of it
// where the target cost alpha cannot be met otherwise, C_2 being the cheapest cost but one:
//
//   eta > 0  and  alpha < s C_min + (1 - s) C_2
#pragma once

#include <drnet/core/config.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// More of the choices than this, and they have collapsed.
inline constexpr double kCollapseShare = 0.98;

/// How the choices of an epoch spread over the candidates.
struct ChoiceSpread {
  std::size_t favourite = 0;  ///< candidate that got the most
  double share = 0;           ///< of the favourite, 0 to 1
  double entropy = 0;         ///< of the shares: 0 where one has all, 1 where all have the same
  std::size_t used = 0;       ///< candidates that got any
};
/// shares [m], which add up to 1.
[[nodiscard]] inline ChoiceSpread spread_of(std::span<const double> shares) {
  ChoiceSpread spread;
  for (std::size_t j = 0; j < shares.size(); ++j) {
    if (shares[j] > spread.share) spread = {j, shares[j], spread.entropy, spread.used};
    if (shares[j] > 0) {
      spread.entropy -= shares[j] * std::log(shares[j]);
      ++spread.used;
    }
  }
  if (shares.size() > 1) spread.entropy /= std::log(static_cast<double>(shares.size()));
  return spread;
}

/// Whether the FLOPs loss asks for more than `share` of one candidate. cost [m] and alpha in one unit.
[[nodiscard]] inline bool cost_asks_for(std::size_t candidate, std::span<const double> cost, double eta,
                                        double alpha, double share) {
  std::vector<double> ascending(cost.begin(), cost.end());
  std::sort(ascending.begin(), ascending.end());
  return ascending.size() > 1 && eta > 0 && cost[candidate] == ascending[0] &&
         alpha < share * ascending[0] + (1 - share) * ascending[1];
}

/// Whether the choices of an epoch have collapsed.
[[nodiscard]] inline bool has_collapsed(std::span<const double> shares, std::span<const double> cost,
                                        double eta, double alpha, double share = kCollapseShare) {
  const ChoiceSpread spread = spread_of(shares);
  return shares.size() > 1 && spread.share > share &&
         !cost_asks_for(spread.favourite, cost, eta, alpha, share);
}

}  // namespace drnet::inline DRNET_ISA
