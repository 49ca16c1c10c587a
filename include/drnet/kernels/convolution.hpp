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

#include <span>

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
  /// Those of the input gradient, which reads outputs and writes inputs.
  [[nodiscard]] constexpr ConvChannels turned() const { return {.out = in, .in = out, .groups = groups}; }
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

/// One register tile of a row group: its kernel and its outputs, segments of rows.
template <class T>
struct TileCall {
  void (*kernel)(const TileInput<T>&, T*) = nullptr;
  int row = 0, column = 0;  ///< of its first output
  int segments = 0;
  std::array<int, kMostRows> lengths{};
};

/// The tiles of a group of `Rows` rows of `Width` outputs.
template <class T, int Step, int Vectors, int Rows, int Width, int Pixels>
inline constexpr auto kTileCalls = [] {
  std::array<TileCall<T>, static_cast<std::size_t>(ceil_div(Rows * Width, Pixels))> calls;
  std::size_t next = 0;
  for_each_tile<Rows, Width, Pixels>([&]<class Tile>(Tile, int row, int column) {
    TileCall<T>& call = calls[next++];
    call = {&convolution_tile<T, Step, Vectors, Tile>, row, column, Tile::kCount, {}};
    std::copy(Tile::kLengths.begin(), Tile::kLengths.end(), call.lengths.begin());
  });
  return calls;
}();

/// How one sweep is cut: a function of the problem alone, so the bits never depend on who runs the parts. The
/// tiles are chosen at compile time; the loops around them read the plan and are compiled once an epilogue.
template <class T>
struct SweepPlan {
  Sweep sweep;
  int channels;               ///< inputs of one bundle
  int in_blocks, out_blocks;  ///< of one bundle
  TileShape tile;
  /// Tiles of a whole row group and of the last one, with all vectors of a panel and with those of the last
  /// one.
  std::array<std::array<std::span<const TileCall<T>>, 2>, 2> tiles;

  [[nodiscard]] constexpr int panels() const { return ceil_div(out_blocks, tile.vectors); }  ///< of a bundle
  [[nodiscard]] constexpr int groups() const { return ceil_div(sweep.height, tile.rows); }
  /// Scalars of the weights of one block of outputs.
  [[nodiscard]] constexpr Index panel_size() const {
    return Index{channels} * sweep.taps_h * sweep.taps_w * kLanes<T>;
  }
};

template <class T, Sweep S, int InChannels, int OutChannels>
inline constexpr SweepPlan<T> kSweepPlan = [] {
  constexpr int in_blocks = ceil_div(InChannels, kLanes<T>) / S.bundles,
                out_blocks = ceil_div(OutChannels, kLanes<T>) / S.bundles;
  constexpr TileShape tile = choose_tile(S.height, S.width, out_blocks);
  constexpr int last_rows = S.height % tile.rows, last_vectors = out_blocks % tile.vectors;
  SweepPlan<T> plan{S, InChannels / S.bundles, in_blocks, out_blocks, tile, {}};
  const auto with_vectors = [&]<int Vectors>(auto& tiles) {
    tiles[0] = kTileCalls<T, S.in_step, Vectors, tile.rows, S.width, tile.pixels>;
    if constexpr (last_rows > 0)
      tiles[1] = kTileCalls<T, S.in_step, Vectors, last_rows, S.width, tile.pixels>;
  };
  with_vectors.template operator()<tile.vectors>(plan.tiles[0]);
  if constexpr (last_vectors > 0) with_vectors.template operator()<last_vectors>(plan.tiles[1]);
  return plan;
}();

namespace detail {

/// Row groups [begin, end) of one panel of one image: every tile accumulates in registers, then the epilogue
/// stores each output once. `block` is the panel's first block of outputs, of which `vectors` follow. With
/// `ask` the tiles ask for as large a part of the next panel, whose weights come from memory.
template <class T, class E>
void convolve_panel(const SweepPlan<T>& plan, Planes<const T> x, const T* panel, Planes<T> y,
                    const E& epilogue, Index n, int block, int vectors, int begin, int end, bool ask) {
  constexpr int B = kLanes<T>;
  const Sweep& s = plan.sweep;
  const int in_block = block / plan.out_blocks * plan.in_blocks;
  TileInput<T> in{.pixels = nullptr,
                  .wrap = 0,
                  .segment_stride = s.in_step * x.row_stride,
                  .row_stride = x.row_stride,
                  .plane_stride = x.plane_stride,
                  .weights = panel,
                  .panel_stride = plan.panel_size(),
                  .taps_h = s.taps_h,
                  .taps_w = s.taps_w,
                  .channels = plan.channels,
                  .next = panel + vectors * plan.panel_size() * (begin + plan.groups()) / plan.groups()};
  const Index steps = Index{plan.in_blocks} * s.taps_h * s.taps_w;
  if (ask)
    in.next_lines =
        static_cast<int>(ceil_div(vectors * plan.panel_size() * Index{sizeof(T)} / kCacheLine,
                                  steps * plan.groups() * static_cast<Index>(plan.tiles[0][0].size())));
  const T* const next_end = panel + 2 * vectors * plan.panel_size();
  const Index next_step = in.next_lines * steps * kCacheLine / Index{sizeof(T)};
  alignas(64) T result[(kSimdRegisters - 4) * B];  // any tile: fits_registers()
  for (int g = begin; g < end; ++g) {
    const int first_row = g * plan.tile.rows;
    const T* const from = x.row(n, in_block, s.in_y + s.in_step * first_row) + Index{s.in_x} * B;
    for (const TileCall<T>& tile :
         plan.tiles[vectors < plan.tile.vectors][first_row + plan.tile.rows > s.height]) {
      in.pixels = from + s.in_step * (tile.row * x.row_stride + Index{tile.column} * B);
      in.wrap = s.in_step * (x.row_stride - Index{tile.column} * B);
      tile.kernel(in, result);
      in.next += next_step;
      if (in.next >= next_end) in.next_lines = 0;
      const T* value = result;
      for (int o = block; o < block + vectors; ++o) {
        int column = s.out_x + s.out_step * tile.column;
        int row = s.out_y + s.out_step * (first_row + tile.row);
        for (int segment = 0; segment < tile.segments; ++segment, column = s.out_x, row += s.out_step) {
          T* to = y.row(n, o, row) + Index{column} * B;
          const T* const last = value + Index{tile.lengths[static_cast<std::size_t>(segment)]} * B;
          const auto bound = epilogue.row(n, o, row);
          const Index step = Index{s.out_step} * B;
          const auto store = [&](int i) __attribute__((always_inline)) {
            simd::store<T>(to + i * step, bound(simd::load<T>(value + i * B), column + i * s.out_step));
          };
          for (; last - value >= 4 * B; value += 4 * B, to += 4 * step, column += 4 * s.out_step)
            store(0), store(1), store(2), store(3);
          for (; value != last; value += B, to += step, column += s.out_step) store(0);
        }
      }
    }
  }
}

}  // namespace detail

