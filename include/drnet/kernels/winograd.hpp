// Winograd's convolution F(M x M, 3 x 3) (Lavin and Gray, 2016) for stride 1 and one pixel of padding: M x M
// outputs from (M + 2)^2 products a channel instead of 9 M^2, which are 4 times fewer for M = 4 and 2.25
// times for M = 2.
//
//   Y = A' [ sum over c of (G g[c] G') * (B' d[c] B) ] A,   * element by element, ' transposed
//
//   x ──B' d B──▶ V[point][channel][tile] ──(M + 2)^2 matrix products with U──▶ M ──A' m A, epilogue──▶ y
//
//        ┌────┬────┬────┬──┐
//        │ 0  │ 1  │ 2  │ 3│   a tile: M x M outputs from (M + 2)^2 inputs;
//        ├────┼────┼────┼──┤   the last ones reach past the plane
//        │ 4  │ 5  │ 6  │ 7│
//        └────┴────┴────┴──┘
//
// The products of one point are a 1 x 1 convolution whose pixels are tiles, done by its register tiles
// (kernels/tile.hpp); U of one point is packed like its weights.
//
// A slab is some rows of tiles whose V fits the second-level cache. A part takes some tiles of a slab through
// all three steps, so that V never leaves its core. U passes by once a part; where it is large and slabs are
// few, a part takes some panels of U only, and other parts make the same V again. Many threads with few tiles
// share V.
//
// F(4 x 4) interpolates at 0, +-1/sqrt(2), +-sqrt(2) and infinity: its largest error is about twice that of
// the direct convolution (four times with the textbook's 0, +-1, +-2).
#pragma once

#include <drnet/kernels/convolution.hpp>

