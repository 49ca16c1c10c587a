// A ladder from the definition of a convolution to the library's kernels. Every rung computes the same thing,
//
//   y[o][r][q] = sum over c, u, v of w[o][c][u][v] x[c][r + u - 1][q + v - 1],   x = 0 outside of the image,
//
// C channels in and out, H x H pixels, one image, one thread; every rung changes one thing of the one below
// and says why that is faster. What bounds them: a core starts two packets (16 floats under AVX-512) of fused
// multiply-adds a cycle, each of which takes four cycles, and loads two packets a cycle. So eight sums must
// be under way at any time, and a multiply-add may take one load.
//
// All are checked against sums in double and take turns at being timed: ./run bench ladder [64|128|256|512]
#include <random_values.hpp>
#include <timing.hpp>

#include <drnet/kernels/winograd.hpp>

#include <cmath>
#include <cstdio>
#include <string_view>

namespace {

using namespace drnet;
using Packet = simd::Packet<float>;
constexpr int B = kLanes<float>;  // lanes of a packet, channels of a block

struct Rung {
  const char* name;
  std::function<void()> run;
  bool planar = false;  // where its result is
  double error = 0;     // relative to the largest result
};

/// The largest difference, relative to the largest number expected; NaN where a result is.
double error_of(const Buffer<float>& results, const Buffer<double>& expected) {
  double worst = 0, largest = 0;
  for (Index i = 0; i < results.size(); ++i) {
    const double difference = std::abs(static_cast<double>(results[i]) - expected[i]);
    if (difference > worst || std::isnan(difference)) worst = difference;
    largest = std::max(largest, std::abs(expected[i]));
  }
  return worst / largest;
}

/// Times the rungs and prints them; false where one is wrong. `gflop` = 1e-9 times the operations of the
/// definition, also where a rung needs fewer.
bool report(const std::vector<Rung>& rungs, double gflop) {
  // A turn of a rung lasts 5 ms or longer, so that it mostly meets what it has itself left in the caches.
  std::vector<int> repeats;
  std::vector<std::function<void()>> turns;
  for (const Rung& rung : rungs) {
    repeats.push_back(1 + static_cast<int>(0.005 / benchmark_support::seconds_of(rung.run)));
    turns.emplace_back([&run = rung.run, times = repeats.back()] {
      for (int i = 0; i < times; ++i) run();
    });
  }
  double peak_operations = 0;
  turns.emplace_back([&] { peak_operations = benchmark_support::peak_run(); });
  const std::vector<double> t = benchmark_support::medians(turns, 6);
  const double peak = peak_operations / t.back() / 1e9;

  std::printf("%.3f GFLOP, peak of the core %.0f GFLOP/s\n", gflop, peak);
  std::printf("rung                          ms  GFLOP/s  %% of peak  faster than the one before  error\n");
  bool right = true;
  double before = t[0] / repeats[0];
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    const double seconds = t[i] / repeats[i], speed = gflop / seconds;
    const bool fine = rungs[i].error < 1e-5;
    std::printf("%-22s %9.3f  %7.1f  %9.1f  %25.2fx  %.1e%s\n", rungs[i].name, 1e3 * seconds, speed,
                100 * speed / peak, before / seconds, rungs[i].error, fine ? "" : "  WRONG");
    right = right && fine;
    before = seconds;
  }
  return right;
}

template <int C, int H>
struct Ladder {
  static constexpr Shape kShape{C, H, H};
  static constexpr int kBlocks = C / B;
  static_assert(C % (2 * B) == 0);
  using Bare = FeatureMap<const float, kShape>;       // an input
  using Framed = FeatureMap<const float, kShape, 1>;  // an input with a halo of one pixel
  using Out = FeatureMap<float, kShape>;

