// The channel-blocked layout nChw{B}c with a physical zero halo; B = one SIMD packet.
//
//   image n │ block b (B channels) │ row y = -halo .. height+halo-1 │ column x = -halo .. │ B lanes
//
// A convolution reads its padding from the halo, so its inner loops have no border cases. Channels beyond
// `channels` in the last block are zero. A plane is padded by one pixel where its size in cache lines would
// be even: planes then do not all fall into the same cache sets.
#pragma once

#include <drnet/tensor/buffer.hpp>
#include <drnet/tensor/shape.hpp>

#include <type_traits>

namespace drnet::inline DRNET_ISA {

/// A batch of feature maps whose strides, in scalars, are run-time numbers: for loops that are compiled once
/// and not once a shape.
template <class T>
struct Planes {
  T* origin;  ///< pixel (0, 0) of block 0 of image 0
  Index image_stride, plane_stride, row_stride;

  /// The packet of pixel (y, 0) in channel block b of image n; y may reach into the halo.
  [[nodiscard]] T* row(Index n, Index b, Index y) const noexcept {
    return origin + n * image_stride + b * plane_stride + y * row_stride;
  }
};

/// Scalars from one channel block, and from one image, to the next.
template <class T>
constexpr Index plane_stride(Shape s, int halo) {
  return (Index{s.height + 2 * halo} * (s.width + 2 * halo) | (s.pixels() > 1)) * kLanes<T>;
}
template <class T>
constexpr Index image_stride(Shape s, int halo) {
  return plane_stride<T>(s, halo) * ceil_div(s.channels, kLanes<T>);
}

/// Non-owning view of a batch of feature maps of shape S with `Halo` zero pixels on each side.
template <class T, Shape S, int Halo = 0>
class FeatureMap {
 public:
  using Scalar = std::remove_const_t<T>;
  static constexpr Shape kShape = S;
  static constexpr int kHalo = Halo;
  static constexpr int kBlock = kLanes<Scalar>;
  static constexpr int kBlocks = ceil_div(S.channels, kBlock);
  static constexpr int kRowStride = (S.width + 2 * Halo) * kBlock;
  static constexpr Index kPlaneStride = plane_stride<Scalar>(S, Halo);
  static constexpr Index kImageStride = image_stride<Scalar>(S, Halo);
  static constexpr Index kOrigin = Index{Halo} * kRowStride + Halo * kBlock;

  FeatureMap() = default;
  explicit FeatureMap(T* data) : data_(data) {}
  operator FeatureMap<const T, S, Halo>() const { return FeatureMap<const T, S, Halo>(data_); }
  operator Planes<T>() const { return {data_ + kOrigin, kImageStride, kPlaneStride, kRowStride}; }
  operator Planes<const T>() const requires(!std::is_const_v<T>) {
    return {data_ + kOrigin, kImageStride, kPlaneStride, kRowStride};
  }

  [[nodiscard]] T* data() const noexcept { return data_; }
  /// The packet of pixel (y, 0) in channel block b of image n; y may reach into the halo.
  [[nodiscard]] T* row(Index n, int b, int y) const noexcept {
    return data_ + n * kImageStride + b * kPlaneStride + kOrigin + Index{y} * kRowStride;
  }
  /// The view of images n, n + 1, ...
  [[nodiscard]] FeatureMap from(Index n) const noexcept { return FeatureMap(data_ + n * kImageStride); }
  /// One scalar, for bridges and tests.
  [[nodiscard]] T& at(Index n, int c, int y, int x) const noexcept {
    return row(n, c / kBlock, y)[Index{x} * kBlock + c % kBlock];
  }

 private:
  T* data_ = nullptr;
};

/// Writes zeros to the halo of one channel block of one image.
template <class T, Shape S, int Halo>
void zero_plane_halo(FeatureMap<T, S, Halo> map, Index n, int b) {
  using Map = FeatureMap<T, S, Halo>;
  T* const p = map.data() + n * Map::kImageStride + b * Map::kPlaneStride;
  const Index band = Index{Halo} * Map::kRowStride, side = Index{Halo} * Map::kBlock;
  std::fill_n(p, band, T(0));
  for (int y = 0; y < S.height; ++y) {
    T* row = p + band + Index{y} * Map::kRowStride;
    std::fill_n(row, side, T(0));
    std::fill_n(row + Map::kRowStride - side, side, T(0));
  }
  std::fill_n(p + band + Index{S.height} * Map::kRowStride, band, T(0));
}

/// Writes zeros to the lanes beyond the last channel of images [0, n).
template <class T, Shape S, int Halo>
void zero_spare_lanes(FeatureMap<T, S, Halo> map, Index n) {
  using Map = FeatureMap<T, S, Halo>;
  constexpr int used = S.channels - (Map::kBlocks - 1) * Map::kBlock;
  if constexpr (used < Map::kBlock)
    for (Index i = 0; i < n; ++i)
      for (int y = 0; y < S.height; ++y) {
        T* row = map.row(i, Map::kBlocks - 1, y);
        for (int x = 0; x < S.width; ++x, row += Map::kBlock)
          std::fill_n(row + used, Map::kBlock - used, T(0));
      }
}

/// Copies planar images [n][channels][height][width] into the blocked layout.
template <class T, class U, Shape S, int Halo>
void from_planar(const U* planar, FeatureMap<T, S, Halo> map, Index n) {
  constexpr int B = FeatureMap<T, S, Halo>::kBlock, most = std::min(B, S.channels);
  for (Index i = 0; i < n; ++i)
    for (int first = 0; first < S.channels; first += B)
      for (int y = 0; y < S.height; ++y) {
        const U* from = planar + ((i * S.channels + first) * S.height + y) * S.width;
        T* to = map.row(i, first / B, y);
        for (int x = 0; x < S.width; ++x, ++from, to += B)
          for (int c = 0; c < most && first + c < S.channels; ++c)
            to[c] = static_cast<T>(from[c * S.pixels()]);
      }
}

/// Copies blocked images to planar [n][channels][height][width].
template <class T, class U, Shape S, int Halo>
void to_planar(FeatureMap<T, S, Halo> map, U* planar, Index n) {
  constexpr int B = FeatureMap<T, S, Halo>::kBlock;
  for (Index i = 0; i < n; ++i)
    for (int c = 0; c < S.channels; ++c)
      for (int y = 0; y < S.height; ++y) {
        const auto* from = map.row(i, c / B, y) + c % B;
        U* to = planar + ((i * S.channels + c) * S.height + y) * S.width;
        for (int x = 0; x < S.width; ++x) to[x] = static_cast<U>(from[Index{x} * B]);
      }
}

/// An owning batch of feature maps.
template <class T, Shape S, int Halo = 0>
class FeatureTensor {
 public:
  using View = FeatureMap<T, S, Halo>;
  explicit FeatureTensor(Index batch) : batch_(batch), storage_(batch * View::kImageStride) {}
  [[nodiscard]] Index batch() const noexcept { return batch_; }
  [[nodiscard]] View view() noexcept { return View(storage_.data()); }
  [[nodiscard]] FeatureMap<const T, S, Halo> view() const noexcept {
    return FeatureMap<const T, S, Halo>(storage_.data());
  }

 private:
  Index batch_;
  Buffer<T> storage_;
};

}  // namespace drnet::inline DRNET_ISA