namespace drnet::inline DRNET_ISA {

/// The transforms of one dimension; those of two apply them to columns, then to rows.
template <int M>
struct Winograd;

/// Points 0, 1, -1, infinity.
template <>
struct Winograd<2> {
  static constexpr int kPoints = 4;
  static constexpr double kWeights[kPoints][3] = {
      {-1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};  // G
  template <class P>
  [[gnu::always_inline]] static void input(const P (&d)[4], P (&v)[4]) {  // v = B' d
    v[0] = simd::sub(d[2], d[0]);
    v[1] = simd::add(d[2], d[1]);
    v[2] = simd::sub(d[2], d[1]);
    v[3] = simd::sub(d[3], d[1]);
  }
  template <class P>
  [[gnu::always_inline]] static void output(const P (&m)[4], P (&y)[2]) {  // y = A' m
    y[0] = simd::add(m[0], simd::add(m[1], m[2]));
    y[1] = simd::add(m[3], simd::sub(m[1], m[2]));
  }
};

/// Points 0, a, -a, b, -b, infinity with a^2 = 1/2, b^2 = 2.
template <>
struct Winograd<4> {
  static constexpr int kPoints = 6;
  static constexpr double a = 1 / std::numbers::sqrt2, b = std::numbers::sqrt2;
  static constexpr double kWeights[kPoints][3] = {{1, 0, 0},
                                                  {-1 / 1.5, -a / 1.5, -0.5 / 1.5},
                                                  {-1 / 1.5, a / 1.5, -0.5 / 1.5},
                                                  {1 / 6.0, b / 6, 2 / 6.0},
                                                  {1 / 6.0, -b / 6, 2 / 6.0},
                                                  {0, 0, 1}};
  template <class P>
  [[gnu::always_inline]] static void input(const P (&d)[6], P (&v)[6]) {
    const P even_a = simd::fma(d[2], simd::constant<P>(-2), d[4]),
            even_b = simd::fma(d[2], simd::constant<P>(-0.5), d[4]);
    const P odd_a = simd::fma(d[1], simd::constant<P>(-2), d[3]),
            odd_b = simd::fma(d[1], simd::constant<P>(-0.5), d[3]);
    v[0] = simd::fma(d[2], simd::constant<P>(-2.5), simd::add(d[0], d[4]));
    v[1] = simd::fma(odd_a, simd::constant<P>(a), even_a);
    v[2] = simd::fma(odd_a, simd::constant<P>(-a), even_a);
    v[3] = simd::fma(odd_b, simd::constant<P>(b), even_b);
    v[4] = simd::fma(odd_b, simd::constant<P>(-b), even_b);
    v[5] = simd::fma(d[3], simd::constant<P>(-2.5), simd::add(d[1], d[5]));
  }
  template <class P>
  [[gnu::always_inline]] static void output(const P (&m)[6], P (&y)[4]) {
    const P sum_a = simd::add(m[1], m[2]), sum_b = simd::add(m[3], m[4]);
    const P difference_a = simd::sub(m[1], m[2]), difference_b = simd::sub(m[3], m[4]);
    y[0] = simd::add(m[0], simd::add(sum_a, sum_b));
    y[1] = simd::fma(difference_a, simd::constant<P>(a), simd::mul(difference_b, simd::constant<P>(b)));
    y[2] = simd::fma(sum_a, simd::constant<P>(0.5), simd::add(sum_b, sum_b));
    y[3] = simd::fma(difference_a, simd::constant<P>(a / 2),
                     simd::fma(difference_b, simd::constant<P>(2 * b), m[5]));
  }
};

/// Scalars of the transformed weights of a 3 x 3 convolution.
template <class T, int M>
[[nodiscard]] constexpr Index winograd_size(ConvChannels c) {
  return packed_size<T>(c, Winograd<M>::kPoints * Winograd<M>::kPoints);
}

/// U = G g G', computed in double, packed [point][output block][channel][lanes]; weights are [out][in][3][3].
/// Turned: by 180 degrees and with inputs and outputs exchanged, for the input gradient; `c.out` then are the
/// inputs.
template <int M, bool Turned = false, class T>
void pack_winograd(const ExecutionPolicy& policy, const T* weights, ConvChannels c, T* packed) {
  using W = Winograd<M>;
  constexpr int B = kLanes<T>, K = W::kPoints;
  const Index point_stride = packed_size<T>(c, 1);
  const Index out_step = Turned ? 9 : Index{c.in} * 9, in_step = Turned ? Index{c.out} * 9 : 9;
  policy.for_parts(ceil_div(c.out, B), [&](Index block, int) {
    const int lanes = std::min(B, c.out - static_cast<int>(block) * B);
    double g[3][3][B] = {}, columns[K][3][B];  // the kernels of B outputs, and G g
    for (Index i = 0; i < c.in; ++i) {
      const T* from = weights + block * B * out_step + i * in_step;
      for (int lane = 0; lane < lanes; ++lane, from += out_step)
        for (int k = 0; k < 9; ++k) g[k / 3][k % 3][lane] = static_cast<double>(from[Turned ? 8 - k : k]);
      for (int u = 0; u < K; ++u)
        for (int k = 0; k < 3; ++k)
          for (int lane = 0; lane < B; ++lane)
            columns[u][k][lane] = W::kWeights[u][0] * g[0][k][lane] + W::kWeights[u][1] * g[1][k][lane] +
                                  W::kWeights[u][2] * g[2][k][lane];
      T* to = packed + (block * c.in + i) * B;
      for (int u = 0; u < K; ++u)
        for (int v = 0; v < K; ++v, to += point_stride)
          for (int lane = 0; lane < B; ++lane)
            to[lane] = static_cast<T>(columns[u][0][lane] * W::kWeights[v][0] +
                                      columns[u][1][lane] * W::kWeights[v][1] +
                                      columns[u][2][lane] * W::kWeights[v][2]);
    }
  });
}

/// M of the cheapest F(M x M, 3 x 3) for a plane, by measurement, or 0 where the direct convolution is. Time
/// of the direct convolution = 1, AVX-512; one image on one and on two threads, weights from memory, and 16
/// images on two threads:
///
///   channels   plane     F(2 x 2)             F(4 x 4)
///      64       56       .58  .57  .65        .39  .43  .45
///      64       28       .60  .67  .62        .47  .63  .45
///     128       28       .54  .62  .57        .37  .42  .39
///     128       14       .54  .66  .54        .73  1.0  .55
///     256       14       .54  .65  .55        .60  .78  .53
///     256        7       .99  1.2  .90        1.9  1.9  1.1
///     512        7       .96  1.0  .97        1.6  1.5  1.5
///
/// Transformed weights are 16 / 9 and 36 / 9 times as large: where they come from memory and few tiles use
/// them, that decides for the smaller ones or for none.
[[nodiscard]] constexpr int winograd_tile(int height, int width, ConvChannels c) {
  const int most = std::max(c.in, c.out), extent = std::min(height, width);
  if (c.groups > 1 || most > 256 || std::min(c.in, c.out) < 16 || (most > 128 && extent < 8)) return 0;
  return most > 128 || extent < 7 || (most > 64 && extent < 18) ? 2 : 4;
}
/// Whether some plane makes winograd_tile() choose M.
[[nodiscard]] constexpr bool winograd_chosen(int M, ConvChannels c) {
  for (int extent = 1; extent <= 64; ++extent)
    if (winograd_tile(extent, extent, c) == M) return true;
  return false;
}

/// Packets of sums at one point that a part has at most: those of all points take 160 KiB of its stack.
template <class T, int M>
inline constexpr int kMostSums = static_cast<int>((Index{160} << 10) /
                                                  ((M + 2) * (M + 2) * kLanes<T> * Index{sizeof(T)}));

/// How a plane is cut into slabs and tiles; as SweepPlan, it is a constant that the loops read.
template <class T>
struct WinogradPlan {
  Shape plane;           ///< of the input, hence of the output but for its channels
  int tiles_x, tiles_y;  ///< of a plane
  int slab_rows;         ///< rows of tiles of a slab
  int in_blocks, out_blocks;
  TileShape tile;
  /// Tiles of a whole slab and of the last one, with all vectors of a panel and with those of the last one.
  std::array<std::array<std::span<const TileCall<T>>, 2>, 2> tiles;

