// From a decoded picture to the network's input: pipelines on xtensor's tensors. Every operation maps
// [3][height][width] floats to the same with other extents; samples are in [0, 1] until `normalize`.
// Random operations follow torchvision's definitions, with their numbers from a Draws. What evaluates an
// expression is a template of the picture's type, so that only a program that uses it compiles it.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/data/image.hpp>
#include <drnet/kernels/resize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

namespace drnet::inline DRNET_ISA {

/// A picture on its way to the network: [channel][row][column].
using Picture = xt::xtensor<float, 3>;

/// The random numbers of one picture in one epoch, handed out in the order in which they are asked for.
class Draws {
 public:
  explicit Draws(const Random& random) : random_(random) {}
  [[nodiscard]] double uniform(double lo, double hi) { return random_.uniform<double>(next_++, lo, hi); }
  /// Uniform in 0 .. n - 1.
  [[nodiscard]] int below(int n) {
    return static_cast<int>(random_.below(next_++, static_cast<std::uint32_t>(n)));
  }

 private:
  Random random_;
  std::uint32_t next_ = 0;
};

[[nodiscard]] inline int height(const Picture& picture) {
  return static_cast<int>(picture.shape(1));
}
[[nodiscard]] inline int width(const Picture& picture) {
  return static_cast<int>(picture.shape(2));
}

/// Samples 0..255 [height][width][1 or 3] to [0, 1] floats [3][height][width]; grey fills three channels.
[[nodiscard]] inline Picture to_picture(const Image& image) {
  const auto rows = static_cast<std::size_t>(image.height), columns = static_cast<std::size_t>(image.width);
  const auto channels = static_cast<std::size_t>(image.channels);
  if ((channels != 1 && channels != 3) || rows * columns == 0 ||
      image.pixels.size() != rows * columns * channels)
    throw Error("to_picture: image", "1 or 3 channels of height x width samples",
                std::to_string(image.pixels.size()) + " samples for " + std::to_string(image.height) + " x " +
                    std::to_string(image.width) + " x " + std::to_string(image.channels));
  Picture picture(Picture::shape_type{3, rows, columns});
  float* sample = picture.data();
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = channels == 1 ? 0 : c; i < image.pixels.size(); i += channels)
      *sample++ = static_cast<float>(image.pixels[i]) / 255.0F;
  return picture;
}

