// Direct convolution on the channel-blocked layout: forward pass and input gradient. Both are the same sweep
// of register tiles over a plane; the input gradient sweeps the output gradient with turned and transposed
// weights, and for stride s it is s * s such sweeps, one for each parity of the input position.
//
// Packed weights: [output block][input block][tap row][tap column][channel][lanes], one sequential stream a
// panel.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/convolution_tile.hpp>
#include <drnet/kernels/window.hpp>
#include <drnet/tensor/expression.hpp>

namespace drnet::inline DRNET_ISA {

/// Scalars of the packed weights of a dense convolution with `in` channels read and `out` channels written.
template <class T>
[[nodiscard]] constexpr Index packed_size(int out, int in, int taps) {
  return Index{ceil_div(out, kLanes<T>)} * kLanes<T> * in * taps;
}

/// Packs weights [out][in][k][k] (PyTorch's layout) for the forward pass.
template <class T>
void pack_weights(const ExecutionPolicy& policy, const T* weights, int out, int in, int kernel, T* packed) {
  constexpr int B = kLanes<T>;
  const int taps = kernel * kernel;
  policy.for_parts(ceil_div(out, B), [&](Index part, int) {
    const Index ob = part * B;
    T* to = packed + part * B * in * taps;
    for (int ib = 0; ib < in; ib += B)
      for (int tap = 0; tap < taps; ++tap)
        for (int i = ib; i < std::min(ib + B, in); ++i)
          for (Index lane = 0; lane < B; ++lane)
            *to++ = ob + lane < out ? weights[((ob + lane) * in + i) * taps + tap] : T(0);
  });
}

/// Packs the taps of one parity, turned by 180 degrees and with inputs and outputs exchanged, for the input
/// gradient.
template <class T>
void pack_turned_weights(const ExecutionPolicy& policy, const T* weights, int out, int in, Window w,
                         Parity rows, Parity columns, T* packed) {
  constexpr int B = kLanes<T>;
  policy.for_parts(ceil_div(in, B), [&](Index part, int) {
    const Index ib = part * B;
    T* to = packed + part * B * out * rows.taps * columns.taps;
    for (int ob = 0; ob < out; ob += B)
      for (int r = rows.taps - 1; r >= 0; --r)
        for (int c = columns.taps - 1; c >= 0; --c) {
          const Index tap = Index{rows.first + w.stride * r} * w.kernel + columns.first + w.stride * c;
          for (Index o = ob; o < std::min(ob + B, out); ++o)
            for (Index lane = 0; lane < B; ++lane)
              *to++ = ib + lane < in ? weights[(o * in + ib + lane) * w.kernel * w.kernel + tap] : T(0);
        }
  });
}

/// One pass of tiles over a plane of height x width results: result (y, x) reads taps starting at input
/// position (in_y + in_step * y, in_x + in_step * x) and is stored at (out_y + out_step * y, out_x + out_step
/// * x).
struct Sweep {
  int height, width, taps_h, taps_w;
  int in_step = 1, in_y = 0, in_x = 0;
  int out_step = 1, out_y = 0, out_x = 0;
};

namespace detail {

/// One row group of one panel: every tile accumulates in registers, then the epilogue stores each output
/// once.
template <Sweep S, int Rows, int Vectors, int Pixels, class In, class Out, class E>
void convolve_group(In x, const typename Out::Scalar* panel, Out y, const E& epilogue, Index n, int block,
                    int row) {
  using T = typename Out::Scalar;
  constexpr int B = kLanes<T>, channels = In::kShape.channels, taps = S.taps_h * S.taps_w;
  for_each_tile<Rows, S.width, Pixels>([&](auto tile, int tile_row,
                                           int column) __attribute__((always_inline)) {
    using Tile = decltype(tile);
    alignas(64) T result[Tile::kPixels * Vectors * B];
    const int ty = row + tile_row;
    convolution_tile<T, S.in_step, Vectors, Tile>(
        TileInput<T>{.pixels = x.row(n, 0, S.in_y + S.in_step * ty) + Index{S.in_x + S.in_step * column} * B,
                     .wrap = Index{S.in_step} * (In::kRowStride - column * B),
                     .segment_stride = Index{S.in_step} * In::kRowStride,
                     .row_stride = In::kRowStride,
                     .plane_stride = In::kPlaneStride,
                     .weights = panel,
                     .panel_stride = Index{channels} * taps * B,
                     .taps_h = S.taps_h,
                     .taps_w = S.taps_w,
                     .channels = channels},
        result);
    for (int o = 0; o < Vectors; ++o) {
      const T* from = result + o * B;
      for (int s = 0; s < Tile::kCount; ++s) {
        const int out_row = S.out_y + S.out_step * (ty + s);
        const int first = S.out_x + (s == 0 ? S.out_step * column : 0);
        T* to = y.row(n, block + o, out_row);
        const auto bound = epilogue.row(n, block + o, out_row);
        for (int i = 0; i < Tile::kLengths[static_cast<std::size_t>(s)]; ++i, from += Vectors * B) {
          const int out_column = first + S.out_step * i;
          simd::store<T>(to + Index{out_column} * B, bound(simd::load<T>(from), out_column));
        }
      }
    }
  });
}

/// Row groups [begin, end) of one panel of one image.
template <Sweep S, TileShape Tile, int Vectors, class In, class Out, class E>
void convolve_panel(In x, const typename Out::Scalar* panel, Out y, const E& e, Index n, int block, int begin,
                    int end) {
  constexpr int full = S.height / Tile.rows, rest = S.height % Tile.rows;
  for (int g = begin; g < std::min(end, full); ++g)
    convolve_group<S, Tile.rows, Vectors, Tile.pixels>(x, panel, y, e, n, block, g * Tile.rows);
  if constexpr (rest > 0)
    if (end > full) convolve_group<S, rest, Vectors, Tile.pixels>(x, panel, y, e, n, block, full * Tile.rows);
}

}  // namespace detail

/// Runs a sweep over images [0, n). Parts are (images, panels, row groups); every output is computed by one
/// part in one order, so the cut never changes a bit. Weights that outgrow the caches stay put while images
/// pass by.
template <Sweep S, class T, class In, class Out, Expression E>
void convolve(const ExecutionPolicy& policy, Index n, In x, const T* packed, Out y, const E& epilogue) {
  constexpr TileShape tile = choose_tile(S.height, S.width, Out::kBlocks);
  constexpr int panels = ceil_div(Out::kBlocks, tile.vectors), groups = ceil_div(S.height, tile.rows);
  constexpr Index panel_size = Index{In::kShape.channels} * S.taps_h * S.taps_w * kLanes<T>;
  constexpr Index weight_bytes = panel_size * Out::kBlocks * Index{sizeof(T)};
  constexpr Index image_bytes = In::kImageStride * Index{sizeof(T)};
  constexpr bool weights_stay = weight_bytes > (Index{256} << 10);

  const int panel_cuts = weights_stay ? panels : 1;
  const Index image_step = weights_stay ? std::clamp<Index>((Index{512} << 10) / image_bytes, 1, n) : 1;
  const Index image_cuts = ceil_div(n, image_step);
  const Index wanted =
      std::max(ceil_div(image_bytes, Index{256} << 10), ceil_div(Index{8}, image_cuts * panel_cuts));
  const int group_cuts = static_cast<int>(std::min<Index>(weights_stay && n > 1 ? 1 : wanted, groups));

  policy.for_parts(image_cuts * panel_cuts * group_cuts, [&](Index part, int) {
    const int cut = static_cast<int>(part % group_cuts);
    const int begin = groups * cut / group_cuts, end = groups * (cut + 1) / group_cuts;
    const int panel_cut = static_cast<int>(part / group_cuts % panel_cuts);
    const Index first = part / group_cuts / panel_cuts * image_step, last = std::min(n, first + image_step);
    for (int p = weights_stay ? panel_cut : 0; p < (weights_stay ? panel_cut + 1 : panels); ++p) {
      const int block = p * tile.vectors;
      for (Index i = first; i < last; ++i)
        if (block + tile.vectors <= Out::kBlocks)
          detail::convolve_panel<S, tile, tile.vectors>(x, packed + block * panel_size, y, epilogue, i, block,
                                                        begin, end);
        else if constexpr (Out::kBlocks % tile.vectors > 0)
          detail::convolve_panel<S, tile, Out::kBlocks % tile.vectors>(x, packed + block * panel_size, y,
                                                                       epilogue, i, block, begin, end);
    }
  });
}

/// The sweep of a forward convolution from shape `in`.
[[nodiscard]] constexpr Sweep forward_sweep(Window w, Shape in) {
  return {.height = w.output(in.height),
          .width = w.output(in.width),
          .taps_h = w.kernel,
          .taps_w = w.kernel,
          .in_step = w.stride,
          .in_y = -w.padding,
          .in_x = -w.padding};
}

/// y = epilogue(x * weights), weights packed by pack_weights().
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void convolution_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                         const T* packed, FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  static_assert(HaloIn >= W.padding, "the input's halo is narrower than the padding");
  convolve<forward_sweep(W, In)>(policy, n, x, packed, y, epilogue);
}

