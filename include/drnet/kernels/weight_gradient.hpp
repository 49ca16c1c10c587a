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
// that memory is read once a part; each step asks for the rows of the next band. In the end the sums are
// added, transposed to PyTorch's layout, to the gradient. Where there are fewer parts than a machine has
// cores, the batch is cut into a fixed number of chunks whose sums are added in a fixed order.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/kernels/convolution.hpp>

namespace drnet::inline DRNET_ISA {

namespace detail {

/// Operands of one weight-gradient tile: `rows` rows of each of `images` images; strides in scalars.
template <class T>
struct GradientBand {
  const T* x;
  Index x_row, x_image;
  const T* dy;
  Index dy_row, dy_image, dy_plane;
  int images, rows;
  bool first;  ///< the sums start from zero
};

/// dw[c][o] += sum over the band of x[c] * dy[o]; dw has `vector_size` scalars between output vectors.
template <class T, int Step, int Width, int Channels, int Vectors>
[[gnu::noinline]] void weight_gradient_tile(const GradientBand<T>& band, T* dw, Index vector_size) {
  constexpr int B = kLanes<T>;
  simd::Packet<T> acc[Channels][Vectors];
  unroll<Channels>([&](auto c) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
      acc[c][o] = band.first ? simd::zero<simd::Packet<T>>() : simd::load<T>(dw + o * vector_size + c * B);
    });
  });
  for (int n = 0; n < band.images; ++n)
    for (int r = 0; r < band.rows; ++r) {
      const T* x = band.x + n * band.x_image + r * band.x_row;
      const T* dy = band.dy + n * band.dy_image + r * band.dy_row;
      for (int i = 0; i < Width; ++i, x += Step * B, dy += B) {
        simd::prefetch(x + band.rows * band.x_row);
        unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
          simd::prefetch(dy + o * band.dy_plane + band.rows * band.dy_row);
        });
        simd::Packet<T> d[Vectors];
        unroll<Vectors>([&](auto o)
                            __attribute__((always_inline)) { d[o] = simd::load<T>(dy + o * band.dy_plane); });
        unroll<Channels>([&](auto c) __attribute__((always_inline)) {
          const auto value = simd::broadcast<T>(x[c]);
          unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
            acc[c][o] = simd::fma(value, d[o], acc[c][o]);
          });
        });
      }
    }
  unroll<Channels>([&](auto c) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
      simd::store<T>(dw + o * vector_size + c * B, acc[c][o]);
    });
  });
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

}  // namespace detail

/// How the weight gradient of one convolution is cut: a function of the problem alone. A grouped convolution
/// is cut bundle by bundle (see kernels/convolution.hpp).
template <class T, Window W, Shape In, int OutChannels, int Groups = 1>
struct WeightGradientPlan {
  static constexpr int B = kLanes<T>, taps = W.kernel * W.kernel;
  static constexpr ConvChannels channels{.out = OutChannels, .in = In.channels, .groups = Groups};
  static constexpr int bundles = channels.bundles(B);
  /// Blocks of one bundle.
  static constexpr int in_blocks = ceil_div(In.channels, B) / bundles,
                       out_blocks = ceil_div(OutChannels, B) / bundles;
  /// Vectors of outputs of a tile.
  static constexpr int tile_vectors = out_blocks > 1 ? 2 : 1;
  /// Input blocks and vectors of outputs of a part. With several taps a band is used often enough by few of
  /// them; with one tap the sums may take 64 KiB.
  static constexpr int blocks = taps == 1 ? std::min(in_blocks, 128 / B) : 1;
  static constexpr int most_vectors = (64 << 10) / (blocks * B * B * int{sizeof(T)});
  static constexpr int vectors =
      taps == 1 ? std::min(out_blocks, most_vectors / tile_vectors * tile_vectors) : tile_vectors;
  static constexpr int groups = ceil_div(in_blocks, blocks), panels = ceil_div(out_blocks, vectors);
  static constexpr int bundle_parts = panels * groups, parts = bundles * bundle_parts;
  static constexpr Index part_size = Index{std::min(In.channels, blocks* B)} * taps * vectors * B;

  [[nodiscard]] static constexpr Index chunks(Index n) {
    return std::clamp<Index>(ceil_div(16, parts), 1, n);
  }
  /// Scalars of scratch memory for a batch of n.
  [[nodiscard]] static constexpr Index scratch(Index n) {
    return chunks(n) > 1 ? chunks(n) * parts * part_size : 0;
  }
};

/// The parts of one weight gradient; see convolution_weight_gradient().
template <Window W, int Groups, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
class WeightGradient {
 public:
  using X = FeatureMap<const T, In, HaloIn>;
  using DY = FeatureMap<const T, Out, HaloOut>;
  using Plan = WeightGradientPlan<T, W, In, Out.channels, Groups>;

