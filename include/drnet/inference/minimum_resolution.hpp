// Minimum-resolution analysis (figure 1 of Zhu et al., 2021): the smallest candidate that classifies each
// image correctly, and what an oracle that knows it would reach. Candidates are in the network's order,
// largest resolution first.
//
//   j(b) = the smallest candidate that is right about image b; where none is, the smallest of all, since
//          paying more gains nothing
//   accuracy = share of the images that some candidate is right about;  cost = mean over b of C_j(b)
//
// The oracle is a bound and no aim: it also profits from answers that are right by chance.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/parallel.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// What a way of choosing candidates gives.
struct ChoiceResult {
  double accuracy = 0;         ///< top-1, 0..1
  double average_macs = 0;     ///< multiply-adds of one image in the classifier; the choice itself is free
  std::vector<double> shares;  ///< of the images, one for each candidate
};

/// How many images each candidate classifies correctly, and how many need it.
struct MinimumResolution {
  Index images = 0;
  Index never = 0;              ///< images that no candidate classifies correctly
  std::vector<Index> smallest;  ///< [m] images whose smallest correct candidate is j
  std::vector<Index> correct;   ///< [m] images that candidate j classifies correctly
  std::vector<Index> macs;      ///< [m] multiply-adds of the classifier at candidate j

  /// Images that the oracle classifies correctly.
  [[nodiscard]] Index oracle_correct() const { return images - never; }
  [[nodiscard]] ChoiceResult oracle() const {
    ChoiceResult result;
    for (const Index count : smallest) result.shares.push_back(share(count));
    result.shares.back() += share(never);
    result.accuracy = share(oracle_correct());
    result.average_macs = cost(result.shares);
    return result;
  }
  /// What a choice that does not look at the image gives on average: candidate j for a share of shares[j].
  /// Throws Error for another number of shares.
  [[nodiscard]] ChoiceResult blind(std::vector<double> shares) const {
    if (shares.size() != macs.size())
      throw Error("shares of a blind choice", std::to_string(macs.size()), std::to_string(shares.size()));
    ChoiceResult result{0, cost(shares), std::move(shares)};
    for (std::size_t j = 0; j < macs.size(); ++j) result.accuracy += result.shares[j] * share(correct[j]);
    return result;
  }

 private:
  [[nodiscard]] double share(Index count) const {
    return static_cast<double>(count) / static_cast<double>(images);
  }
  [[nodiscard]] double cost(const std::vector<double>& shares) const {
    double sum = 0;
    for (std::size_t j = 0; j < macs.size(); ++j) sum += shares[j] * static_cast<double>(macs[j]);
    return sum;
  }
};

/// The smallest candidate that is right about an image; nothing where none is. correct [m].
[[nodiscard]] inline std::optional<std::size_t> smallest_correct(std::span<const bool> correct) {
  for (std::size_t j = correct.size(); j-- > 0;)
    if (correct[j]) return j;
  return std::nullopt;
}

/// correct [images][m]: whether candidate j classifies image b correctly; macs [m]: the classifier's cost at
/// each candidate. Throws Error for fewer than two candidates, costs that rise from one to the next, no image
/// and flags that are not m for each image.
[[nodiscard]] inline MinimumResolution minimum_resolution(std::span<const bool> correct,
                                                          std::span<const Index> macs) {
  const std::size_t m = macs.size();
  const std::string place = "minimum-resolution analysis";
  if (m < 2) throw Error(place, "at least two candidates", std::to_string(m));
  if (!std::is_sorted(macs.begin(), macs.end(), std::greater<>()))
    throw Error(place, "costs of the candidates from the largest to the smallest", join(macs));
  if (correct.empty() || correct.size() % m != 0)
    throw Error(place, std::to_string(m) + " flags for each of at least one image",
                std::to_string(correct.size()) + " flags");
  MinimumResolution result{.smallest = std::vector<Index>(m),
                           .correct = std::vector<Index>(m),
                           .macs = {macs.begin(), macs.end()}};
  for (std::size_t at = 0; at < correct.size(); at += m) {
    const auto image = correct.subspan(at, m);
    for (std::size_t j = 0; j < m; ++j) result.correct[j] += image[j];
    if (const auto j = smallest_correct(image))
      ++result.smallest[*j];
    else
      ++result.never;
    ++result.images;
  }
  return result;
}

}  // namespace drnet::inline DRNET_ISA
