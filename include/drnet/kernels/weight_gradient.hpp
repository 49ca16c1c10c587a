// Weight gradient of a dense convolution. The reduction runs over pixels, so the register tile holds
// C input channels x O vectors of output channels of one tap:
//
//                 O vectors of dy (output channels)
//   channel 0   │ dw[0,0] │ dw[0,1] │    for every output pixel: load O vectors of dy,
//     ...       │   ...   │   ...   │    for every channel c: broadcast x[c], dw[c][o] += x[c] * dy[o]
//   channel C-1 │         │         │
//
// A part of the work is a rectangle of the gradient: some input blocks x some vectors of outputs, all taps,
// summed in a small local array. It takes the batch in bands, some rows of a large plane or all rows of
// several images of a small one: a tile's share of a band stays in L1, the whole rectangle's share in L2, so
// that memory is read once a part; the first tap asks for the rows of the next band. In the end the sums are
// added, transposed to PyTorch's layout, to the gradient. Where there are fewer parts than a machine has
// cores, the batch is cut into a fixed number of chunks whose sums are added in a fixed order.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/convolution.hpp>

#include <array>
#include <bit>

namespace drnet::inline DRNET_ISA {

namespace detail {

/// What a weight-gradient tile reads: `rows` rows of `width` pixels of each of `images` images; strides in
/// scalars.
template <class T>
struct GradientBand {
  Index x_row, x_image, x_next;  ///< next: from here to the band that follows
  const T* dy;
  Index dy_row, dy_image, dy_next, dy_plane;
  Index images, rows, width;
  bool first;  ///< the sums start from zero
};

/// sums[o][c] += sum over the band of x[c] * dy[o]; x points at the band's first pixel, and the sums of one
/// or two vectors of outputs are [channels][lanes]. `AsksForNext`: for the pixels of the band that follows.
template <class T, int Step, int Channels, int Vectors, bool AsksForNext>
[[gnu::noinline]] void weight_gradient_tile(const GradientBand<T>& band, const T* x_first, T* sums0,
                                            T* sums1) {
  static_assert(Vectors == 1 || Vectors == 2);
  // One fold over the accumulators acc[c][o], I = c * Vectors + o, compiles faster than a loop nest of
  // lambdas.
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    constexpr int B = kLanes<T>, O = Vectors;
    const auto sums = [&](int i) __attribute__((always_inline)) {
      return (i % O == 0 ? sums0 : sums1) + i / O * B;
    };
    simd::Packet<T> acc[Channels * O] = {
        (band.first ? simd::zero<simd::Packet<T>>() : simd::load<T>(sums(I)))...};
    for (Index n = 0; n < band.images; ++n)
      for (Index r = 0; r < band.rows; ++r) {
        const T* x = x_first + n * band.x_image + r * band.x_row;
        const T* dy = band.dy + n * band.dy_image + r * band.dy_row;
        for (Index i = band.width; i > 0; --i, x += Step * B, dy += B) {
          if constexpr (AsksForNext) {
            simd::prefetch(x + band.x_next);
            simd::prefetch(dy + band.dy_next);
            if constexpr (O > 1) simd::prefetch(dy + band.dy_plane + band.dy_next);
          }
          ((acc[I] =
                simd::fma(simd::broadcast<T>(x[I / O]), simd::load<T>(dy + I % O * band.dy_plane), acc[I])),
           ...);
        }
      }
    (simd::store<T>(sums(I), acc[I]), ...);
  }
  (std::make_integer_sequence<int, Channels * Vectors>{});
}

/// to[lane][i] += sums[order(i)][lane] for i in [0, count) and lane in [0, lanes); rows of `to` are `stride`
/// apart.
template <class T, class Order>
void add_transposed(const T* sums, int count, int lanes, const Order& order, T* to, Index stride) {
  constexpr int B = kLanes<T>;
  for (int i = 0; i < count; i += B) {
    const int length = std::min(B, count - i);
    simd::Packet<T> square[B];
    for (int k = 0; k < B; ++k)
      square[k] = k < length ? simd::load<T>(sums + order(i + k) * B) : simd::zero<simd::Packet<T>>();
    simd::transpose<T>(square);
    for (int lane = 0; lane < lanes; ++lane) {
      T* const row = to + lane * stride + i;
      if (length == B) {
        simd::store<T>(row, simd::add(simd::load<T>(row), square[lane]));
      } else {
        T part[B];
        simd::store<T>(part, square[lane]);
        for (int k = 0; k < length; ++k) row[k] += part[k];
      }
    }
  }
}

/// Where element i of the gradient of an input block, [channel][tap], stands in its sums, [tap][channel].
template <int Channels, int Taps>
inline constexpr auto kGradientOrder = [] {
  std::array<int, static_cast<std::size_t>(Channels * Taps)> order;
  for (int i = 0; i < Channels * Taps; ++i)
    order[static_cast<std::size_t>(i)] = i % Taps * Channels + i / Taps;
  return order;
}();

/// The tiles that cover the channels of one input block: as many whole ones as fit, and one for the rest;
/// first the tile that asks for the next band.
template <class T>
struct GradientTiles {
  using Tile = void (*)(const GradientBand<T>&, const T*, T*, T*);
  Tile asking = nullptr, tile = nullptr, rest = nullptr;
  int channels = 0, tile_channels = 1;
  const int* order = nullptr;  ///< kGradientOrder
};
template <class T, int Step, int Channels, int Vectors, int Taps>
constexpr GradientTiles<T> gradient_tiles() {
  constexpr int accumulators = kSimdRegisters == 32 ? 16 : 8;
  constexpr int tile = std::min(Channels, accumulators / Vectors), rest = Channels % tile;
  GradientTiles<T> tiles{&weight_gradient_tile<T, Step, tile, Vectors, true>,
                         &weight_gradient_tile<T, Step, tile, Vectors, false>,
                         nullptr,
                         Channels,
                         tile,
                         kGradientOrder<Channels, Taps>.data()};
  if constexpr (rest > 0) tiles.rest = &weight_gradient_tile<T, Step, rest, Vectors, false>;
  return tiles;
}

/// What the sums of a part of a 1 x 1 convolution may take; those of most other ones are smaller.
inline constexpr int kPartBytes = 64 << 10;

}  // namespace detail

