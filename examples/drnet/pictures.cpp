#include "pictures.hpp"

#include "environment.hpp"

#include <drnet/data/open.hpp>
#include <drnet/data/subset.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>
#include <utility>

namespace drnet::program {

namespace {

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

/// The file of a picture below its folder, however a list spells it.
std::string file_of(const Dataset& pictures, std::size_t i) {
  return std::filesystem::path(pictures.describe(i)).lexically_normal().string();
}

}  // namespace

std::unique_ptr<Dataset> open_pictures(const DataOptions& options, Split split, const ModelInfo& model,
                                       std::uint64_t seed) {
  auto dataset = open_dataset(with_variables(options.data), split, seed);
  const std::size_t classes = dataset->class_names().size();
  if (classes != static_cast<std::size_t>(model.classes))
    throw Error("data set " + options.data,
                std::to_string(model.classes) + " classes, as " + model.name + " has",
                std::to_string(classes));
  if (options.limit == 0 || options.limit >= dataset->size()) return dataset;
  std::vector<std::size_t> first(options.limit);
  std::iota(first.begin(), first.end(), std::size_t{0});
  return std::make_unique<Subset>(std::move(dataset), std::move(first));
}

std::shared_ptr<const Dataset> open_validation(const TrainOptions& options, const ModelInfo& model) {
  if (options.validation.empty() && options.data.data.starts_with("folder:"))
    throw Error("--validation", "a data set, as a folder of pictures has no second half", "nothing");
  const std::string& data = options.validation.empty() ? options.data.data : options.validation;
  return open_pictures({.data = data}, Split::test, model, options.run.seed);
}

void check_lists(const std::string& training_name, const Dataset& training,
                 const std::string& validation_name, const Dataset& validation, bool whole) {
  const auto names = split_fields(with_variables(training_name)),
             others = split_fields(with_variables(validation_name));
  if (names[0] != "folder") return;
  std::vector<std::size_t> count(training.class_names().size());
  std::set<std::string> pictures;
  for (std::size_t i = 0; i < training.size(); ++i) {
    ++count[static_cast<std::size_t>(training.label(i))];
    pictures.insert(file_of(training, i));
  }
  for (std::size_t c = 0; c < count.size() && whole; ++c)
    if (count[c] == 0)
      throw Error(training_name, "pictures of every class", "none of " + training.class_names()[c]);
  if (others[0] != "folder" || !std::filesystem::equivalent(others[1], names[1])) return;
  for (std::size_t i = 0; i < validation.size(); ++i)
    if (pictures.contains(file_of(validation, i)))
      throw Error(validation_name, "pictures that are not trained on", validation.describe(i) + ", which is");
}

Transform evaluation_transform(const ModelInfo& model) {
  return model.preparation({cut(model)});
}

Transform training_transform(const ModelInfo& model, const Augmentation& how) {
  const int size = model.candidates.front();
  const std::string way = !how.crop.empty() ? how.crop : model.small_pictures ? "padded" : "resized";
  if (way == "padded")
    return model.preparation({cut(model), random_crop(size, PaddedCrop{}.padding), random_flip(how.flip)});
  if (way == "resized")
    return model.preparation(
        {random_resized_crop(size, {.min_scale = how.crop_scale}), random_flip(how.flip)});
  if (way == "none") return model.preparation({cut(model), random_flip(how.flip)});
  throw Error("--crop", "padded, resized or none", "'" + how.crop + "'");
}

}  // namespace drnet::program
