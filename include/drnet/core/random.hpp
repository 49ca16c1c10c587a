// Random numbers as a function, not a stream: Philox4x32-10 (Salmon et al., SC 2011; Random123) of
// key = seed and counter = (purpose, epoch, sample, draw). The value of a draw therefore never depends on
// the order of evaluation, on the number of threads, or on what was drawn before.
#pragma once

#include <drnet/core/config.hpp>

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace drnet::inline DRNET_ISA {

/// What a random number is for; the first word of the counter, so that no two uses share numbers.
enum class Purpose : std::uint32_t {
  initialization,
  shuffle,
  augmentation,
  gumbel,
  routing,
  synthetic,
  check,
  hold_out,
  dropout
};

/// The random function of one (seed, purpose, epoch, sample); `draw` selects the number.
class Random {
 public:
  constexpr Random(std::uint64_t seed, Purpose purpose, std::uint32_t epoch = 0,
                   std::uint32_t sample = 0) noexcept
      : seed_(seed), purpose_(purpose), epoch_(epoch), sample_(sample) {}

  /// 32 uniform bits.
  [[nodiscard]] std::uint32_t bits(std::uint32_t draw) const noexcept { return block(draw / 4)[draw % 4]; }

  /// Uniform in [0, 1), a multiple of 2^-24 (exact in float and double).
  template <class T = float>
  [[nodiscard]] T uniform(std::uint32_t draw) const noexcept {
    return static_cast<T>(bits(draw) >> 8) * static_cast<T>(0x1p-24);
  }

  /// Uniform in [lo, hi).
  template <class T = float>
  [[nodiscard]] T uniform(std::uint32_t draw, T lo, T hi) const noexcept {
    return lo + (hi - lo) * uniform<T>(draw);
  }

  /// Uniform integer in [0, n); n > 0. The bias of the multiply-shift is below n / 2^32.
  [[nodiscard]] std::uint32_t below(std::uint32_t draw, std::uint32_t n) const noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{bits(draw)} * n) >> 32);
  }

  /// Standard normal (Box-Muller on draws 2 * draw and 2 * draw + 1), computed in double.
  [[nodiscard]] double normal(std::uint32_t draw) const noexcept {
    const double u = 1.0 - uniform<double>(2 * draw), v = uniform<double>(2 * draw + 1);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  [[nodiscard]] std::array<std::uint32_t, 4> block(std::uint32_t index) const noexcept {
    using Philox = r123::Philox4x32;
    const Philox::ctr_type counter{{static_cast<std::uint32_t>(purpose_), epoch_, sample_, index}};
    const Philox::key_type key{{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)}};
    const Philox::ctr_type out = Philox{}(counter, key);
    return {out[0], out[1], out[2], out[3]};
  }

  std::uint64_t seed_;
  Purpose purpose_;
  std::uint32_t epoch_, sample_;
};

}  // namespace drnet::inline DRNET_ISA