  /// Weights [tap][input][output]: those of vector o of B outputs for block b of B inputs.
  struct Transposed {
    const float* data;
    static constexpr Index kStep = C, kVector = B;  // to the next input, to the next vector
    const float* at(int o, int b, int tap) const { return data + (Index{tap} * C + b * B) * C + o * B; }
  };
  /// Weights [vector of outputs][block of inputs][tap][input][B outputs].
  struct Packed {
    const float* data;
    static constexpr Index kStep = B, kVector = Index{C} * 9 * B;
    const float* at(int o, int b, int tap) const { return data + o * kVector + (b * 9 + tap) * B * B; }
  };

  /// Pixels of a tile: the most that divide a row and leave registers for two vectors of weights.
  static constexpr int P = [] {
    int pixels = kSimdRegisters == 32 ? 14 : 6;
    while (H % pixels != 0) --pixels;
    return pixels;
  }();

  // 1. The definition, on planar arrays. Every addition waits for the one before it, for one scalar at a
  // time.
  template <class T>
  static void definition(const float* x, const float* w, T* y) {
    for (int o = 0; o < C; ++o)
      for (int r = 0; r < H; ++r)
        for (int q = 0; q < H; ++q) {
          T sum = 0;
          for (int c = 0; c < C; ++c)
            for (int u = 0; u < 3; ++u)
              for (int v = 0; v < 3; ++v) {
                const int row = r + u - 1, column = q + v - 1;
                if (row >= 0 && row < H && column >= 0 && column < H)
                  sum += T(w[((o * C + c) * 3 + u) * 3 + v]) * T(x[(c * H + row) * H + column]);
              }
          y[(o * H + r) * H + q] = sum;
        }
  }

  // 2. The loop over a row comes last: neighbours in memory, each with a sum of its own, which the compiler
  // turns into packets; the border is cut off outside of it. But every sum is loaded and stored for each of
  // its terms.
  static void rows_last(const float* x, const float* w, float* y) {
    std::fill_n(y, kShape.size(), 0.0F);
    for (int o = 0; o < C; ++o)
      for (int c = 0; c < C; ++c)
        for (int u = 0; u < 3; ++u)
          for (int v = 0; v < 3; ++v) {
            const float weight = w[((o * C + c) * 3 + u) * 3 + v];
            for (int r = std::max(0, 1 - u); r < std::min(H, H + 1 - u); ++r) {
              const float* const from = x + (c * H + r + u - 1) * H + v - 1;
              float* const to = y + (o * H + r) * H;
              for (int q = std::max(0, 1 - v); q < std::min(H, H + 1 - v); ++q) to[q] += weight * from[q];
            }
          }
  }

  // 3. Lanes are channels: maps are stored as [block of B channels][row][column][B], weights as [tap][input]
  // [output]. A pixel's sums of B outputs are one packet that stays in a register over all terms; one input,
  // in all lanes, meets B weights. Still each multiply-add waits for the one before it.
  static void lanes(Bare x, Transposed w, Out y) {
    for (int o = 0; o < kBlocks; ++o)
      for (int r = 0; r < H; ++r)
        for (int q = 0; q < H; ++q) {
          Packet sum = simd::zero<Packet>();
          for (int b = 0; b < kBlocks; ++b)
            for (int tap = 0; tap < 9; ++tap) {
              const int row = r + tap / 3 - 1, column = q + tap % 3 - 1;
              if (row < 0 || row >= H || column < 0 || column >= H) continue;
              const float* const pixel = x.row(0, b, row) + column * B;
              const float* weight = w.at(o, b, tap);
              for (int c = 0; c < B; ++c, weight += w.kStep)
                sum = simd::fma(simd::broadcast<float>(pixel[c]), simd::load<float>(weight), sum);
            }
          simd::store<float>(y.row(0, o, r) + q * B, sum);
        }
  }

