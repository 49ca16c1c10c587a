// Some pictures of another data set, and the split that holds a share of a training set back: what a
// predictor of the right resolution learns from must not have taught the classifier, whose answers there are
// too good.
#pragma once

#include <drnet/core/random.hpp>
#include <drnet/data/dataset.hpp>

#include <memory>
#include <utility>

namespace drnet::inline DRNET_ISA {

/// Picture i is picture indices[i] of `all`.
class Subset final : public Dataset {
 public:
  /// Throws Error for an index that `all` does not have.
  Subset(std::shared_ptr<const Dataset> all, std::vector<std::size_t> indices)
      : all_(std::move(all)), indices_(std::move(indices)) {
    for (const std::size_t i : indices_)
      if (i >= all_->size())
        throw Error("subset: picture index", "less than " + std::to_string(all_->size()), std::to_string(i));
  }
  [[nodiscard]] std::size_t size() const override { return indices_.size(); }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return all_->class_names(); }
  [[nodiscard]] int label(std::size_t index) const override { return all_->label(original(index)); }
  [[nodiscard]] Image image(std::size_t index) const override { return all_->image(original(index)); }
  [[nodiscard]] std::string describe(std::size_t index) const override {
    return all_->describe(original(index));
  }

 private:
  [[nodiscard]] std::size_t original(std::size_t index) const { return indices_[checked(index)]; }

  std::shared_ptr<const Dataset> all_;
  std::vector<std::size_t> indices_;
};

/// Holds pictures back, each with probability `share` (0 to 1): {the rest, those held back}, both in the
/// order of `all`. The same seed gives the same split.
[[nodiscard]] inline std::pair<std::shared_ptr<Subset>, std::shared_ptr<Subset>> hold_out(
    const std::shared_ptr<const Dataset>& all, double share, std::uint64_t seed) {
  std::vector<std::size_t> rest, held;
  for (std::size_t i = 0; i < all->size(); ++i) {
    const Random random(seed, Purpose::hold_out, 0, static_cast<std::uint32_t>(i));
    (random.uniform<double>(0) < share ? held : rest).push_back(i);
  }
  return {std::make_shared<Subset>(all, std::move(rest)), std::make_shared<Subset>(all, std::move(held))};
}

}  // namespace drnet::inline DRNET_ISA
