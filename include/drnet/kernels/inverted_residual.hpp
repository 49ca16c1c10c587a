// Inverted residuals at inference, a few rows at a time: the widened feature map, several times larger than
// what goes in and comes out, stays in the second-level cache. A strip is a run of rows of one image that one
// thread works down, band by band:
//
//        x                     ring                    filtered                  y
//   ┌─────────┐  1 x 1    ┌───────────┐ depthwise  ┌─────────────┐  1 x 1   ┌─────────┐
//   │         │ widens    │ k - s old │   k x k    │             │ narrows  │         │
//   │ ▒▒▒▒▒▒▒ │ ────────▶ │ rows, and │ ─────────▶ │ rows of one │ ───────▶ │ ▒▒▒▒▒▒▒ │
//   │         │           │ new ones  │            │ band        │          │         │
//   └─────────┘           └───────────┘            └─────────────┘          └─────────┘
//
// The rows that two bands share are moved to the head of the ring; those that two strips share are computed
// by both, to the same bits. The three kernels are those of the layers: the sweeps of the 1 x 1 convolutions
// and the depthwise rows.
#pragma once

#include <drnet/kernels/convolution.hpp>
#include <drnet/kernels/depthwise.hpp>

namespace drnet::inline DRNET_ISA {

/// A 1 x 1 convolution of a whole plane whose tiles are single rows, and its epilogue.
template <class T, Expression E>
struct Pointwise {
  const SweepPlan<T>& plan;
  const T* weights;  ///< packed
  E epilogue;

  /// Rows [begin, end) of image n.
  void rows(Planes<const T> x, Planes<T> y, Index n, int begin, int end) const {
    for (int block = 0; block < plan.out_blocks; block += plan.tile.vectors)
      detail::convolve_panel<T>(plan, x, weights + block * plan.panel_size(), y, epilogue, n, block,
                                std::min(plan.tile.vectors, plan.out_blocks - block), begin, end, false);
  }
};

template <class T, Expression E>
Pointwise(const SweepPlan<T>&, const T*, E) -> Pointwise<T, E>;

/// How the rows between the two 1 x 1 convolutions are cut and stored.
template <class T>
struct BandPlan {
  Shape wide, filtered;  ///< of whole planes
  int rows;              ///< of a band
  Window window;