  // 4. A tile: P neighbouring pixels at once. Their sums do not wait for each other, and share each weight.
  // But every pixel is tested against the border, and what that costs depends on how far out of the loops the
  // compiler moves the tests.
  static void tiles(Bare x, Transposed w, Out y) {
    for (int o = 0; o < kBlocks; ++o)
      for (int r = 0; r < H; ++r)
        for (int q = 0; q < H; q += P) {
          Packet sums[P];
          for (Packet& sum : sums) sum = simd::zero<Packet>();
          for (int b = 0; b < kBlocks; ++b)
            for (int tap = 0; tap < 9; ++tap) {
              const int row = r + tap / 3 - 1, column = q + tap % 3 - 1;
              if (row < 0 || row >= H) continue;
              const float* const pixels = x.row(0, b, row) + column * B;
              const float* weight = w.at(o, b, tap);
              for (int c = 0; c < B; ++c, weight += w.kStep)
                unroll<P>([&](auto p) __attribute__((always_inline)) {
                  if (column + p >= 0 && column + p < H)
                    sums[p] = simd::fma(simd::broadcast<float>(pixels[p * B + c]), simd::load<float>(weight),
                                        sums[p]);
                });
            }
          unroll<P>([&](auto p) { simd::store<float>(y.row(0, o, r) + (q + p) * B, sums[p]); });
        }
  }

  /// All sums of P pixels x O vectors of outputs, from vector o and pixel (r, q) on.
  template <int O, class Weights>
  static void tile(Framed x, Weights w, Out y, int o, int r, int q) {
    Packet sums[P][O];
    for (auto& pixel : sums)
      for (Packet& sum : pixel) sum = simd::zero<Packet>();
    for (int b = 0; b < kBlocks; ++b)
      for (int tap = 0; tap < 9; ++tap) {
        const float* pixels = x.row(0, b, r + tap / 3 - 1) + (q + tap % 3 - 1) * B;
        const float* weight = w.at(o, b, tap);
        for (int c = 0; c < B; ++c, ++pixels, weight += w.kStep)
          unroll<P>([&](auto p) __attribute__((always_inline)) {
            const Packet value = simd::broadcast<float>(pixels[p * B]);
            unroll<O>([&](auto k) __attribute__((always_inline)) {
              sums[p][k] = simd::fma(value, simd::load<float>(weight + k * w.kVector), sums[p][k]);
            });
          });
      }
    unroll<P * O>(
        [&](auto i) { simd::store<float>(y.row(0, o + i % O, r) + (q + i / O) * B, sums[i / O][i % O]); });
  }

  // 5. A halo: the map has a frame of zeros in memory, so that all tiles are alike and nothing is tested. The
  // innermost loop loads P inputs and one packet of weights for P multiply-adds: one too many.
  static void halo(Framed x, Transposed w, Out y) {
    for (int o = 0; o < kBlocks; ++o)
      for (int r = 0; r < H; ++r)
        for (int q = 0; q < H; q += P) tile<1>(x, w, y, o, r, q);
  }

  // 6. Two vectors of outputs: every input in a register is used twice, and P + 2 loads are enough for 2 P
  // multiply-adds. With 14 pixels they take 28 registers for sums, two for weights and one for the input, of
  // 32 (kernels/tile.hpp).
  template <class Weights>
  static void two_vectors(Framed x, Weights w, Out y) {
    for (int o = 0; o < kBlocks; o += 2)
      for (int r = 0; r < H; ++r)
        for (int q = 0; q < H; q += P) tile<2>(x, w, y, o, r, q);
  }

  // 7. Packed weights: every vector reads one stream from its begin to its end, which the processor foresees.
  // Before, the weights of one input and of the next were C floats apart, so that few of them lay in one
  // page.
  static void packed_weights(Framed x, Packed w, Out y) { two_vectors(x, w, y); }

  // 8. The library: tiles chosen for each shape by the compiler, which go on in the next row where rows are
  // short (two rows of 7 make one of 14); an order of rows and vectors for which caches are large enough;
  // requests for what the next tile reads; an epilogue, here the plain sum (kernels/convolution.hpp). What is
  // in the caches already, as here, gains little from it.
  static void library(Framed x, Packed w, Out y) {
    convolution_forward<Window{3, 1, 1}>(Serial{}, 1, x, w.data, y, accumulator);
  }