  static void run(const ExecutionPolicy& policy, Index n, X x, DY dy, T* dw, T* scratch) {
    const Index chunks = Plan::chunks(n);
    if (chunks == 1)
      return policy.for_parts(Plan::parts, [&](Index i, int) {
        alignas(64) T sums[Plan::part_size];
        const Part part(i);
        sum(x, dy, part, 0, n, sums, dw);
        add(part, sums, dw);
      });
    policy.for_parts(chunks * Plan::parts, [&](Index i, int) {
      const Index chunk = i / Plan::parts;
      sum(x, dy, Part(i % Plan::parts), n * chunk / chunks, n * (chunk + 1) / chunks,
          scratch + i * Plan::part_size, nullptr);
    });
    policy.for_parts(Plan::parts, [&](Index i, int) {
      const Part part(i);
      T* const sums = scratch + i * Plan::part_size;
      for (Index chunk = 1; chunk < chunks; ++chunk) {
        const T* more = sums + chunk * Plan::parts * Plan::part_size;
        for (Index k = 0; k < part.size(); k += B)
          simd::store<T>(sums + k, simd::add(simd::load<T>(sums + k), simd::load<T>(more + k)));
      }
      add(part, sums, dw);
    });
  }

 private:
  static constexpr int B = Plan::B;
  /// Rows of x and dy of one tile that fit into L1, and images where a whole plane does.
  static constexpr int kRowBytes =
      (DY::kRowStride * Plan::tile_vectors + W.stride * X::kRowStride) * static_cast<int>(sizeof(T));
  static constexpr int kRows = std::clamp(24 * 1024 / kRowBytes, 1, Out.height);
  static constexpr int kImages = kRows < Out.height ? 1 : std::max(1, 24 * 1024 / (kRowBytes * Out.height));

  static constexpr int channels_of(int block) { return std::min(B, In.channels - block * B); }

  /// A rectangle of the gradient. Its sums are [vector of outputs][input block][tap][channel][lanes].
  struct Part {
    int first_block, last_block, first_vector, last_vector;

    explicit Part(Index i) {
      const int bundle = static_cast<int>(i) / Plan::bundle_parts,
                in_bundle = static_cast<int>(i) % Plan::bundle_parts;
      const int in_end = (bundle + 1) * Plan::in_blocks, out_end = (bundle + 1) * Plan::out_blocks;
      first_block = bundle * Plan::in_blocks + in_bundle % Plan::groups * Plan::blocks;
      last_block = std::min(first_block + Plan::blocks, in_end);
      first_vector = bundle * Plan::out_blocks + in_bundle / Plan::groups * Plan::vectors;
      last_vector = std::min(first_vector + Plan::vectors, out_end);
    }

    [[nodiscard]] int channels() const { return std::min(last_block * B, In.channels) - first_block * B; }
    [[nodiscard]] Index vector_size() const { return Index{channels()} * Plan::taps * B; }
    [[nodiscard]] Index size() const { return (last_vector - first_vector) * vector_size(); }
  };

  /// sums = the gradient of one part from images [begin, end). Where they are added to `dw` next, the last
  /// band asks for its lines.
  static void sum(X x, DY dy, const Part& part, Index begin, Index end, T* sums, const T* dw) {
    const Index vector_size = part.vector_size();
    for (Index n = begin; n < end; n += kImages)
      for (int row = 0; row < Out.height; row += kRows) {
        detail::GradientBand<T> band{.x = nullptr,
                                     .x_row = Index{W.stride} * X::kRowStride,
                                     .x_image = X::kImageStride,
                                     .dy = nullptr,
                                     .dy_row = DY::kRowStride,
                                     .dy_image = DY::kImageStride,
                                     .dy_plane = DY::kPlaneStride,
                                     .images = static_cast<int>(std::min<Index>(kImages, end - n)),
                                     .rows = std::min(kRows, Out.height - row),
                                     .first = n == begin && row == 0};
        const bool last = n + kImages >= end && row + kRows >= Out.height;
        for (int block = part.first_block; block < part.last_block; ++block)
          for (int vector = part.first_vector; vector < part.last_vector; vector += Plan::tile_vectors) {
            band.dy = dy.row(n, vector, row);
            T* to = sums + (vector - part.first_vector) * vector_size +
                    Index{block - part.first_block} * B * Plan::taps * B;
            for (int tap = 0; tap < Plan::taps; ++tap, to += channels_of(block) * B) {
              const int kh = tap / W.kernel, kw = tap % W.kernel;
              if (Groups == 1 && dw != nullptr && last) prefetch_gradient(dw, block, vector, tap);
              band.x = x.row(n, block, row * W.stride - W.padding + kh) + Index{kw - W.padding} * B;
              sum_tap(band, channels_of(block), part.last_vector - vector, to, vector_size);
            }
          }
      }
  }