/// How the weight gradient of one convolution is cut: a function of the problem alone. A grouped convolution
/// is cut bundle by bundle (see kernels/convolution.hpp).
template <class T>
struct WeightGradientPlan {
  static constexpr int B = kLanes<T>;

  Window window;
  ConvChannels channels;
  Shape out;
  int bundles;                ///< of whole groups
  int in_blocks, out_blocks;  ///< of one bundle
  int tile_vectors;           ///< vectors of outputs of a tile
  int blocks, vectors;        ///< input blocks and vectors of outputs of a part
  /// Tiles of a whole input block and of the last one, with tile_vectors and with one vector.
  std::array<std::array<detail::GradientTiles<T>, 2>, 2> tiles{};

  constexpr WeightGradientPlan(Window w, Shape in, int out_channels, int conv_groups)
      : window(w),
        channels{.out = out_channels, .in = in.channels, .groups = conv_groups},
        out(w.output(in, out_channels)),
        bundles(channels.bundles(B)),
        in_blocks(ceil_div(in.channels, B) / bundles),
        out_blocks(ceil_div(out_channels, B) / bundles),
        tile_vectors(out_blocks > 1 ? 2 : 1),
        // With several taps a band is used often enough by few vectors; with one tap the sums may fill their
        // memory.
        blocks(taps() == 1 ? std::min(in_blocks, 128 / B) : 1),
        vectors(taps() > 1 ? tile_vectors
                           : std::min(out_blocks, detail::kPartBytes / (blocks * B * B * int{sizeof(T)}) /
                                                      tile_vectors * tile_vectors)) {}