/// Scalars that convolution_input_gradient() needs for its packed weights.
template <class T>
[[nodiscard]] constexpr Index turned_size(int out, int in, Window w) {
  return packed_size<T>(in, out, w.kernel * w.kernel);
}

/// Packs all parities of a convolution for convolution_input_gradient().
template <Window W, Shape In, class T>
void pack_input_gradient(const ExecutionPolicy& policy, const T* weights, int out, T* packed) {
  for (int a = 0; a < W.stride; ++a)
    for (int b = 0; b < W.stride; ++b) {
      const Parity rows(W, In.height, a), columns(W, In.width, b);
      pack_turned_weights(policy, weights, out, In.channels, W, rows, columns, packed);
      packed += packed_size<T>(In.channels, out, rows.taps * columns.taps);
    }
}

/// dx = epilogue(gradient with respect to x); every element of dx is written once.
template <Window W, class T, Shape Out, int HaloOut, Shape In, int HaloIn, Expression E>
void convolution_input_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, Out, HaloOut> dy,
                                const T* packed, FeatureMap<T, In, HaloIn> dx, const E& epilogue) {
  static_assert(HaloOut >= gradient_halo(W, In.height) && HaloOut >= gradient_halo(W, In.width),
                "the output gradient's halo is too narrow for the input gradient");
  unroll<W.stride * W.stride>([&](auto parity) {
    constexpr Parity rows(W, In.height, parity / W.stride), columns(W, In.width, parity % W.stride);
    if constexpr (rows.count > 0 && columns.count > 0)
      convolve<Sweep{.height = rows.count,
                     .width = columns.count,
                     .taps_h = rows.taps,
                     .taps_w = columns.taps,
                     .in_y = rows.shift - rows.taps + 1,
                     .in_x = columns.shift - columns.taps + 1,
                     .out_step = W.stride,
                     .out_y = rows.offset,
                     .out_x = columns.offset}>(policy, n, dy, packed, dx, epilogue);
    packed += packed_size<T>(In.channels, Out.channels, rows.taps * columns.taps);
  });
}

}  // namespace drnet::inline DRNET_ISA
