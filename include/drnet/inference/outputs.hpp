// What a network says about labelled images at every candidate: from this, any way of choosing among the
// candidates is computed without running the network again (docs/design.md, inference).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/core/parallel.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Logits of n images at m candidates, largest resolution first, and those of the predictor. All arrays are
/// row-major; n = labels.size().
struct Outputs {
  int candidates = 0, classes = 0;
  std::vector<int> labels;       ///< [n], the true classes
  std::vector<float> logits;     ///< [n][m][classes], of the classifier
  std::vector<float> predictor;  ///< [n][m]; empty without a predictor

  [[nodiscard]] Index images() const noexcept { return static_cast<Index>(labels.size()); }
  /// [classes], of image i at candidate j.
  [[nodiscard]] std::span<const float> at(Index i, int j) const {
    return std::span(logits).subspan(static_cast<std::size_t>((i * candidates + j) * classes),
                                     static_cast<std::size_t>(classes));
  }
  /// [m], the predictor's of image i.
  [[nodiscard]] std::span<const float> choice(Index i) const {
    return std::span(predictor).subspan(static_cast<std::size_t>(i * candidates),
                                        static_cast<std::size_t>(candidates));
  }
  /// Throws Error for arrays that do not fit each other, labels out of range, and no images at all.
  void check() const {
    const auto require = [](bool valid, const char* what, const std::string& expected, std::size_t got) {
      if (!valid) throw Error(std::string("Outputs::") + what, expected, std::to_string(got));
    };
    const std::size_t n = labels.size(), m = static_cast<std::size_t>(candidates);
    require(n > 0, "labels", "at least one image", n);
    require(candidates > 0, "candidates", "at least one", m);
    require(logits.size() == n * m * static_cast<std::size_t>(classes), "logits",
            std::to_string(n * m * static_cast<std::size_t>(classes)) + " values", logits.size());
    require(predictor.empty() || predictor.size() == n * m, "predictor",
            std::to_string(n * m) + " values or none", predictor.size());
    for (const int label : labels)
      if (label < 0 || label >= classes)
        throw Error("Outputs::labels", "0 to " + std::to_string(classes - 1), std::to_string(label));
  }
};

}  // namespace drnet::inline DRNET_ISA