  [[nodiscard]] constexpr int bands() const { return ceil_div(filtered.height, rows); }
  [[nodiscard]] constexpr int ring_rows() const { return (rows - 1) * window.stride + window.kernel; }
  [[nodiscard]] constexpr Index ring_row() const {
    return Index{wide.width + 2 * window.padding} * kLanes<T>;
  }
  [[nodiscard]] constexpr Index ring_plane() const {
    return (ring_rows() * ring_row() / kLanes<T> | 1) * kLanes<T>;
  }
  [[nodiscard]] constexpr Index filtered_row() const { return Index{filtered.width} * kLanes<T>; }
  [[nodiscard]] constexpr Index filtered_plane() const {
    return (rows * Index{filtered.width} | 1) * kLanes<T>;
  }
  [[nodiscard]] constexpr int blocks() const { return ceil_div(wide.channels, kLanes<T>); }
  /// Scalars of one thread's ring and band.
  [[nodiscard]] constexpr Index scratch() const { return blocks() * (ring_plane() + filtered_plane()); }
};

/// The tallest bands whose ring and filtered rows take at most 512 KiB, equally tall as far as they can be.
template <class T, Window W, Shape Wide>
inline constexpr BandPlan<T> kBandPlan = [] {
  BandPlan<T> plan{Wide, W.output(Wide, Wide.channels), 1, W};
  while (plan.rows < plan.filtered.height) {
    ++plan.rows;
    if (plan.scratch() * Index{sizeof(T)} > (Index{512} << 10)) {
      --plan.rows;
      break;
    }
  }
  plan.rows = ceil_div(plan.filtered.height, plan.bands());
  return plan;
}();

namespace detail {

/// Bands [begin, end) of one image, in one thread's memory.
template <Window W, class Runs, class T, class E, class F, class Narrow>
void convolve_strip(const BandPlan<T>& plan, Planes<const T> x, const Pointwise<T, E>& widen,
                    const T* filters, const F& filter_epilogue, const Narrow& narrow, Index n, int begin,
                    int end, T* memory) {
  constexpr int B = kLanes<T>;
  const int blocks = plan.blocks();
  const Index row = plan.ring_row(), plane = plan.ring_plane();
  T* const band = memory + blocks * plane;
  constexpr Index side = Index{W.padding} * B;
  for (int b = 0; b < blocks; ++b)  // the halo on both sides stays zero
    for (int r = 0; r < plan.ring_rows(); ++r) {
      T* const line = memory + b * plane + r * row;
      std::fill_n(line, side, T(0));
      std::fill_n(line + row - side, side, T(0));
    }
  int known = 0;  // rows of the widened plane before this one are in the ring
  for (int first_row = begin * plan.rows; first_row < std::min(end * plan.rows, plan.filtered.height);
       first_row += plan.rows) {
    const int last_row = std::min(first_row + plan.rows, plan.filtered.height);
    const int top = first_row * W.stride - W.padding,
              bottom = (last_row - 1) * W.stride - W.padding + W.kernel;
    const bool first = first_row == begin * plan.rows;
    if (!first)  // what the bands share moves to the head
      for (int b = 0; b < blocks; ++b)
        std::copy_n(memory + b * plane + plan.rows * W.stride * row, std::max(known - top, 0) * row,
                    memory + b * plane);
    const int from = std::max(first ? 0 : known, top);
    known = std::min(bottom, plan.wide.height);
    // Rows count from the top of the plane, so that row `top` is the ring's first.
    const Planes<T> ring{memory + W.padding * B - top * row, 0, plane, row};
    if (from < known) widen.rows(x, ring, n, from, known);
    const auto zero_rows = [&](int first_zero, int end_zero) {
      for (int r = first_zero; r < end_zero; ++r)
        for (int b = 0; b < blocks; ++b) std::fill_n(memory + b * plane + (r - top) * row, row, T(0));
    };
    zero_rows(top, std::min(0, bottom));      // above the plane
    zero_rows(std::max(known, top), bottom);  // below it
    const Planes<const T> wide{ring.origin, ring.image_stride, ring.plane_stride, ring.row_stride};
    const Planes<T> filtered{band - first_row * plan.filtered_row(), 0, plan.filtered_plane(),
                             plan.filtered_row()};
    narrow(filtered, first_row, last_row, [&](Planes<T> to) {
      for (int b = 0; b < blocks; ++b)
        depthwise_rows<W, Runs, T>(wide, filters, to, plan.filtered.width, filter_epilogue, n, b, first_row,
                                   last_row);
    });
  }
}

}  // namespace detail

/// Work on n images, in strips: as many as there are threads, if they are not busy with an image each. Calls
/// narrow(filtered, first row, last row, filter) for every band, which calls filter(Planes) with where the
/// filtered rows shall be (`filtered` is the thread's own memory for them) and makes of them what it wants.
template <Window W, class Runs, class T, class E, class F, class Narrow>
void convolve_bands(const ExecutionPolicy& policy, const BandPlan<T>& plan, Index n, Planes<const T> x,
                    const Pointwise<T, E>& widen, const T* filters, const F& filter_epilogue, T* scratch,
                    const Narrow& narrow) {
  const int strips = n >= policy.threads() ? 1 : std::min(plan.bands(), policy.threads());
  policy.for_parts(n * strips, [&](Index part, int worker) {
    const int strip = static_cast<int>(part % strips);
    const Index i = part / strips;
    detail::convolve_strip<W, Runs, T>(
        plan, x, widen, filters, filter_epilogue,
        [&](Planes<T> filtered, int first, int last, const auto& filter) {
          narrow(filtered, i, first, last, filter);
        },
        i, plan.bands() * strip / strips, plan.bands() * (strip + 1) / strips,
        scratch + worker * plan.scratch());
  });
}

}  // namespace drnet::inline DRNET_ISA