/// Runs a sweep over images [0, n). Parts are (images, panels, row groups); every output is computed by one
/// part in one order, so the cut never changes a bit. Weights that outgrow the caches stay put while images
/// pass by.
template <class T, Expression E>
void convolve(const ExecutionPolicy& policy, const SweepPlan<T>& plan, Index n, Planes<const T> x,
              const T* packed, Planes<T> y, const E& epilogue) {
  const int panels = plan.sweep.bundles * plan.panels(), groups = plan.groups();
  const Index weight_bytes = plan.panel_size() * plan.out_blocks * plan.sweep.bundles * Index{sizeof(T)};
  const Index image_bytes = x.image_stride * Index{sizeof(T)};
  const bool weights_stay = weight_bytes > kLightWeights;

  const int panel_cuts = weights_stay ? panels : 1;
  const Index image_step = weights_stay ? std::clamp<Index>((Index{512} << 10) / image_bytes, 1, n) : 1;
  const Index image_cuts = ceil_div(n, image_step);
  const Index least = std::max(8, 2 * policy.threads());  // parts
  const Index wanted =
      std::max(ceil_div(image_bytes, Index{256} << 10), ceil_div(least, image_cuts * panel_cuts));
  const int group_cuts = static_cast<int>(std::min<Index>(weights_stay && n > 1 ? 1 : wanted, groups));

  policy.for_parts(image_cuts * panel_cuts * group_cuts, [&](Index part, int) {
    const int cut = static_cast<int>(part % group_cuts);
    const int begin = groups * cut / group_cuts, end = groups * (cut + 1) / group_cuts;
    const int panel_cut = static_cast<int>(part / group_cuts % panel_cuts);
    const Index first = part / group_cuts / panel_cuts * image_step, last = std::min(n, first + image_step);
    for (int p = weights_stay ? panel_cut : 0; p < (weights_stay ? panel_cut + 1 : panels); ++p) {
      const int in_bundle = p % plan.panels() * plan.tile.vectors;
      const int block = p / plan.panels() * plan.out_blocks + in_bundle;
      const int vectors = std::min(plan.tile.vectors, plan.out_blocks - in_bundle);
      for (Index i = first; i < last; ++i)
        detail::convolve_panel<T>(plan, x, packed + block * plan.panel_size(), y, epilogue, i, block, vectors,
                                  begin, end, weights_stay && i + 1 == last);
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
  constexpr Sweep sweep = forward_sweep(W, In, channels.bundles(kLanes<T>));
  convolve<T>(policy, kSweepPlan<T, sweep, In.channels, Out.channels>, n, x, packed, y, epilogue);
}

/// Scalars that convolution_input_gradient() needs for its packed weights.
template <class T>
[[nodiscard]] constexpr Index turned_size(ConvChannels c, Window w) {
  return packed_size<T>(c.turned(), w.kernel * w.kernel);
}

/// Packs all parities of a convolution for convolution_input_gradient().
template <Window W, Shape In, class T>
void pack_input_gradient(const ExecutionPolicy& policy, const T* weights, ConvChannels c, T* packed) {
  for (int a = 0; a < W.stride; ++a)
    for (int b = 0; b < W.stride; ++b) {
      const Parity rows(W, In.height, a), columns(W, In.width, b);
      pack_turned_weights(policy, weights, c, W, rows, columns, packed);
      packed += packed_size<T>(c.turned(), rows.taps * columns.taps);
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
    if constexpr (rows.count > 0 && columns.count > 0) {
      constexpr Sweep sweep{.height = rows.count,
                            .width = columns.count,
                            .taps_h = rows.taps,
                            .taps_w = columns.taps,
                            .in_y = rows.shift - rows.taps + 1,
                            .in_x = columns.shift - columns.taps + 1,
                            .out_step = W.stride,
                            .out_y = rows.offset,
                            .out_x = columns.offset,
                            .bundles = turned.bundles(kLanes<T>)};
      convolve<T>(policy, kSweepPlan<T, sweep, Out.channels, In.channels>, n, dy, packed, dx, epilogue);
    }
    packed += packed_size<T>(turned, rows.taps * columns.taps);
  });
}

}  // namespace drnet::inline DRNET_ISA