  /// Asks for one of the `taps` lines of every row of dw that a tile's sums are added to.
  static void prefetch_gradient(const T* dw, int block, int vector, int line) {
    for (Index out = vector * B; out < (vector + Plan::tile_vectors) * B; ++out)
      simd::prefetch(dw + (out * In.channels + block * B) * Plan::taps + line * B);
  }

  /// One tap of one input block and one or two vectors of outputs over one band.
  static void sum_tap(const detail::GradientBand<T>& band, int channels, int vectors, T* sums,
                      Index vector_size) {
    const auto with_channels = [&](auto width) {
      if (vectors >= Plan::tile_vectors)
        sum_tiles<width, Plan::tile_vectors>(band, sums, vector_size);
      else if constexpr (Plan::out_blocks % Plan::tile_vectors > 0)
        sum_tiles<width, 1>(band, sums, vector_size);
    };
    if (channels == B) {
      if constexpr (In.channels >= B) with_channels(std::integral_constant<int, B>{});
    } else if constexpr (In.channels % B > 0) {
      with_channels(std::integral_constant<int, In.channels % B>{});
    }
  }

  template <int Channels, int Vectors>
  static void sum_tiles(const detail::GradientBand<T>& band, T* sums, Index vector_size) {
    constexpr int accumulators = kSimdRegisters == 32 ? 16 : 8;
    constexpr int tile = std::min(Channels, accumulators / Vectors), rest = Channels % tile;
    detail::GradientBand<T> part = band;
    for (int c = 0; c + tile <= Channels; c += tile, part.x += tile)
      detail::weight_gradient_tile<T, W.stride, Out.width, tile, Vectors>(part, sums + c * B, vector_size);
    if constexpr (rest > 0)
      detail::weight_gradient_tile<T, W.stride, Out.width, rest, Vectors>(part, sums + (Channels - rest) * B,
                                                                          vector_size);
  }

  /// The elements of a block of inputs in the order of the gradient, [channel][tap].
  struct Element {
    int channel, tap;
  };
  static constexpr auto kElements = [] {
    std::array<Element, std::size_t(B) * Plan::taps> elements;
    for (int i = 0; i < B * Plan::taps; ++i)
      elements[static_cast<std::size_t>(i)] = {i / Plan::taps, i % Plan::taps};
    return elements;
  }();

  /// dw += the sums of one part.
  static void add(const Part& part, const T* sums, T* dw) {
    if constexpr (Groups == 1)
      add_dense(part, sums, dw);
    else
      add_own_groups(part, sums, dw);
  }
  /// Of the sums of a bundle, those of inputs and outputs of one group count.
  static void add_own_groups(const Part& part, const T* sums, T* dw) {
    constexpr Index seen = In.channels / Groups;
    for (int vector = part.first_vector; vector < part.last_vector; ++vector, sums += part.vector_size()) {
      const T* from = sums;
      for (int block = part.first_block; block < part.last_block; ++block)
        for (Index tap = 0; tap < Plan::taps; ++tap)
          for (int c = 0; c < channels_of(block); ++c, from += B)
            for (int lane = 0; lane < B && vector * B + lane < Out.channels; ++lane) {
              const Index out = vector * B + lane, k = block * B + c - Plan::channels.first_input(out);
              if (k >= 0 && k < seen) dw[(out * seen + k) * Plan::taps + tap] += from[lane];
            }
    }
  }
  static void add_dense(const Part& part, const T* sums, T* dw) {
    for (int vector = part.first_vector; vector < part.last_vector; ++vector, sums += part.vector_size()) {
      const int out = vector * B;
      T* const to = dw + (Index{out} * In.channels + part.first_block * B) * Plan::taps;
      const auto order = [&](int i) {
        if constexpr (Plan::taps == 1) {
          return Index{i};
        } else {
          const Element element = kElements[static_cast<std::size_t>(i)];
          return Index{element.tap} * part.channels() + element.channel;
        }
      };
      detail::add_transposed(sums, part.channels() * Plan::taps, std::min(B, Out.channels - out), order, to,
                             Index{In.channels} * Plan::taps);
    }
  }
};

/// dw += gradient with respect to the weights, dw in PyTorch's layout [out][in / groups][k][k]; `scratch`
/// holds WeightGradientPlan::scratch(n) scalars.
template <Window W, int Groups = 1, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void convolution_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                                 FeatureMap<const T, Out, HaloOut> dy, T* dw, T* scratch) {
  WeightGradient<W, Groups, T, In, HaloIn, Out, HaloOut>::run(policy, n, x, dy, dw, scratch);
}

}  // namespace drnet::inline DRNET_ISA
