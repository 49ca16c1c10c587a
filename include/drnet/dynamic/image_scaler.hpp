// A planar image at a candidate's size, in the blocked layout (docs/method.md, selection step 3: x resized to
// r_j).
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/kernels/resize.hpp>
#include <drnet/tensor/feature_map.hpp>
#include <drnet/tensor/image_batch.hpp>

#include <optional>

namespace drnet::inline DRNET_ISA {

/// Resizes images one at a time; keeps the tables of the last pair of sizes. Each thread has its own.
template <class T>
class ImageScaler {
 public:
  explicit ImageScaler(Resampling resampling = Resampling::antialiased) : resampling_(resampling) {}

  /// map[0] = image i of the batch at map's extents. Throws Error for another number of channels.
  template <Shape S, int Halo>
  void operator()(const ImageBatch<T>& images, Index i, FeatureMap<T, S, Halo> map) {
    if (images.channels != S.channels)
      throw Error("images", std::to_string(S.channels) + " channels", std::to_string(images.channels));
    const T* image = images.image(i);
    if (images.height != S.height || images.width != S.width) {
      if (!resize_ || resize_->in_height() != images.height || resize_->in_width() != images.width ||
          resize_->out_height() != S.height || resize_->out_width() != S.width) {
        resize_.emplace(images.height, images.width, S.height, S.width, resampling_);
        scratch_.reserve(static_cast<Index>(resize_->scratch_size()));
        plane_.reserve(S.size());
      }
      (*resize_)(image, plane_.data(), S.channels, scratch_.data());
      image = plane_.data();
    }
    from_planar(image, map, 1);
  }

 private:
  Resampling resampling_;
  std::optional<Resize<T>> resize_;
  Buffer<T> scratch_, plane_;
};

}  // namespace drnet::inline DRNET_ISA
