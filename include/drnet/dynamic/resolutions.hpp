// The candidate resolutions (docs/method.md, r_1 > r_2 > ... > r_m): a type, largest first.
#pragma once

#include <drnet/tensor/shape.hpp>

#include <array>

namespace drnet::inline DRNET_ISA {

/// Whether these can be candidates: at least one, all positive, each smaller than the one before.
template <int... R>
inline constexpr bool valid_candidates = [] {
  constexpr std::array<int, sizeof...(R)> values{R...};
  for (std::size_t j = 0; j < values.size(); ++j)
    if (values[j] < 1 || (j > 0 && values[j] >= values[j - 1])) return false;
  return !values.empty();
}();

/// Candidate resolutions in pixels.
template <int... R>
struct Resolutions {
  static_assert(sizeof...(R) > 0, "a dynamic network needs at least one candidate resolution");
  static_assert(valid_candidates<R...>,
                "candidate resolutions must be positive, listed once each, largest first");
  static constexpr int kCount = sizeof...(R);
  static constexpr std::array<int, sizeof...(R)> kValues{R...};
  static constexpr int kLargest = kValues[0], kSmallest = kValues[kCount - 1];
};

}  // namespace drnet::inline DRNET_ISA