  int part_calls;  ///< the most register tiles of a part
  bool light;      ///< U fits a second-level cache, so that small parts cost little

  /// Scalars of one slab's V.
  [[nodiscard]] constexpr Index slab_size(int m) const {
    return point_stride(slab_rows * tiles_x) * (m + 2) * (m + 2);
  }

  [[nodiscard]] constexpr int panels() const { return ceil_div(out_blocks, tile.vectors); }
  [[nodiscard]] constexpr int slabs() const { return ceil_div(tiles_y, slab_rows); }
  /// Register tiles in a row of a whole slab.
  [[nodiscard]] constexpr int calls() const { return static_cast<int>(tiles[0][0].size()); }

  static constexpr int kMostSlabs = 8;
  /// Slabs whose V the scratch memory holds.
  [[nodiscard]] constexpr Index kept_slabs(Index n, int threads) const {
    return threads <= kMostSlabs ? Index{threads} : std::min<Index>(kMostSlabs, n * slabs());
  }
  /// How the slabs of n images are cut into parts that have a V of their own: by tiles, and by panels of U,
  /// for each of which V is made again.
  struct Cuts {
    int tiles, panels;
  };
  [[nodiscard]] constexpr Cuts own_cuts(Index n, int threads) const {
    const Index all = n * slabs();
    // Where U comes from memory, threads that have few slabs share U.
    const Index by_panels = light ? ceil_div(Index{threads}, all * calls()) : all < 2 * threads ? threads : 1;
    Cuts cuts{std::min(std::max(light ? 8 : 1, ceil_div(calls(), part_calls)), calls()),
              static_cast<int>(std::min<Index>({by_panels, panels(), 4}))};
    const auto idle = [&] {
      const Index parts = all * cuts.tiles * cuts.panels, rounds = ceil_div(parts, Index{threads});
      return 5 * (rounds * threads - parts) > rounds * threads;
    };
    while (cuts.tiles < calls() && idle()) ++cuts.tiles;
    return cuts;
  }
  /// Cuts of a slab by tiles when V is shared, and parts are panels, too.
  [[nodiscard]] constexpr int shared_cuts(int threads) const {
    return std::min(std::max(ceil_div(2 * threads, panels()), ceil_div(calls(), part_calls)), calls());
  }
  /// Of V for so many tiles: from channel block to channel block and from point to point. An odd number of
  /// packets, lest the points of a tile fall into one cache set.
  [[nodiscard]] static constexpr Index plane_stride(int tile_count) { return Index{tile_count} * kLanes<T>; }
  [[nodiscard]] constexpr Index point_stride(int tile_count) const {
    return (Index{in_blocks} * tile_count | 1) * kLanes<T>;
  }
};

template <class T, int M, Shape In, int OutChannels>
inline constexpr WinogradPlan<T> kWinogradPlan = [] {
  constexpr int tiles_x = ceil_div(In.width, M), tiles_y = ceil_div(In.height, M), points = (M + 2) * (M + 2);
  constexpr int in_blocks = ceil_div(In.channels, kLanes<T>), out_blocks = ceil_div(OutChannels, kLanes<T>);
  constexpr Index row_bytes = Index{points} * in_blocks * tiles_x * kLanes<T> * Index{sizeof(T)};
  constexpr Index most_tiles = 192;  // choose_tile() cuts a row into 16 register tiles of at least 12
  constexpr int most_rows = static_cast<int>(
      std::clamp<Index>(std::min((Index{832} << 10) / row_bytes, most_tiles / tiles_x), 1, tiles_y));
  constexpr Index weight_bytes = Index{points} * out_blocks * kLanes<T> * In.channels * Index{sizeof(T)};
  constexpr int slab_rows = ceil_div(tiles_y, ceil_div(tiles_y, most_rows)), last_rows = tiles_y % slab_rows;
  constexpr int slab_tiles = slab_rows * tiles_x;
  // Few tiles use each weight so seldom that it should be read once, as a single stream.
  constexpr TileShape tile = slab_tiles <= 16 && fits_registers(slab_tiles, 1)
                                 ? TileShape{1, slab_tiles, 1}
                                 : choose_tile(1, slab_tiles, out_blocks);
  constexpr int last_vectors = out_blocks % tile.vectors;
  static_assert(tile.pixels * tile.vectors <= kMostSums<T, M>);
  WinogradPlan<T> plan{In,
                       tiles_x,
                       tiles_y,
                       slab_rows,
                       in_blocks,
                       out_blocks,
                       tile,
                       {},
                       kMostSums<T, M> / (tile.pixels * tile.vectors),
                       weight_bytes <= (Index{640} << 10)};
  const auto with_vectors = [&]<int Vectors>(auto& tiles) {
    tiles[0] = kTileCalls<T, 1, Vectors, 1, slab_tiles, tile.pixels>;
    if constexpr (last_rows > 0) tiles[1] = kTileCalls<T, 1, Vectors, 1, last_rows * tiles_x, tile.pixels>;
  };
  with_vectors.template operator()<tile.vectors>(plan.tiles[0]);
  if constexpr (last_vectors > 0) with_vectors.template operator()<last_vectors>(plan.tiles[1]);
  return plan;
}();

namespace detail {

/// V of one row of tiles of one channel block: v points at its first tile, x at its first input pixel (which
/// may lie in the halo); `rows` and `columns` of the input are left from there on, zeros follow.
template <int M, class T>
void winograd_input(const T* x, Index row_stride, int rows, int columns, int tiles, T* v,
                    Index point_stride) {
  constexpr int B = kLanes<T>, K = M + 2;
  using P = simd::Packet<T>;
  for (int t = 0; t < tiles; ++t, x += M * B, columns -= M, v += B) {
    P half[K][K];  // [column][row] of d B
    const auto transform_rows = [&](auto load) __attribute__((always_inline)) {
      unroll<K>([&](auto r) __attribute__((always_inline)) {
        P d[K], line[K];
        unroll<K>([&](auto c) __attribute__((always_inline)) { d[c] = load(r, c); });
        Winograd<M>::input(d, line);
        unroll<K>([&](auto c) __attribute__((always_inline)) { half[c][r] = line[c]; });
      });
    };
    if (rows >= K && columns >= K)
      transform_rows([&](int r, int c) __attribute__((always_inline)) {
        return simd::load<T>(x + r * row_stride + c * B);
      });
    else
      transform_rows([&](int r, int c) __attribute__((always_inline)) {
        return r < rows && c < columns ? simd::load<T>(x + r * row_stride + c * B) : simd::zero<P>();
      });
    unroll<K>([&](auto c) __attribute__((always_inline)) {
      P line[K];
      Winograd<M>::input(half[c], line);
      unroll<K>([&](auto r) __attribute__((always_inline)) {
        simd::store<T>(v + (r * K + c) * point_stride, line[r]);
      });
    });
  }
}

/// The outputs of one tile from its products m, one packet a point: y[row][column] = A' m A.
template <int M, class T>
[[gnu::always_inline]] inline void winograd_output(const T* m, Index point_stride,
                                                   T (&y)[M * M * kLanes<T>]) {
  constexpr int B = kLanes<T>, K = M + 2;
  using P = simd::Packet<T>;
  P half[M][K];  // [row][column] of A' m
  unroll<K>([&](auto c) __attribute__((always_inline)) {
    P d[K], line[M];
    unroll<K>([&](auto r)
                  __attribute__((always_inline)) { d[r] = simd::load<T>(m + (r * K + c) * point_stride); });
    Winograd<M>::output(d, line);
    unroll<M>([&](auto r) __attribute__((always_inline)) { half[r][c] = line[r]; });
  });
  unroll<M>([&](auto r) __attribute__((always_inline)) {
    P line[M];
    Winograd<M>::output(half[r], line);
    unroll<M>([&](auto c) __attribute__((always_inline)) { simd::store<T>(y + (r * M + c) * B, line[c]); });
  });
}

/// V of tiles [begin, begin + count) of a slab.
template <class T>
struct WinogradInput {
  T* v;
  int begin, count;
};

/// The products of some register tiles of one panel, then their outputs through the epilogue. Point by point
/// all tiles take their turn, so that U is read once. `panel` is U at the first point; `first` is the number
/// in the plane of the slab's first tile.
template <int M, class T, class E>
void winograd_tiles(const WinogradPlan<T>& plan, std::span<const TileCall<T>> calls, WinogradInput<T> input,
                    const T* panel, Index panel_points, Planes<T> y, const E& epilogue, Index n, int block,
                    int vectors, int first) {
  constexpr int B = kLanes<T>, K = M + 2;
  TileInput<T> in{.pixels = nullptr,
                  .wrap = 0,
                  .segment_stride = 0,
                  .row_stride = 0,
                  .plane_stride = plan.plane_stride(input.count),
                  .weights = panel,
                  .panel_stride = Index{plan.plane.channels} * B,
                  .taps_h = 1,
                  .taps_w = 1,
                  .channels = plan.plane.channels};
  alignas(64) T products[K * K * kMostSums<T, M> * B];  // [point][call][vector][tile][lanes]
  const int begin = calls.front().column, tiles = calls.back().column + calls.back().lengths[0] - begin;
  const Index point_stride = Index{tiles} * vectors * B;
  T* to = products;
  const T* v = input.v - Index{input.begin} * B;
  const Index lines = vectors * in.panel_stride * Index{sizeof(T)} / kCacheLine, steps = plan.in_blocks;
  in.next_lines = static_cast<int>(ceil_div(lines, steps * static_cast<Index>(calls.size())));
  for (int point = 0; point < K * K; ++point) {
    in.next = in.weights + panel_points;
    for (const TileCall<T>& call : calls) {
      in.pixels = v + Index{call.column} * B;
      call.kernel(in, to);
      in.next += in.next_lines * steps * kCacheLine / Index{sizeof(T)};
      to += Index{call.lengths[0]} * vectors * B;
    }
    v += plan.point_stride(input.count);
    in.weights += panel_points;
  }
  const T* sums = products;
  for (const TileCall<T>& call : calls)
    for (int o = block; o < block + vectors; ++o)
      for (int t = first + call.column; t < first + call.column + call.lengths[0]; ++t, sums += B) {
        const int ty = t / plan.tiles_x * M, tx = t % plan.tiles_x * M;
        alignas(64) T values[M * M * B];
        winograd_output<M, T>(sums, point_stride, values);
        const int rows = std::min(M, plan.plane.height - ty), columns = std::min(M, plan.plane.width - tx);
        for (int r = 0; r < rows; ++r) {
          const auto bound = epilogue.row(n, o, ty + r);
          T* const out = y.row(n, o, ty + r) + Index{tx} * B;
          for (int c = 0; c < columns; ++c)
            simd::store<T>(out + Index{c} * B, bound(simd::load<T>(values + (r * M + c) * B), tx + c));
        }
      }
}

}  // namespace detail

/// Runs a plan over images [0, n). Every element of V and of y is computed by one part in one order.
template <int M, class T, Expression E>
void convolve_winograd(const ExecutionPolicy& policy, const WinogradPlan<T>& plan, Index n, Planes<const T> x,
                       const T* packed, Planes<T> y, const E& epilogue, T* scratch) {
  constexpr int B = kLanes<T>;
  const Index panel_points = Index{plan.out_blocks} * plan.plane.channels * B;
  using Input = detail::WinogradInput<T>;
  struct Slab {
    Index image;
    int top, rows;
    bool last;  ///< of its image, and lower than the others
  };
  const auto slab_at = [&](Index slab) {
    const int top = static_cast<int>(slab % plan.slabs()) * plan.slab_rows,
              rows = std::min(plan.slab_rows, plan.tiles_y - top);
    return Slab{slab / plan.slabs(), top, rows, rows < plan.slab_rows};
  };
  // Tiles [begin, end) of a slab, of one channel block.
  const auto transform = [&](const Slab& s, Input to, int b, int begin, int end) {
    for (int t = begin; t < end; t = (t / plan.tiles_x + 1) * plan.tiles_x) {
      const int row = (s.top + t / plan.tiles_x) * M - 1, column = t % plan.tiles_x * M - 1;
      detail::winograd_input<M, T>(
          x.row(s.image, b, row) + Index{column} * B, x.row_stride, plan.plane.height + 1 - row,
          plan.plane.width + 1 - column, std::min(plan.tiles_x - t % plan.tiles_x, end - t),
          to.v + b * plan.plane_stride(to.count) + Index{t - to.begin} * B, plan.point_stride(to.count));
    }
  };
  // The register tiles of one of the cuts of a slab.
  const auto tiles_of = [&](const Slab& s, Index cut, int cuts, bool last_panel) {
    const auto all = plan.tiles[last_panel][s.last];
    const auto begin = all.size() * static_cast<std::size_t>(cut) / static_cast<std::size_t>(cuts);
    return all.subspan(
        begin, all.size() * static_cast<std::size_t>(cut + 1) / static_cast<std::size_t>(cuts) - begin);
  };
  const auto multiply = [&](const Slab& s, Input input, Index panel, Index cut, int cuts) {
    const int block = static_cast<int>(panel) * plan.tile.vectors,
              vectors = std::min(plan.tile.vectors, plan.out_blocks - block);
    if (const auto tiles = tiles_of(s, cut, cuts, vectors < plan.tile.vectors); !tiles.empty())
      detail::winograd_tiles<M, T>(plan, tiles, input, packed + Index{block} * plan.plane.channels * B,
                                   panel_points, y, epilogue, s.image, block, vectors, s.top * plan.tiles_x);
  };
  const int threads = policy.threads(), panels = plan.panels();
  const Index slabs = n * plan.slabs();
  const auto own = plan.own_cuts(n, threads);
  if (threads <= plan.kMostSlabs && own.panels * slabs * own.tiles >= threads)
    // Panels vary slowest: a thread, which takes neighbouring parts, stays with its panels.
    return policy.for_parts(own.panels * slabs * own.tiles, [&](Index part, int worker) {
      const Index cut = part % own.tiles, panel_cut = part / own.tiles / slabs;
      const Slab s = slab_at(part / own.tiles % slabs);
      const auto tiles = tiles_of(s, cut, own.tiles, false);
      if (tiles.empty()) return;
      const int begin = tiles.front().column, end = tiles.back().column + tiles.back().lengths[0];
      const Input input{scratch + worker * plan.slab_size(M), begin, end - begin};
      for (int b = 0; b < plan.in_blocks; ++b) transform(s, input, b, begin, end);
      const Index last = panels * (panel_cut + 1) / own.panels;
      for (Index panel = panels * panel_cut / own.panels; panel < last; ++panel)
        multiply(s, input, panel, cut, own.tiles);
    });
  const int cuts = plan.shared_cuts(threads), rows = plan.slab_rows;
  const Index kept = plan.kept_slabs(n, threads);
  for (Index first = 0; first < slabs; first += kept) {
    const Index group = std::min(kept, slabs - first);
    const auto input = [&](Index i) {
      return Input{scratch + i * plan.slab_size(M), 0, plan.slab_rows * plan.tiles_x};
    };
    policy.for_parts(group * plan.in_blocks * rows, [&](Index part, int) {
      const Index i = part / rows / plan.in_blocks;
      const Slab s = slab_at(first + i);
      if (const int row = static_cast<int>(part % rows); row < s.rows)
        transform(s, input(i), static_cast<int>(part / rows % plan.in_blocks), row * plan.tiles_x,
                  (row + 1) * plan.tiles_x);
    });
    policy.for_parts(panels * group * cuts, [&](Index part, int) {
      const Index i = part / cuts % group;
      multiply(slab_at(first + i), input(i), part / cuts / group, part % cuts, cuts);
    });
  }
}

/// Scalars that winograd_forward() needs as scratch memory for n images on so many threads.
template <class T, int M, Shape In, int OutChannels>
constexpr Index winograd_scratch(Index n, int threads) {
  constexpr const WinogradPlan<T>& plan = kWinogradPlan<T, M, In, OutChannels>;
  return plan.slab_size(M) * plan.kept_slabs(n, threads);
}

/// The same for any number of images and threads.
template <class T, int M, Shape In, int OutChannels>
inline constexpr Index kWinogradScratch =
    kWinogradPlan<T, M, In, OutChannels>.slab_size(M) * WinogradPlan<T>::kMostSlabs;

/// y = epilogue(x * weights) for a 3 x 3 convolution of stride 1 and padding 1; weights packed by
/// pack_winograd().
template <int M, class T, Shape In, int HaloIn, Shape Out, int HaloOut, Expression E>
void winograd_forward(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                      const T* packed, FeatureMap<T, Out, HaloOut> y, const E& epilogue, T* scratch) {
  static_assert(HaloIn >= 1, "the input's halo is narrower than the padding");
  static_assert(In.height == Out.height && In.width == Out.width);
  convolve_winograd<M, T>(policy, kWinogradPlan<T, M, In, Out.channels>, n, x, packed, y, epilogue, scratch);
}

}  // namespace drnet::inline DRNET_ISA
