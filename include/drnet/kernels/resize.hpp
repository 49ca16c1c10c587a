// Bilinear resize of planar images, align_corners = false: the antialiasing triangle filter of PIL and of
// PyTorch's interpolate(mode="bilinear", antialias=True), or the plain two-tap interpolation.
// [planes][in_h][in_w] -> [planes][out_h][out_w]
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// The longest side that Resize accepts, in pixels: a guard against sizes read from garbage.
inline constexpr int kMaxResizeExtent = 1 << 20;

/// Where an output pixel looks in the input, s = in / out:
enum class Resampling {
  antialiased,  ///< a triangle of half width max(1, s) about s (i + 1/2): PIL's and torchvision's bilinear
  bilinear,     ///< two taps about s (i + 1/2) - 1/2: PyTorch's interpolate(mode="bilinear")
  asymmetric    ///< two taps about s i, without half-pixel centres (ONNX's word): MindSpore's ResizeBilinear
};

/// One axis of a resize: output i = sum over k < taps of weight[i * taps + k] * input[first[i] + k].
/// Every output reads the same number of taps (those it does not need have weight zero), always inside the
/// input. Weights are computed in double and rounded once. `in` and `out` are at least 1 (Resize checks
/// them).
template <class T>
class ResizeAxis {
 public:
  ResizeAxis(int in, int out, Resampling resampling) : first_(static_cast<std::size_t>(out)) {
    // The sparse rows, before they are padded to a common length.
    std::vector<std::vector<double>> rows(first_.size());
    for (int i = 0; i < out; ++i) {
      const auto row = static_cast<std::size_t>(i);
      rows[row] = taps(resampling, in, out, i, first_[row]);
      while (rows[row].back() == 0.0) rows[row].pop_back();
      taps_ = std::max(taps_, static_cast<int>(rows[row].size()));
    }
    weight_.reserve(rows.size() * static_cast<std::size_t>(taps_));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const int shift = std::max(0, first_[row] + taps_ - in);  // keep the padded taps inside the input
      first_[row] -= shift;
      rows[row].insert(rows[row].begin(), static_cast<std::size_t>(shift), 0.0);
      rows[row].resize(static_cast<std::size_t>(taps_), 0.0);
      for (const double w : rows[row]) weight_.push_back(static_cast<T>(w));
    }
  }

  [[nodiscard]] int taps() const noexcept { return taps_; }
  [[nodiscard]] int first(int i) const noexcept { return first_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const T* weights(int i) const noexcept {
    return weight_.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(taps_);
  }

 private:
  static std::vector<double> taps(Resampling resampling, int in, int out, int i, int& first) {
    switch (resampling) {
      case Resampling::bilinear:
        return two_taps((i + 0.5) * in / out - 0.5, in, first);
      case Resampling::asymmetric:
        return two_taps(static_cast<double>(i) * in / out, in, first);
      case Resampling::antialiased:
        break;
    }
    return triangle(in, out, i, first);
  }

  /// The two neighbours of a source point, clamped to the image.
  static std::vector<double> two_taps(double source, int in, int& first) {
    source = std::max(0.0, source);
    first = std::min(static_cast<int>(source), in - 1);
    const double fraction = first + 1 < in ? source - first : 0.0;
    return fraction == 0.0 ? std::vector{1.0} : std::vector{1.0 - fraction, fraction};
  }

  /// A triangle of half width max(1, in / out) about the source point, normalized over what is inside.
  static std::vector<double> triangle(int in, int out, int i, int& first) {
    const double scale = static_cast<double>(in) / out, support = std::max(1.0, scale);
    const double center = scale * (i + 0.5);
    first = std::max(0, static_cast<int>(center - support + 0.5));
    const int last = std::min(in, static_cast<int>(center + support + 0.5));
    std::vector<double> row;
    double total = 0.0;
    for (int j = first; j < last; ++j) {
      row.push_back(std::max(0.0, 1.0 - std::abs((j + 0.5 - center) / support)));
      total += row.back();
    }
    for (double& w : row) w /= total;
    return row;
  }

  int taps_ = 1;
  std::vector<int> first_;
  std::vector<T> weight_;
};

/// A resize between two fixed sizes; the tables are made once. Const calls may run at the same time on any
/// number of threads, and a plane's result does not depend on the planes beside it.
template <class T>
class Resize {
 public:
  /// Throws Error for a side below 1 or above kMaxResizeExtent.
  Resize(int in_h, int in_w, int out_h, int out_w, Resampling resampling = Resampling::antialiased)
      : in_h_(checked(in_h, "input height")),
        in_w_(checked(in_w, "input width")),
        out_h_(checked(out_h, "output height")),
        out_w_(checked(out_w, "output width")),
        rows_(in_h, out_h, resampling),
        columns_(in_w, out_w, resampling) {}

