// All pictures of another data set, decoded or drawn once and kept: for sets that are small beside the memory
// and read in every epoch.
#pragma once

#include <drnet/data/dataset.hpp>

namespace drnet::inline DRNET_ISA {

/// Reads every picture of `from`, which need not live on. Throws what `from` throws.
class InMemory final : public Dataset {
 public:
  explicit InMemory(const Dataset& from) : names_(from.class_names()) {
    pictures_.reserve(from.size());
    for (std::size_t i = 0; i < from.size(); ++i)
      pictures_.push_back({from.image(i), from.label(i), from.describe(i)});
  }
  [[nodiscard]] std::size_t size() const override { return pictures_.size(); }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override { return pictures_[checked(index)].label; }
  [[nodiscard]] Image image(std::size_t index) const override { return pictures_[checked(index)].image; }
  [[nodiscard]] std::string describe(std::size_t index) const override {
    return pictures_[checked(index)].description;
  }

 private:
  struct Picture {
    Image image;
    int label;
    std::string description;
  };
  std::vector<std::string> names_;
  std::vector<Picture> pictures_;
};

}  // namespace drnet::inline DRNET_ISA