  [[nodiscard]] constexpr int taps() const { return window.kernel * window.kernel; }
  [[nodiscard]] constexpr int groups() const { return ceil_div(in_blocks, blocks); }    ///< of input blocks
  [[nodiscard]] constexpr int panels() const { return ceil_div(out_blocks, vectors); }  ///< of output vectors
  [[nodiscard]] constexpr int parts() const { return bundles * panels() * groups(); }
  [[nodiscard]] constexpr Index part_size() const {
    return Index{std::min(channels.in, blocks * B)} * taps() * vectors * B;
  }
  [[nodiscard]] constexpr int channels_of(int block) const { return std::min(B, channels.in - block * B); }
  [[nodiscard]] constexpr Index chunks(Index n) const {
    return std::clamp<Index>(ceil_div(16, parts()), 1, n);
  }
  /// Scalars of scratch memory for a batch of n.
  [[nodiscard]] constexpr Index scratch(Index n) const {
    return chunks(n) > 1 ? chunks(n) * parts() * part_size() : 0;
  }
};

template <class T, Window W, Shape In, int OutChannels, int Groups = 1>
inline constexpr WeightGradientPlan<T> kWeightGradientPlan = [] {
  constexpr int B = kLanes<T>, whole = std::min(In.channels, B), last = In.channels % B;
  WeightGradientPlan<T> plan(W, In, OutChannels, Groups);
  const auto with_channels = [&]<int Channels>(auto& tiles) {
    constexpr int vectors = WeightGradientPlan<T>(W, In, OutChannels, Groups).tile_vectors,
                  taps = W.kernel * W.kernel;
    tiles = {detail::gradient_tiles<T, W.stride, Channels, vectors, taps>(),
             detail::gradient_tiles<T, W.stride, Channels, 1, taps>()};
  };
  with_channels.template operator()<whole>(plan.tiles[0]);
  if constexpr (last > 0) with_channels.template operator()<last>(plan.tiles[1]);
  return plan;
}();

/// The parts of one weight gradient, of at most `MostSums` scalars each; see convolution_weight_gradient().
template <class T, Index MostSums>
class WeightGradient {
 public:
  WeightGradient(const WeightGradientPlan<T>& plan, Planes<const T> x, Planes<const T> dy, T* dw)
      : plan_(plan), x_(x), dy_(dy), dw_(dw) {
    const auto row_bytes = (dy.row_stride * plan.tile_vectors + plan.window.stride * x.row_stride) *
                           static_cast<Index>(sizeof(T));
    constexpr Index l1 = 24 * 1024;
    rows_ = static_cast<int>(std::clamp<Index>(l1 / row_bytes, 1, plan.out.height));
    images_ = rows_ < plan.out.height ? 1 : std::max<Index>(1, l1 / (row_bytes * plan.out.height));
  }

  void run(const ExecutionPolicy& policy, Index n, T* scratch) const {
    const Index chunks = plan_.chunks(n), parts = plan_.parts(), part_size = plan_.part_size();
    if (chunks == 1)
      return policy.for_parts(parts, [&](Index i, int) {
        alignas(64) T sums[MostSums];
        const Part part(plan_, i);
        sum(part, 0, n, sums, true);
        add(part, sums);
      });
    policy.for_parts(chunks * parts, [&](Index i, int) {
      const Index chunk = i / parts;
      sum(Part(plan_, i % parts), n * chunk / chunks, n * (chunk + 1) / chunks, scratch + i * part_size,
          false);
    });
    policy.for_parts(parts, [&](Index i, int) {
      const Part part(plan_, i);
      T* const sums = scratch + i * part_size;
      for (Index chunk = 1; chunk < chunks; ++chunk) {
        const T* more = sums + chunk * parts * part_size;
        for (Index k = 0; k < part.size(); k += B)
          simd::store<T>(sums + k, simd::add(simd::load<T>(sums + k), simd::load<T>(more + k)));
      }
      add(part, sums);
    });
  }

