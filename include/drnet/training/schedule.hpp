// Learning-rate schedules with linear warm-up; time is counted in epochs and may be fractional.
#pragma once

#include <drnet/core/error.hpp>

#include <cmath>
#include <numbers>
#include <string>

namespace drnet::inline DRNET_ISA {

enum class Decay { constant, step, cosine };

/// Named options of a schedule.
struct Schedule {
  Decay decay = Decay::step;
  double base = 0.1;    ///< learning rate after warm-up
  double warmup = 3;    ///< epochs of linear growth from `base / 100`
  double total = 70;    ///< epochs, for cosine decay to `base * floor`
  double every = 20;    ///< epochs between steps
  double factor = 0.1;  ///< of one step
  double floor = 0.0;   ///< last value of cosine decay, as a share of base

  /// Throws Error for values that give no learning rate.
  void check() const {
    const auto require = [](double value, bool valid, const char* name, const char* expected) {
      if (!valid || !std::isfinite(value))
        throw Error(std::string("Schedule::") + name, expected, std::to_string(value));
    };
    require(base, base >= 0, "base", "a rate of at least 0");
    require(warmup, warmup >= 0, "warmup", "at least 0 epochs");
    require(total, total >= 0, "total", "at least 0 epochs");
    require(every, every > 0, "every", "more than 0 epochs");
    require(factor, factor >= 0, "factor", "at least 0");
    require(floor, floor >= 0, "floor", "a share of at least 0");
  }
  /// Learning rate at `epoch` (0 = start of training).
  [[nodiscard]] double rate(double epoch) const {
    if (epoch < warmup) return base * (0.01 + 0.99 * epoch / warmup);
    switch (decay) {
      case Decay::constant:
        return base;
      case Decay::step:
        return base * std::pow(factor, std::floor(epoch / every));
      case Decay::cosine: {
        const double progress = std::min(1.0, (epoch - warmup) / std::max(1e-9, total - warmup));
        return base * (floor + (1 - floor) * 0.5 * (1 + std::cos(std::numbers::pi * progress)));
      }
    }
    return base;
  }
};

}  // namespace drnet::inline DRNET_ISA
