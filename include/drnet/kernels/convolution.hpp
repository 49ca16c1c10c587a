// Direct convolution on the channel-blocked layout: forward pass and input gradient. Both are the same sweep
// of register tiles over a plane; the input gradient sweeps the output gradient with turned and transposed
// weights, and for stride s it is s * s such sweeps, one for each parity of the input position.
//
// Packed weights: [output block][input block][tap row][tap column][channel][lanes], one sequential stream a
// panel.
//
// A grouped convolution is cut into bundles of whole groups whose channels fill whole blocks; inside of a
// bundle it is a dense convolution with zeros between the groups (16 lanes, 32 groups of 4 channels):
//
//            input blocks                     ┌ ▪       ┐
//          ┌ □       ┐                        │   ▪     │
//   output │   □     │  □ = one bundle    □ = │     ▪   │ ▪ = weights of one group, zero elsewhere
//   blocks │     □   │                        │       ▪ │
//          └       □ ┘                        └         ┘
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/convolution_tile.hpp>
#include <drnet/kernels/window.hpp>
#include <drnet/tensor/expression.hpp>

namespace drnet::inline DRNET_ISA {

/// The channels of a convolution, in groups that see only their own inputs; both numbers are multiples of
/// `groups`. Weights are [out][in / groups][k][k], PyTorch's layout.
struct ConvChannels {
  int out, in, groups = 1;

