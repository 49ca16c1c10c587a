// Eigen views of tensors, without copies: one channel or one packet row of a FeatureMap, the pooled features
// of a batch, a Buffer, a parameter tensor. A view is valid as long as the memory behind it.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/tensor/feature_map.hpp>

#include <Eigen/Core>
#include <numeric>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace detail {
/// Plain, read-only where T is.
template <class T, class Plain>
using ConstAs = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;
}  // namespace detail

/// A matrix over memory of T (which may be const), element (i, j) at i * rows' stride + j * columns' stride.
template <class T>
using EigenMatrix =
    Eigen::Map<detail::ConstAs<
                   T, Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>,
               Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
/// A column vector over contiguous memory of T (which may be const).
template <class T>
using EigenVector = Eigen::Map<detail::ConstAs<T, Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>>,
                               Eigen::Unaligned>;

/// Channel c of image n: height x width.
template <class T, Shape S, int Halo>
[[nodiscard]] EigenMatrix<T> eigen_channel(FeatureMap<T, S, Halo> map, Index n, int c) {
  using Map = FeatureMap<T, S, Halo>;
  return {&map.at(n, c, 0, 0), S.height, S.width, {Map::kRowStride, Map::kBlock}};
}

/// Row y of channel block b of image n: width x lanes, in memory order.
template <class T, Shape S, int Halo>
[[nodiscard]] EigenMatrix<T> eigen_row(FeatureMap<T, S, Halo> map, Index n, int b, int y) {
  using Map = FeatureMap<T, S, Halo>;
  return {map.row(n, b, y), S.width, Map::kBlock, {Map::kBlock, 1}};
}

/// Pooled features, logits, or their gradients, of images [0, n): n x channels.
template <class T, Shape S, int Halo>
[[nodiscard]] EigenMatrix<T> eigen_features(FeatureMap<T, S, Halo> map, Index n) {
  using Map = FeatureMap<T, S, Halo>;
  static_assert(S.pixels() == 1, "eigen_features needs maps of 1 x 1 pixel");
  static_assert(Map::kPlaneStride == Map::kBlock, "eigen_features needs maps without a halo");
  return {map.data(), n, S.channels, {Map::kImageStride, 1}};
}

/// All values of a buffer.
template <class T>
[[nodiscard]] EigenVector<T> eigen_vector(Buffer<T>& buffer) {
  return {buffer.data(), buffer.size()};
}
template <class T>
[[nodiscard]] EigenVector<const T> eigen_vector(const Buffer<T>& buffer) {
  return {buffer.data(), buffer.size()};
}
template <class T>
[[nodiscard]] EigenVector<T> eigen_vector(std::span<T> values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

/// A parameter tensor in PyTorch's layout as its first extent x all others, e.g. the weights of a linear
/// layer as out x in: eigen_matrix(net.values(t), t.shape). Throws Error where the values do not fill the
/// shape.
template <class T>
[[nodiscard]] EigenMatrix<T> eigen_matrix(std::span<T> values, const std::vector<int>& shape) {
  const Index size = std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>{});
  const Index rows = shape.empty() ? 1 : shape.front();
  if (rows < 1 || size != static_cast<Index>(values.size()))
    throw Error("eigen_matrix", "values for shape (" + join(shape) + ")", std::to_string(values.size()));
  return {values.data(), rows, size / rows, {size / rows, 1}};
}

}  // namespace drnet::inline DRNET_ISA
