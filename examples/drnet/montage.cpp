#include "montage.hpp"

#include "pictures.hpp"

#include <algorithm>
#include <cmath>

namespace drnet::program {

namespace {

/// 8-bit interleaved pixels of a planar image, with its preparation undone.
std::vector<std::uint8_t> to_pixels(const ImageBatch<float>& images, Index i,
                                    const Preparation& preparation) {
  const auto& [mean, deviation] = preparation.normalization;
  const auto plane = static_cast<std::size_t>(images.height) * static_cast<std::size_t>(images.width);
  const float* samples = images.image(i);
  std::vector<std::uint8_t> pixels(3 * plane);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t p = 0; p < plane; ++p) {
      const float value = samples[c * plane + p] * deviation[c] + mean[c];
      const std::size_t upright = preparation.half_turn ? plane - 1 - p : p;
      pixels[3 * upright + c] = static_cast<std::uint8_t>(std::lround(std::clamp(255 * value, 0.0F, 255.0F)));
    }
  return pixels;
}

/// Half the size: the means of two by two pixels. An odd last row or column is left out.
MontageImage halved(const MontageImage& image) {
  MontageImage half = image;
  half.width /= 2;
  half.height /= 2;
  half.pixels.clear();
  const auto row = static_cast<std::size_t>(3 * image.width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(half.height); ++y)
    for (std::size_t x = 0; x < static_cast<std::size_t>(half.width); ++x)
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint8_t* at = &image.pixels[2 * y * row + 6 * x + c];
        half.pixels.push_back(static_cast<std::uint8_t>((at[0] + at[3] + at[row] + at[row + 3] + 2) / 4));
      }
  return half;
}

}  // namespace

MontageImage montage_image(const ImageBatch<float>& images, Index i, const Preparation& preparation) {
  MontageImage image;
  image.width = images.width;
  image.height = images.height;
  image.pixels = to_pixels(images, i, preparation);
  constexpr Index kShown = 112;
  while (std::min(image.width, image.height) >= 2 * kShown) image = halved(image);
  return image;
}

std::vector<MontageImage> make_montage(const Model& model, const Policy& policy, const Router& router,
                                       const Dataset& dataset, std::size_t count, std::uint64_t seed) {
  const Loader loader(dataset, evaluation_transform(model.info()),
                      {.batch = std::min(count, dataset.size()), .seed = seed, .threads = 0});
  auto epoch = loader.epoch(0);
  const Batch batch = epoch.next().value();
  std::vector<Classification> results(batch.labels.size());
  model.session(policy, {.router = router})->classify(batch.view(), results, 0);
  const auto name = [&](int label) { return dataset.class_names()[static_cast<std::size_t>(label)]; };
  std::vector<MontageImage> montage;
  for (std::size_t i = 0; i < results.size(); ++i) {
    montage.push_back(montage_image(batch.view(), static_cast<Index>(i), model.info().preparation));
    montage.back().label = name(batch.labels[i]);
    montage.back().predicted = name(results[i].label);
    montage.back().resolution = results[i].resolution;
  }
  return montage;
}

}  // namespace drnet::program