  [[nodiscard]] int in_height() const noexcept { return in_h_; }
  [[nodiscard]] int in_width() const noexcept { return in_w_; }
  [[nodiscard]] int out_height() const noexcept { return out_h_; }
  [[nodiscard]] int out_width() const noexcept { return out_w_; }

  /// Elements of scratch that one call needs, whatever its number of planes: one blended input row.
  [[nodiscard]] std::size_t scratch_size() const noexcept { return static_cast<std::size_t>(in_w_); }

  /// in [planes][in_h][in_w] -> out [planes][out_h][out_w]; the two must not overlap. Every output row is
  /// first blended from input rows (contiguous), then shrunk or stretched along the width.
  /// Throws Error for a negative number of planes.
  void operator()(const T* in, T* out, int planes, T* scratch) const {
    if (planes < 0) throw Error("Resize: planes", "0 or more", std::to_string(planes));
    const std::size_t width = static_cast<std::size_t>(in_w_), out_width = static_cast<std::size_t>(out_w_);
    const std::size_t plane = width * static_cast<std::size_t>(in_h_);
    if (in_h_ == out_h_ && in_w_ == out_w_) {
      std::copy_n(in, plane * static_cast<std::size_t>(planes), out);
      return;
    }
    for (int p = 0; p < planes; ++p, in += plane)
      for (int y = 0; y < out_h_; ++y, out += out_width) {
        const T* top = in + width * static_cast<std::size_t>(rows_.first(y));
        blend_rows(top, rows_.weights(y), scratch);
        blend_columns(scratch, out);
      }
  }

 private:
  static int checked(int extent, const char* name) {
    if (extent < 1 || extent > kMaxResizeExtent)
      throw Error(std::string("Resize: ") + name, "1 to " + std::to_string(kMaxResizeExtent) + " pixels",
                  std::to_string(extent));
    return extent;
  }

  /// row[x] = sum over k of weight[k] * in[k][x].
  void blend_rows(const T* in, const T* weight, T* row) const {
    for (int x = 0; x < in_w_; ++x) row[x] = weight[0] * in[x];
    for (int k = 1; k < rows_.taps(); ++k) {
      const T w = weight[k];
      in += in_w_;
      for (int x = 0; x < in_w_; ++x) row[x] += w * in[x];
    }
  }

  /// out[x] = sum over k of weight[x][k] * row[first[x] + k]; the usual tap counts are unrolled.
  void blend_columns(const T* row, T* out) const {
    switch (columns_.taps()) {
      case 1:
        return blend_columns(row, out, [] { return 1; });
      case 2:
        return blend_columns(row, out, [] { return 2; });
      case 3:
        return blend_columns(row, out, [] { return 3; });
      case 4:
        return blend_columns(row, out, [] { return 4; });
      default:
        return blend_columns(row, out, [n = columns_.taps()] { return n; });
    }
  }

  template <class Taps>
  void blend_columns(const T* row, T* out, Taps taps) const {
    const T* weight = columns_.weights(0);
    for (int x = 0; x < out_w_; ++x, weight += taps()) {
      const T* source = row + columns_.first(x);
      T sum = weight[0] * source[0];
      for (int k = 1; k < taps(); ++k) sum += weight[k] * source[k];
      out[x] = sum;
    }
  }

  int in_h_, in_w_, out_h_, out_w_;
  ResizeAxis<T> rows_, columns_;
};

/// Resizes planar `in` [planes][in_h][in_w]; allocates its tables, its scratch and the result
/// [planes][out_h][out_w]. Throws Error for bad sizes.
template <class T>
[[nodiscard]] std::vector<T> resize(std::span<const T> in, int planes, int in_h, int in_w, int out_h,
                                    int out_w, Resampling resampling = Resampling::antialiased) {
  const Resize<T> op(in_h, in_w, out_h, out_w, resampling);
  const auto area = [](int h, int w) { return static_cast<std::size_t>(h) * static_cast<std::size_t>(w); };
  if (planes < 1 || in.size() != static_cast<std::size_t>(planes) * area(in_h, in_w))
    throw Error("resize: input",
                std::to_string(planes) + " (at least 1) planes of " + std::to_string(in_h) + "x" +
                    std::to_string(in_w) + " elements",
                std::to_string(in.size()) + " elements");
  std::vector<T> out(static_cast<std::size_t>(planes) * area(out_h, out_w)), scratch(op.scratch_size());
  op(in.data(), out.data(), planes, scratch.data());
  return out;
}

}  // namespace drnet::inline DRNET_ISA