  /// The most bundles of whole groups whose inputs and outputs fill blocks of `lanes` channels.
  [[nodiscard]] constexpr int bundles(int lanes) const {
    for (int n = groups; n > 1; --n)
      if (groups % n == 0 && out / n % lanes == 0 && in / n % lanes == 0) return n;
    return 1;
  }
  /// Scalars of all weights of one kernel position.
  [[nodiscard]] constexpr Index weights() const { return Index{out} * (in / groups); }
  /// The first of the in / groups inputs that output o sees, and of the out / groups outputs that see input
  /// i.
  [[nodiscard]] constexpr Index first_input(Index o) const { return o / (out / groups) * (in / groups); }
  [[nodiscard]] constexpr Index first_output(Index i) const { return i / (in / groups) * (out / groups); }
};

/// Scalars of the packed weights of a convolution for passes that write `out` and read `in`.
template <class T>
[[nodiscard]] constexpr Index packed_size(ConvChannels c, int taps) {
  return Index{ceil_div(c.out, kLanes<T>)} * kLanes<T> * (c.in / c.bundles(kLanes<T>)) * taps;
}

/// Packs weights for the forward pass.
template <class T>
void pack_weights(const ExecutionPolicy& policy, const T* weights, ConvChannels c, int kernel, T* packed) {
  constexpr int B = kLanes<T>;
  const int taps = kernel * kernel, bundles = c.bundles(B), in = c.in / bundles, seen = c.in / c.groups;
  policy.for_parts(ceil_div(c.out, B), [&](Index part, int) {
    const Index ob = part * B, begin = ob / (c.out / bundles) * in;
    std::array<Index, B> first;  // input of each lane
    for (Index lane = 0; lane < B; ++lane)
      first[static_cast<std::size_t>(lane)] = ob + lane < c.out ? c.first_input(ob + lane) : c.in;
    T* to = packed + ob * in * taps;
    for (Index ib = begin; ib < begin + in; ib += B)
      for (int tap = 0; tap < taps; ++tap)
        for (Index i = ib; i < std::min(ib + B, begin + in); ++i)
          for (Index lane = 0; lane < B; ++lane) {
            const Index k = i - first[static_cast<std::size_t>(lane)];
            *to++ = k >= 0 && k < seen ? weights[((ob + lane) * seen + k) * taps + tap] : T(0);
          }
  });
}

/// Packs the taps of one parity, turned by 180 degrees and with inputs and outputs exchanged, for the input
/// gradient.
template <class T>
void pack_turned_weights(const ExecutionPolicy& policy, const T* weights, ConvChannels channels, Window w,
                         Parity rows, Parity columns, T* packed) {
  constexpr int B = kLanes<T>;
  const int bundles = channels.bundles(B), out = channels.out / bundles;
  const int seen = channels.in / channels.groups, see = channels.out / channels.groups;
  policy.for_parts(ceil_div(channels.in, B), [&](Index part, int) {
    const Index ib = part * B, begin = ib / (channels.in / bundles) * out;
    std::array<Index, B> first;  // output of each lane
    for (Index lane = 0; lane < B; ++lane)
      first[static_cast<std::size_t>(lane)] =
          ib + lane < channels.in ? channels.first_output(ib + lane) : channels.out;
    T* to = packed + ib * out * rows.taps * columns.taps;
    for (Index ob = begin; ob < begin + out; ob += B)
      for (int r = rows.taps - 1; r >= 0; --r)
        for (int c = columns.taps - 1; c >= 0; --c) {
          const Index tap = Index{rows.first + w.stride * r} * w.kernel + columns.first + w.stride * c;
          for (Index o = ob; o < std::min(ob + B, begin + out); ++o) {
            const Index kernel = o * seen + ib - channels.first_input(o);  // of lane 0
            for (Index lane = 0; lane < B; ++lane) {
              const Index k = o - first[static_cast<std::size_t>(lane)];
              *to++ = k >= 0 && k < see ? weights[(kernel + lane) * w.kernel * w.kernel + tap] : T(0);
            }
          }
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
  int bundles = 1;  ///< equal parts of the channels that do not see each other
};

namespace detail {

/// One row group of one panel: every tile accumulates in registers, then the epilogue stores each output
/// once.
template <Sweep S, int Rows, int Vectors, int Pixels, class In, class Out, class E>
void convolve_group(In x, const typename Out::Scalar* panel, Out y, const E& epilogue, Index n, int block,
                    int row) {
  using T = typename Out::Scalar;
  constexpr int B = kLanes<T>, channels = In::kShape.channels / S.bundles, taps = S.taps_h * S.taps_w;
  const int in_block = block / (Out::kBlocks / S.bundles) * (In::kBlocks / S.bundles);
  for_each_tile<Rows, S.width, Pixels>([&](auto tile, int tile_row,
                                           int column) __attribute__((always_inline)) {
    using Tile = decltype(tile);
    alignas(64) T result[Tile::kPixels * Vectors * B];
    const int ty = row + tile_row;
    convolution_tile<T, S.in_step, Vectors, Tile>(
        TileInput<T>{
            .pixels = x.row(n, in_block, S.in_y + S.in_step * ty) + Index{S.in_x + S.in_step * column} * B,
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
  static_assert(S.bundles == 1 || (In::kShape.channels % (S.bundles * kLanes<T>) == 0 &&
                                   Out::kShape.channels % (S.bundles * kLanes<T>) == 0));
  constexpr int bundle_blocks = Out::kBlocks / S.bundles;
  constexpr TileShape tile = choose_tile(S.height, S.width, bundle_blocks);
  constexpr int bundle_panels = ceil_div(bundle_blocks, tile.vectors), panels = S.bundles * bundle_panels;
  constexpr int groups = ceil_div(S.height, tile.rows), rest = bundle_blocks % tile.vectors;
  constexpr Index panel_size =
      Index{In::kShape.channels / S.bundles} * S.taps_h * S.taps_w * kLanes<T>;  // of one block of outputs
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
      const int in_bundle = p % bundle_panels * tile.vectors;
      const int block = p / bundle_panels * bundle_blocks + in_bundle;
      for (Index i = first; i < last; ++i)
        if (in_bundle + tile.vectors <= bundle_blocks)
          detail::convolve_panel<S, tile, tile.vectors>(x, packed + block * panel_size, y, epilogue, i, block,
                                                        begin, end);
        else if constexpr (rest > 0)
          detail::convolve_panel<S, tile, rest>(x, packed + block * panel_size, y, epilogue, i, block, begin,
                                                end);
    }
  });
}

/// The sweep of a forward convolution from shape `in`.
[[nodiscard]] constexpr Sweep forward_sweep(Window w, Shape in, int bundles = 1) {
  return {.height = w.output(in.height),
          .width = w.output(in.width),
          .taps_h = w.kernel,
          .taps_w = w.kernel,
          .in_step = w.stride,
          .in_y = -w.padding,
          .in_x = -w.padding,
          .bundles = bundles};
}

/// y = epilogue(x * weights), weights packed by pack_weights().
template <Window W, int Groups = 1, class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void convolution_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                         const T* packed, FeatureMap<T, Out, HaloOut> y, const E& epilogue) {
  static_assert(HaloIn >= W.padding, "the input's halo is narrower than the padding");
  constexpr ConvChannels channels{.out = Out.channels, .in = In.channels, .groups = Groups};
  convolve<forward_sweep(W, In, channels.bundles(kLanes<T>))>(policy, n, x, packed, y, epilogue);
}

/// Scalars that convolution_input_gradient() needs for its packed weights.
template <class T>
[[nodiscard]] constexpr Index turned_size(ConvChannels c, Window w) {
  return packed_size<T>({.out = c.in, .in = c.out, .groups = c.groups}, w.kernel * w.kernel);
}

/// Packs all parities of a convolution for convolution_input_gradient().
template <Window W, Shape In, class T>
void pack_input_gradient(const ExecutionPolicy& policy, const T* weights, ConvChannels c, T* packed) {
  for (int a = 0; a < W.stride; ++a)
    for (int b = 0; b < W.stride; ++b) {
      const Parity rows(W, In.height, a), columns(W, In.width, b);
      pack_turned_weights(policy, weights, c, W, rows, columns, packed);
      packed += packed_size<T>({.out = c.in, .in = c.out, .groups = c.groups}, rows.taps * columns.taps);
    }
}

/// dx = epilogue(gradient with respect to x); every element of dx is written once.
template <Window W, int Groups = 1, class T, Shape Out, int HaloOut, Shape In, int HaloIn, Expression E>
void convolution_input_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, Out, HaloOut> dy,
                                const T* packed, FeatureMap<T, In, HaloIn> dx, const E& epilogue) {
  static_assert(HaloOut >= gradient_halo(W, In.height) && HaloOut >= gradient_halo(W, In.width),
                "the output gradient's halo is too narrow for the input gradient");
  constexpr ConvChannels turned{.out = In.channels, .in = Out.channels, .groups = Groups};
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
                     .out_x = columns.offset,
                     .bundles = turned.bundles(kLanes<T>)}>(policy, n, dy, packed, dx, epilogue);
    packed += packed_size<T>(turned, rows.taps * columns.taps);
  });
}

}  // namespace drnet::inline DRNET_ISA