  // 9. and 10. Fewer multiplications: Winograd's algorithm makes M x M outputs of (M + 2)^2 products a
  // channel instead of 9 M^2, 2.25 times fewer for M = 2 and 4 times for M = 4, between transforms that add
  // and subtract, which cost time and digits (kernels/winograd.hpp).
  template <int M>
  static void winograd(Framed x, const float* transformed, Out y, float* scratch) {
    winograd_forward<M>(Serial{}, 1, x, transformed, y, accumulator, scratch);
  }

  static bool climb();
};

/// The rungs with their arguments; false where one is wrong.
template <int C, int H>
bool Ladder<C, H>::climb() {
  constexpr ConvChannels channels{.out = C, .in = C};
  const Serial serial;
  const auto x = benchmark_support::random_values(kShape.size(), 1),
             w = benchmark_support::random_values(channels.weights() * 9, 2);
  FeatureTensor<float, kShape> bare(1), out(1);
  FeatureTensor<float, kShape, 1> framed(1);
  from_planar(x.data(), bare.view(), 1);
  from_planar(x.data(), framed.view(), 1);
  Buffer<float> planar(kShape.size()), transposed(w.size()), packed(w.size());
  for (Index k = 0; k < w.size(); ++k) transposed[(k % 9 * C + k / 9 % C) * C + k / 9 / C] = w[k];
  pack_weights(serial, w.data(), channels, 3, packed.data());
  Buffer<float> u2(winograd_size<float, 2>(channels)), v2(kWinogradScratch<float, 2, kShape, C>);
  Buffer<float> u4(winograd_size<float, 4>(channels)), v4(kWinogradScratch<float, 4, kShape, C>);
  pack_winograd<2>(serial, w.data(), channels, u2.data());
  pack_winograd<4>(serial, w.data(), channels, u4.data());
  const Bare in = bare.view();
  const Framed with_halo = framed.view();
  const Out y = out.view();
  const Transposed wt{transposed.data()};
  const Packed wp{packed.data()};

  std::vector<Rung> rungs{{"1  definition", [&] { definition(x.data(), w.data(), planar.data()); }, true},
                          {"2  rows last", [&] { rows_last(x.data(), w.data(), planar.data()); }, true},
                          {"3  lanes are channels", [&] { lanes(in, wt, y); }},
                          {"4  tiles", [&] { tiles(in, wt, y); }},
                          {"5  halo", [&] { halo(with_halo, wt, y); }},
                          {"6  two vectors", [&] { two_vectors(with_halo, wt, y); }},
                          {"7  packed weights", [&] { packed_weights(with_halo, wp, y); }},
                          {"8  the library", [&] { library(with_halo, wp, y); }},
                          {"9  Winograd F(2 x 2)", [&] { winograd<2>(with_halo, u2.data(), y, v2.data()); }},
                          {"10 Winograd F(4 x 4)", [&] { winograd<4>(with_halo, u4.data(), y, v4.data()); }}};

  Buffer<double> expected(kShape.size());
  definition(x.data(), w.data(), expected.data());
  for (Rung& rung : rungs) {
    planar.fill(NAN);
    for (int o = 0; o < kBlocks; ++o)
      for (int r = 0; r < H; ++r) std::fill_n(y.row(0, o, r), H * B, NAN);
    rung.run();
    if (!rung.planar) to_planar(y, planar.data(), 1);
    rung.error = error_of(planar, expected);
  }
  std::printf("%d channels at %d x %d, tiles of %d pixels: ", C, H, H, P);
  return report(rungs, 2.0 * 9 * C * static_cast<double>(kShape.size()) / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view channels = argc > 1 ? argv[1] : "64";
  if (channels == "64") return Ladder<64, 56>::climb() ? 0 : 1;
  if (channels == "128") return Ladder<128, 28>::climb() ? 0 : 1;
  if (channels == "256") return Ladder<256, 14>::climb() ? 0 : 1;
  if (channels == "512") return Ladder<512, 7>::climb() ? 0 : 1;
  std::fprintf(stderr, "usage: ladder_benchmark [64|128|256|512]\n");
  return 2;
}