 private:
  static constexpr int B = kLanes<T>;

  /// A rectangle of the gradient. Its sums are [vector of outputs][input block][tap][channel][lanes].
  struct Part {
    int first_block, last_block, first_vector, last_vector;
    int channels;
    Index vector_size;  ///< scalars of the sums of one vector of outputs

    Part(const WeightGradientPlan<T>& plan, Index i) {
      const int bundle_parts = plan.panels() * plan.groups();
      const int bundle = static_cast<int>(i) / bundle_parts, in_bundle = static_cast<int>(i) % bundle_parts;
      const int in_end = (bundle + 1) * plan.in_blocks, out_end = (bundle + 1) * plan.out_blocks;
      first_block = bundle * plan.in_blocks + in_bundle % plan.groups() * plan.blocks;
      last_block = std::min(first_block + plan.blocks, in_end);
      first_vector = bundle * plan.out_blocks + in_bundle / plan.groups() * plan.vectors;
      last_vector = std::min(first_vector + plan.vectors, out_end);
      channels = std::min(last_block * B, plan.channels.in) - first_block * B;
      vector_size = Index{channels} * plan.taps() * B;
    }
    [[nodiscard]] Index size() const { return (last_vector - first_vector) * vector_size; }
  };

  /// The tiles of an input block of so many channels.
  [[nodiscard]] const auto& tiles_of(int channels) const {
    return plan_.tiles[channels != plan_.tiles[0][0].channels];
  }

  /// sums = the gradient of one part from images [begin, end). Where they are added to the gradient next, the
  /// last band asks for its lines.
  void sum(const Part& part, Index begin, Index end, T* sums, bool added_next) const {
    const Window w = plan_.window;
    const int height = plan_.out.height, taps = plan_.taps();
    for (Index n = begin; n < end; n += images_)
      for (int row = 0; row < height; row += rows_) {
        const Index rows = std::min(rows_, height - row);
        detail::GradientBand<T> band{.x_row = w.stride * x_.row_stride,
                                     .x_image = x_.image_stride,
                                     .x_next = rows * w.stride * x_.row_stride,
                                     .dy = nullptr,
                                     .dy_row = dy_.row_stride,
                                     .dy_image = dy_.image_stride,
                                     .dy_next = rows * dy_.row_stride,
                                     .dy_plane = dy_.plane_stride,
                                     .images = std::min(images_, end - n),
                                     .rows = rows,
                                     .width = plan_.out.width,
                                     .first = n == begin && row == 0};
        // Rows without a gap between them are one long row.
        if (band.x_row == w.stride * band.width * B && band.dy_row == band.width * B)
          band.width *= rows, band.rows = 1;
        const bool last = n + images_ >= end && row + rows_ >= height;
        for (int block = part.first_block; block < part.last_block; ++block)
          for (int vector = part.first_vector; vector < part.last_vector; vector += plan_.tile_vectors) {
            const int channels = plan_.channels_of(block);
            const auto& tiles = tiles_of(channels)[vector + plan_.tile_vectors > part.last_vector];
            band.dy = dy_.row(n, vector, row);
            T* to = sums + (vector - part.first_vector) * part.vector_size +
                    Index{block - part.first_block} * B * taps * B;
            for (int tap = 0; tap < taps; ++tap, to += channels * B) {
              const int kh = tap / w.kernel, kw = tap % w.kernel;
              if (plan_.channels.groups == 1 && added_next && last) prefetch_gradient(block, vector, tap);
              const T* const x =
                  x_.row(n, block, row * w.stride - w.padding + kh) + Index{kw - w.padding} * B;
              const bool ask = tap == 0 && (block == part.first_block || vector == part.first_vector);
              sum_tap(band, tiles, x, to, to + part.vector_size, ask);
            }
          }
      }
  }

