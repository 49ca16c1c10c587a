// xtensor beside FeatureMap and ImageBatch: a strided 5-d view of the blocked layout without a copy,
//   view(n, b, y, x, lane) = channel b * lanes + lane of pixel (y, x) of image n,
// planar tensors [n][channels][height][width] as batches, and copies between the two layouts.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/tensor/feature_map.hpp>
#include <drnet/tensor/image_batch.hpp>

#include <limits>
#include <xtensor/xadapt.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>

namespace drnet::inline DRNET_ISA {

/// Images [0, n) of a map as [n][block][height][width][lane], halo left out; lanes behind the last channel
/// are part of it. Valid as long as the memory behind the map.
template <class T, Shape S, int Halo>
[[nodiscard]] auto xtensor_view(FeatureMap<T, S, Halo> map, Index n) {
  using Map = FeatureMap<T, S, Halo>;
  using Extents = std::array<std::size_t, 5>;
  using Strides = std::array<std::ptrdiff_t, 5>;
  const Index size = n * Map::kImageStride;
  auto memory = xt::adapt(map.data(), static_cast<std::size_t>(size), xt::no_ownership(),
                          std::array{static_cast<std::size_t>(size)});
  using View = xt::xstrided_view<decltype(memory), Extents, xt::layout_type::dynamic>;
  return View(std::move(memory),
              Extents{static_cast<std::size_t>(n), Map::kBlocks, S.height, S.width, Map::kBlock},
              Strides{Map::kImageStride, Map::kPlaneStride, Map::kRowStride, Map::kBlock, 1}, Map::kOrigin,
              xt::layout_type::dynamic);
}

/// Planar images [n][channels][height][width] in row-major order, e.g. of an npy file.
template <class T>
using PlanarTensor = xt::xtensor<T, 4, xt::layout_type::row_major>;

/// A batch that refers to the tensor's images. Throws Error where an extent of an image is zero or beyond
/// int.
template <class T>
[[nodiscard]] ImageBatch<T> image_batch(const PlanarTensor<T>& images) {
  const auto& shape = images.shape();
  for (std::size_t i = 1; i < 4; ++i)
    if (shape[i] < 1 || shape[i] > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      throw Error("image_batch", "images of at least one channel and pixel, extents within int",
                  "shape (" + join(shape) + ")");
  return {images.data(), static_cast<Index>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2]),
          static_cast<int>(shape[3])};
}
template <class T>
void image_batch(PlanarTensor<T>&&) = delete;  // the batch would outlive its images

/// Copies planar images into the first images of a map, which must have room for them. Throws Error where
/// their shape is not the map's.
template <class T, class U, Shape S, int Halo>
void from_xtensor(const PlanarTensor<U>& images, FeatureMap<T, S, Halo> map) {
  const ImageBatch<U> batch = image_batch(images);
  if (const Shape got{batch.channels, batch.height, batch.width}; got != S)
    throw Error("from_xtensor", "images of " + to_string(S), to_string(got));
  from_planar(batch.data, map, batch.count);
}

/// Images [0, n) of a map, planar.
template <class T, Shape S, int Halo>
[[nodiscard]] PlanarTensor<std::remove_const_t<T>> to_xtensor(FeatureMap<T, S, Halo> map, Index n) {
  using Extents = std::array<std::size_t, 4>;
  PlanarTensor<std::remove_const_t<T>> images(
      Extents{static_cast<std::size_t>(n), S.channels, S.height, S.width});
  to_planar(map, images.data(), n);
  return images;
}

}  // namespace drnet::inline DRNET_ISA