/// The window of `rows` x `columns` whose top left corner is (top, left); must lie inside.
[[nodiscard]] inline Picture cropped(const Picture& picture, int top, int left, int rows, int columns) {
  Picture window(Picture::shape_type{3, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
  float* out = window.data();
  for (int c = 0; c < 3; ++c)
    for (int y = top; y < top + rows; ++y) out = std::copy_n(&picture(c, y, left), columns, out);
  return window;
}

/// The window in the middle; at most the picture's own extents.
[[nodiscard]] inline Picture center_cropped(const Picture& picture, int rows, int columns) {
  const auto middle = [](int extent, int part) {
    return static_cast<int>(std::nearbyint((extent - part) / 2.0));
  };
  return cropped(picture, middle(height(picture), rows), middle(width(picture), columns), rows, columns);
}

/// Antialiased bilinear resize; throws Error for bad sizes.
[[nodiscard]] inline Picture resized(const Picture& picture, int rows, int columns) {
  const Resize<float> resize(height(picture), width(picture), rows, columns);
  Picture result(Picture::shape_type{3, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
  std::vector<float> scratch(resize.scratch_size());
  resize(picture.data(), result.data(), 3, scratch.data());
  return result;
}

/// One step of a Transform. Steps are called from many threads at the same time, each with its own Draws.
using Operation = std::function<Picture(Picture, Draws&)>;

/// Throws Error unless `size` may be the side of a network's input.
inline int checked_size(int size, const char* place) {
  constexpr int kMaxSize = 4096;
  if (size < 1 || size > kMaxSize)
    throw Error(place, "a size from 1 to " + std::to_string(kMaxSize), std::to_string(size));
  return size;
}

/// Direct resize to size x size, whatever the picture's aspect.
[[nodiscard]] inline Operation resize_to(int size) {
  checked_size(size, "resize_to");
  return [size](const Picture& picture, Draws&) { return resized(picture, size, size); };
}

/// Resize that makes the shorter side `size` and keeps the aspect. What lies further from the middle than
/// kMaxAspect short sides is cut off before: no centre crop sees it, and a 20,000 x 1 picture stays small.
[[nodiscard]] inline Operation resize_shorter(int size) {
  checked_size(size, "resize_shorter");
  return [size](Picture picture, Draws&) {
    constexpr int kMaxAspect = 8;
    const int limit = kMaxAspect * std::min(height(picture), width(picture));
    if (std::max(height(picture), width(picture)) > limit)
      picture = center_cropped(picture, std::min(height(picture), limit), std::min(width(picture), limit));
    const std::int64_t rows = height(picture), columns = width(picture), shorter = std::min(rows, columns);
    return resized(picture, static_cast<int>(size * rows / shorter),
                   static_cast<int>(size * columns / shorter));
  };
}

/// The middle size x size pixels. Throws Error (when applied) for a smaller picture.
[[nodiscard]] inline Operation center_crop(int size) {
  checked_size(size, "center_crop");
  return [size](const Picture& picture, Draws&) {
    if (height(picture) < size || width(picture) < size)
      throw Error("center_crop",
                  "a picture of at least " + std::to_string(size) + " x " + std::to_string(size),
                  std::to_string(width(picture)) + " x " + std::to_string(height(picture)));
    return center_cropped(picture, size, size);
  };
}

/// A random size x size window of the picture with `padding` black pixels around it.
/// Throws Error (when applied) for a picture that is smaller even so.
template <class P = Picture>
[[nodiscard]] Operation random_crop(int size, int padding) {
  checked_size(size, "random_crop");
  if (padding < 0 || padding > size)
    throw Error("random_crop: padding", "0 to " + std::to_string(size), std::to_string(padding));
  return [size, padding](const P& picture, Draws& draws) {
    const int down = height(picture) + 2 * padding - size, right = width(picture) + 2 * padding - size;
    if (down < 0 || right < 0)
      throw Error("random_crop",
                  "a picture of at least " + std::to_string(size - 2 * padding) + " pixels a side",
                  std::to_string(width(picture)) + " x " + std::to_string(height(picture)));
    P padded = xt::zeros<float>({3, height(picture) + 2 * padding, width(picture) + 2 * padding});
    xt::view(padded, xt::all(), xt::range(padding, padding + height(picture)),
             xt::range(padding, padding + width(picture))) = picture;
    const int top = draws.below(down + 1);
    const int left = draws.below(right + 1);
    return cropped(padded, top, left, size, size);
  };
}

/// Ranges of random_resized_crop: share of the picture's area, and width / height of the window.
struct ResizedCrop {
  double min_scale = 0.08, max_scale = 1.0;
  double min_ratio = 3.0 / 4.0, max_ratio = 4.0 / 3.0;
};

/// A window of random area and aspect, resized to size x size; after ten windows that do not fit, the middle
/// of the picture with its aspect limited to the allowed range (torchvision's RandomResizedCrop).
[[nodiscard]] inline Operation random_resized_crop(int size, const ResizedCrop& range = {}) {
  checked_size(size, "random_resized_crop");
  if (!(range.min_scale > 0 && range.min_scale <= range.max_scale && range.max_scale <= 1))
    throw Error("random_resized_crop: scale", "0 < min_scale <= max_scale <= 1",
                std::to_string(range.min_scale) + ", " + std::to_string(range.max_scale));
  if (!(range.min_ratio > 0 && range.min_ratio <= range.max_ratio && range.max_ratio <= 100))
    throw Error("random_resized_crop: ratio", "0 < min_ratio <= max_ratio <= 100",
                std::to_string(range.min_ratio) + ", " + std::to_string(range.max_ratio));
  return [size, range](const Picture& picture, Draws& draws) {
    const int rows = height(picture), columns = width(picture);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const double area = draws.uniform(range.min_scale, range.max_scale) * rows * columns;
      const double ratio = std::exp(draws.uniform(std::log(range.min_ratio), std::log(range.max_ratio)));
      const double wide = std::nearbyint(std::sqrt(area * ratio)),
                   high = std::nearbyint(std::sqrt(area / ratio));
      if (wide < 1 || wide > columns || high < 1 || high > rows) continue;
      const int w = static_cast<int>(wide), h = static_cast<int>(high);
      const int top = draws.below(rows - h + 1);
      const int left = draws.below(columns - w + 1);
      return resized(cropped(picture, top, left, h, w), size, size);
    }
    const int w = std::min(columns, static_cast<int>(std::max(1.0, std::nearbyint(rows * range.max_ratio))));
    const int h = std::min(rows, static_cast<int>(std::max(1.0, std::nearbyint(columns / range.min_ratio))));
    return resized(center_cropped(picture, h, w), size, size);
  };
}

/// Mirrors left and right with the given probability.
[[nodiscard]] inline Operation random_flip(double probability = 0.5) {
  if (!(probability >= 0 && probability <= 1))
    throw Error("random_flip: probability", "0 to 1", std::to_string(probability));
  return [probability](Picture picture, Draws& draws) {
    if (draws.uniform(0, 1) >= probability) return picture;
    const auto columns = static_cast<std::ptrdiff_t>(picture.shape(2));
    for (auto row = picture.begin(); row != picture.end(); row += columns) std::reverse(row, row + columns);
    return picture;
  };
}

/// Turns the picture by 180 degrees, for weights that were trained on turned pictures (a half turn of every
/// kernel, the same as turned pictures, makes an asymmetric padding symmetric).
[[nodiscard]] inline Operation half_turn() {
  return [](Picture picture, Draws&) {
    const auto plane = static_cast<std::ptrdiff_t>(picture.shape(1) * picture.shape(2));
    for (auto from = picture.begin(); from != picture.end(); from += plane) std::reverse(from, from + plane);
    return picture;
  };
}

/// Per channel (red, green, blue), of samples in [0, 1]; the defaults are ImageNet's.
struct Normalization {
  std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
  std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};
};

/// (x - mean) / deviation, channel by channel.
template <class P = Picture>
[[nodiscard]] Operation normalize(const Normalization& options = {}) {
  for (const float deviation : options.deviation)
    if (!(deviation > 0)) throw Error("normalize: deviation", "more than 0", std::to_string(deviation));
  return [options](P picture, Draws&) {
    for (std::size_t c = 0; c < 3; ++c) {  // a plane is contiguous: much faster than one broadcast expression
      auto plane = xt::view(picture, c);
      xt::noalias(plane) = (plane - options.mean[c]) / options.deviation[c];
    }
    return picture;
  };
}

/// A pipeline: operations in order. Copies are cheap; applying one is const and thread-safe.
class Transform {
 public:
  Transform() = default;
  Transform(std::initializer_list<Operation> operations) : operations_(operations) {}

  /// This pipeline with one more operation at its end.
  [[nodiscard]] Transform then(Operation operation) const {
    Transform longer = *this;
    longer.operations_.push_back(std::move(operation));
    return longer;
  }

  /// [height][width][1 or 3] samples -> [3][rows][columns]. `random` belongs to this picture in this epoch.
  [[nodiscard]] Picture operator()(const Image& image, const Random& random) const {
    Draws draws(random);
    Picture picture = to_picture(image);
    for (const Operation& operation : operations_) picture = operation(std::move(picture), draws);
    return picture;
  }

 private:
  std::vector<Operation> operations_;
};

/// The window of random_crop.
struct PaddedCrop {
  int padding = 4;
};

struct TrainTransformOptions {
  int size = 224;                                ///< height and width of the result, in pixels
  std::variant<ResizedCrop, PaddedCrop> crop{};  ///< ImageNet's way, or CIFAR's: pictures of nearly this size
  double flip = 0.5;                             ///< probability; 0 where mirror images mean something else
  Normalization normalization{};
};

/// Random crop, random flip, normalization -> [3][size][size].
template <class P = Picture>
[[nodiscard]] Transform train_transform(const TrainTransformOptions& options = {}) {
  const auto* padded = std::get_if<PaddedCrop>(&options.crop);
  Operation crop = padded != nullptr ? random_crop<P>(options.size, padded->padding)
                                     : random_resized_crop(options.size, std::get<ResizedCrop>(options.crop));
  return {std::move(crop), random_flip(options.flip), normalize<P>(options.normalization)};
}

struct EvalTransformOptions {
  int size = 224;  ///< height and width of the result, in pixels
  int resize_shorter =
      256;  ///< the shorter side before the centre crop; 0: direct resize to size x size instead
  Normalization normalization{};
};

/// Resize of the shorter side, centre crop (or a direct resize), normalization -> [3][size][size]. No
/// randomness.
template <class P = Picture>
[[nodiscard]] Transform eval_transform(const EvalTransformOptions& options = {}) {
  if (options.resize_shorter == 0) return {resize_to(options.size), normalize<P>(options.normalization)};
  if (options.resize_shorter < options.size)
    throw Error("eval_transform: resize_shorter", "0, or at least the size " + std::to_string(options.size),
                std::to_string(options.resize_shorter));
  return {resize_shorter(options.resize_shorter), center_crop(options.size),
          normalize<P>(options.normalization)};
}

}  // namespace drnet::inline DRNET_ISA
