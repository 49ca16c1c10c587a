#include "pictures.hpp"

#include <drnet/data/open.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace drnet::program {

namespace {

/// The first pictures of a data set.
class FirstPictures final : public Dataset {
 public:
  FirstPictures(std::unique_ptr<Dataset> all, std::size_t count)
      : all_(std::move(all)), size_(std::min(count, all_->size())) {}
  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return all_->class_names(); }
  [[nodiscard]] int label(std::size_t index) const override { return all_->label(checked(index)); }
  [[nodiscard]] Image image(std::size_t index) const override { return all_->image(checked(index)); }
  [[nodiscard]] std::string describe(std::size_t index) const override {
    return all_->describe(checked(index));
  }

 private:
  std::unique_ptr<Dataset> all_;
  std::size_t size_;
};

/// Brings a picture to L x L pixels, without normalization.
Operation cut(const ModelInfo& model) {
  const int size = model.candidates.front();
  const std::vector<Operation> way =
      model.small_pictures
          ? std::vector<Operation>{resize_to(size)}
          : std::vector<Operation>{resize_shorter(static_cast<int>(std::lround(size * 256.0 / 224.0))),
                                   center_crop(size)};
  return [=](Picture picture, Draws& draws) {
    if (height(picture) == size && width(picture) == size) return picture;
    for (const Operation& operation : way) picture = operation(std::move(picture), draws);
    return picture;
  };
}

}  // namespace

std::unique_ptr<Dataset> open_pictures(const DataOptions& options, Split split, const ModelInfo& model,
                                       std::uint64_t seed) {
  auto dataset = open_dataset(options.data, split, seed);
  const std::size_t classes = dataset->class_names().size();
  if (classes != static_cast<std::size_t>(model.classes))
    throw Error("data set " + options.data,
                std::to_string(model.classes) + " classes, as " + model.name + " has",
                std::to_string(classes));
  if (options.limit > 0) dataset = std::make_unique<FirstPictures>(std::move(dataset), options.limit);
  return dataset;
}

Transform evaluation_transform(const ModelInfo& model) {
  return {cut(model), normalize()};
}

Transform training_transform(const ModelInfo& model, const std::string& crop, double flip) {
  const int size = model.candidates.front();
  const std::string way = !crop.empty() ? crop : model.small_pictures ? "padded" : "resized";
  if (way == "padded")
    return {cut(model), random_crop(size, PaddedCrop{}.padding), random_flip(flip), normalize()};
  if (way == "resized") return train_transform({.size = size, .crop = ResizedCrop{}, .flip = flip});
  if (way == "none") return {cut(model), random_flip(flip), normalize()};
  throw Error("--crop", "padded, resized or none", "'" + crop + "'");
}

}  // namespace drnet::program
