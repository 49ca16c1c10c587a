// Weight gradient of a dense convolution. The reduction runs over pixels, so the register tile holds
// C input channels x O vectors of output channels of one tap:
//
//                 O vectors of dy (output channels)
//   channel 0   │ dw[0,0] │ dw[0,1] │    for every output pixel: load O vectors of dy,
//     ...       │   ...   │   ...   │    for every channel c: broadcast x[c], dw[c][o] += x[c] * dy[o]
//   channel C-1 │         │         │
//
// The batch is taken in bands that stay in L1 while all taps and channels pass over them: some rows of a
// large plane, or all rows of several images of a small one. A part of the work owns some input blocks of one
// panel of outputs: it sums them in a small local array and adds that, transposed to PyTorch's layout, to the
// gradient. Where there are fewer parts than a machine has cores, the batch is cut into a fixed number of
// chunks whose sums are added in a fixed order.
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

/// dw[c][o] += sum over the band of x[c] * dy[o]; dw has `panel` scalars between output vectors.
template <class T, int Step, int Width, int Channels, int Vectors>
[[gnu::noinline]] void weight_gradient_tile(const GradientBand<T>& band, T* dw, Index panel) {
  constexpr int B = kLanes<T>;
  simd::Packet<T> acc[Channels][Vectors];
  unroll<Channels>([&](auto c) __attribute__((always_inline)) {
    unroll<Vectors>([&](auto o) __attribute__((always_inline)) {
      acc[c][o] = band.first ? simd::zero<simd::Packet<T>>() : simd::load<T>(dw + o * panel + c * B);
    });
  });
  for (int n = 0; n < band.images; ++n)
    for (int r = 0; r < band.rows; ++r) {
      const T* x = band.x + n * band.x_image + r * band.x_row;
      const T* dy = band.dy + n * band.dy_image + r * band.dy_row;
      for (int i = 0; i < Width; ++i, x += Step * B, dy += B) {
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
      simd::store<T>(dw + o * panel + c * B, acc[c][o]);
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

/// How the weight gradient of one convolution is cut: a function of the problem alone. A part sums
/// [vector of outputs][input block][tap][channel][lanes].
template <class T, Window W, Shape In, int OutChannels>
struct WeightGradientPlan {
  static constexpr int B = kLanes<T>, taps = W.kernel * W.kernel;
  static constexpr int in_blocks = ceil_div(In.channels, B), out_blocks = ceil_div(OutChannels, B);
  static constexpr int vectors = out_blocks > 1 ? 2 : 1, panels = ceil_div(out_blocks, vectors);
  /// Input blocks of a part: with one tap, several make the rows that it adds to the gradient long enough.
  static constexpr int group = taps == 1 ? std::min(in_blocks, 4) : 1, groups = ceil_div(in_blocks, group);
  static constexpr Index vector_size = Index{std::min(In.channels, group* B)} * taps * B;
  static constexpr Index part_size = vector_size * vectors;
  static constexpr int parts = panels * groups;

  [[nodiscard]] static constexpr Index chunks(Index n) {
    return std::clamp<Index>(ceil_div(16, parts), 1, n);
  }
  /// Scalars of scratch memory for a batch of n.
  [[nodiscard]] static constexpr Index scratch(Index n) {
    return chunks(n) > 1 ? chunks(n) * parts * part_size : 0;
  }
};

/// The parts of one weight gradient; see convolution_weight_gradient().
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
class WeightGradient {
 public:
  using X = FeatureMap<const T, In, HaloIn>;
  using DY = FeatureMap<const T, Out, HaloOut>;
  using Plan = WeightGradientPlan<T, W, In, Out.channels>;

  static void run(const ExecutionPolicy& policy, Index n, X x, DY dy, T* dw, T* scratch) {
    const Index chunks = Plan::chunks(n);
    if (chunks == 1)
      return policy.for_parts(Plan::parts, [&](Index part, int) {
        alignas(64) T sums[Plan::part_size];
        sum_part(x, dy, static_cast<int>(part), 0, n, sums);
        add_part(static_cast<int>(part), sums, dw);
      });
    policy.for_parts(chunks * Plan::parts, [&](Index i, int) {
      const Index chunk = i / Plan::parts;
      sum_part(x, dy, static_cast<int>(i % Plan::parts), n * chunk / chunks, n * (chunk + 1) / chunks,
               scratch + i * Plan::part_size);
    });
    policy.for_parts(Plan::parts, [&](Index part, int) {
      T* const sums = scratch + part * Plan::part_size;
      for (Index chunk = 1; chunk < chunks; ++chunk) {
        const T* more = sums + chunk * Plan::parts * Plan::part_size;
        for (Index i = 0; i < Plan::part_size; i += B)
          simd::store<T>(sums + i, simd::add(simd::load<T>(sums + i), simd::load<T>(more + i)));
      }
      add_part(static_cast<int>(part), sums, dw);
    });
  }

 private:
  static constexpr int B = Plan::B;
  /// Rows of x and dy of one tile that fit into L1, and images where a whole plane does.
  static constexpr int kRowBytes =
      (DY::kRowStride * Plan::vectors + W.stride * X::kRowStride) * static_cast<int>(sizeof(T));
  static constexpr int kRows = std::clamp(24 * 1024 / kRowBytes, 1, Out.height);
  static constexpr int kImages = kRows < Out.height ? 1 : std::max(1, 24 * 1024 / (kRowBytes * Out.height));

  static constexpr int vectors_of(int panel) {
    return std::min(Plan::vectors, Plan::out_blocks - panel * Plan::vectors);
  }
  static constexpr int channels_of(int block) { return std::min(B, In.channels - block * B); }

  /// sums = the gradient of one part from images [begin, end).
  static void sum_part(X x, DY dy, int part, Index begin, Index end, T* sums) {
    const int panel = part / Plan::groups, first = part % Plan::groups * Plan::group;
    const int last = std::min(first + Plan::group, Plan::in_blocks);
    if (vectors_of(panel) < Plan::vectors) std::fill_n(sums, Plan::part_size, T(0));
    for (Index n = begin; n < end; n += kImages)
      for (int row = 0; row < Out.height; row += kRows) {
        detail::GradientBand<T> band{.x = nullptr,
                                     .x_row = Index{W.stride} * X::kRowStride,
                                     .x_image = X::kImageStride,
                                     .dy = dy.row(n, panel * Plan::vectors, row),
                                     .dy_row = DY::kRowStride,
                                     .dy_image = DY::kImageStride,
                                     .dy_plane = DY::kPlaneStride,
                                     .images = static_cast<int>(std::min<Index>(kImages, end - n)),
                                     .rows = std::min(kRows, Out.height - row),
                                     .first = n == begin && row == 0};
        T* to = sums;
        for (int block = first; block < last; ++block) {
          for (int kh = 0; kh < W.kernel; ++kh)
            for (int kw = 0; kw < W.kernel; ++kw, to += channels_of(block) * B) {
              band.x = x.row(n, block, row * W.stride - W.padding + kh) + Index{kw - W.padding} * B;
              sum_tap(band, channels_of(block), vectors_of(panel), to);
            }
        }
      }
  }

  /// One tap of one input block over one band.
  static void sum_tap(const detail::GradientBand<T>& band, int channels, int vectors, T* sums) {
    const auto with_channels = [&](auto width) {
      if (vectors == Plan::vectors)
        sum_tiles<width, Plan::vectors>(band, sums);
      else if constexpr (Plan::out_blocks % Plan::vectors > 0)
        sum_tiles<width, 1>(band, sums);
    };
    if (channels == B) {
      if constexpr (In.channels >= B) with_channels(std::integral_constant<int, B>{});
    } else if constexpr (In.channels % B > 0) {
      with_channels(std::integral_constant<int, In.channels % B>{});
    }
  }

  template <int Channels, int Vectors>
  static void sum_tiles(const detail::GradientBand<T>& band, T* sums) {
    constexpr int accumulators = kSimdRegisters == 32 ? 16 : 8;
    constexpr int tile = std::min(Channels, accumulators / Vectors), rest = Channels % tile;
    detail::GradientBand<T> part = band;
    for (int c = 0; c + tile <= Channels; c += tile, part.x += tile)
      detail::weight_gradient_tile<T, W.stride, Out.width, tile, Vectors>(part, sums + c * B,
                                                                          Plan::vector_size);
    if constexpr (rest > 0)
      detail::weight_gradient_tile<T, W.stride, Out.width, rest, Vectors>(part, sums + (Channels - rest) * B,
                                                                          Plan::vector_size);
  }

  /// dw += the sums of one part.
  static void add_part(int part, const T* sums, T* dw) {
    const int panel = part / Plan::groups, first = part % Plan::groups * Plan::group;
    const int last = std::min(first + Plan::group, Plan::in_blocks);
    for (int o = 0; o < vectors_of(panel); ++o) {
      const int out = (panel * Plan::vectors + o) * B;
      T* const to = dw + (Index{out} * In.channels + first * B) * Plan::taps;
      const int lanes = std::min(B, Out.channels - out);
      const int count = (std::min(last * B, In.channels) - first * B) * Plan::taps;
      const auto order = [&](int i) {  // from [channel][tap] to [block][tap][channel]
        const int channel = i / Plan::taps, block = channel / B;
        return Index{block} * B * Plan::taps + i % Plan::taps * channels_of(first + block) + channel % B;
      };
      detail::add_transposed(sums + o * Plan::vector_size, count, lanes, order, to,
                             Index{In.channels} * Plan::taps);
    }
  }
};

/// dw += gradient with respect to the weights, dw in PyTorch's layout [out][in][k][k]; `scratch` holds
/// WeightGradientPlan::scratch(n) scalars.
template <Window W, class T, Shape In, int HaloIn, Shape Out, int HaloOut>
void convolution_weight_gradient(const ExecutionPolicy& policy, Index n, FeatureMap<const T, In, HaloIn> x,
                                 FeatureMap<const T, Out, HaloOut> dy, T* dw, T* scratch) {
  WeightGradient<W, T, In, HaloIn, Out, HaloOut>::run(policy, n, x, dy, dw, scratch);
}

}  // namespace drnet::inline DRNET_ISA