  /// Asks for one of the `taps` lines of every row of dw that a tile's sums are added to.
  void prefetch_gradient(int block, int vector, int line) const {
    const Index row = Index{plan_.channels.in} * plan_.taps();
    const T* to = dw_ + vector * B * row + (block * plan_.taps() + line) * B;
    for (int i = 0; i < plan_.tile_vectors * B; ++i, to += row) simd::prefetch(to);
  }

  /// One tap of one input block and one or two vectors of outputs over one band.
  static void sum_tap(const detail::GradientBand<T>& band, const detail::GradientTiles<T>& tiles, const T* x,
                      T* sums0, T* sums1, bool ask) {
    (ask ? tiles.asking : tiles.tile)(band, x, sums0, sums1);
    int c = tiles.tile_channels;
    for (; c + tiles.tile_channels <= tiles.channels; c += tiles.tile_channels)
      tiles.tile(band, x + c, sums0 + c * B, sums1 + c * B);
    if (c < tiles.channels) tiles.rest(band, x + c, sums0 + c * B, sums1 + c * B);
  }

  /// dw += the sums of one part.
  void add(const Part& part, const T* sums) const {
    for (int vector = part.first_vector; vector < part.last_vector; ++vector, sums += part.vector_size)
      if (plan_.channels.groups == 1)
        add_dense(part, vector, sums);
      else
        add_own_groups(part, vector, sums);
  }
  void add_dense(const Part& part, int vector, const T* sums) const {
    const int out = vector * B, taps = plan_.taps(), lanes = std::min(B, plan_.channels.out - out);
    const Index row = Index{plan_.channels.in} * taps;
    T* const to = dw_ + out * row + Index{part.first_block} * B * taps;
    if (taps == 1)
      return detail::add_transposed(
          sums, part.channels, lanes, [](int i) { return Index{i}; }, to, row);
    const int* const order = tiles_of(part.channels)[0].order;
    detail::add_transposed(
        sums, part.channels * taps, lanes, [order](int i) { return Index{order[i]}; }, to, row);
  }
  /// Of the sums of a bundle, those of inputs and outputs of one group count.
  void add_own_groups(const Part& part, int vector, const T* sums) const {
    const ConvChannels& channels = plan_.channels;
    const Index seen = channels.in / channels.groups, taps = plan_.taps();
    for (int block = part.first_block; block < part.last_block; ++block)
      for (Index tap = 0; tap < taps; ++tap)
        for (int c = 0; c < plan_.channels_of(block); ++c, sums += B)
          for (int lane = 0; lane < B && vector * B + lane < channels.out; ++lane) {
            const Index out = vector * B + lane, k = block * B + c - channels.first_input(out);
            if (k >= 0 && k < seen) dw_[(out * seen + k) * taps + tap] += sums[lane];
          }
  }

  const WeightGradientPlan<T>& plan_;
  Planes<const T> x_, dy_;
  T* dw_;
  int rows_;      ///< of x and dy of one tile that fit into L1
  Index images_;  ///< of a band: several where a whole plane is small
};

/// dw += gradient with respect to the weights, dw in PyTorch's layout [out][in / groups][k][k]; `scratch`
/// holds the plan's scratch(n) scalars.
template <Window W, int Groups = 1, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void convolution_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                                 FeatureMap<const T, Out, HaloOut> dy, T* dw, T* scratch) {
  constexpr const WeightGradientPlan<T>& plan = kWeightGradientPlan<T, W, In, Out.channels, Groups>;
  constexpr Index usual = detail::kPartBytes / Index{sizeof(T)};
  constexpr Index most = plan.part_size() <= usual
                             ? usual
                             : static_cast<Index>(std::bit_ceil(static_cast<std::size_t>(plan.part_size())));
  WeightGradient<T, most>(plan, x, dy, dw).run(policy, n, scratch);
}

}  // namespace drnet::inline DRNET_ISA
