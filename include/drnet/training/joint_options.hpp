// How stage 2 finds the gradient of the choice, and the options of its loss (docs/method.md).
#pragma once

#include <drnet/core/error.hpp>

#include <cmath>
#include <string>

namespace drnet::inline DRNET_ISA {

/// How the predictor gets its gradient; `sparse` and `dense` as in docs/method.md. The other two are ours:
/// with the answers of every candidate at hand (as dense has them), the predictor learns by a cross entropy
/// what an oracle knows (training/oracle.hpp), and the classifier's gradient is that of sum_j p_bj
/// CE(F_j(x_b)). There is no temperature.
///   oracle              which candidates are right and what they cost; the cost counts while the mean cost
///   of
///                       the choices exceeds alpha
///   minimum_resolution  the smallest candidate that is right; a baseline that looks at no cost
enum class Estimator { sparse, dense, oracle, minimum_resolution };

/// Named options of the joint loss.
struct JointOptions {
  Estimator estimator = Estimator::sparse;
  double tau = 1.0;  ///< temperature of the Gumbel softmax
  double eta = 0.2;  ///< weight of the FLOPs loss
  /// Target cost in the unit of the costs: G multiply-adds of the classifier, unless a step was given others.
  double alpha = 0.0;
  double label_smoothing = 0.0;
  bool freeze_classifier = false;  ///< its running statistics normalize, and only the predictor has gradients
  /// false: h is a constant in the backward pass (of `sparse` and `dense`), as in the published MindSpore
  /// code, which has no straight-through term: the predictor gets no gradient and only the classifier learns.
  bool straight_through = true;

  /// Whether the predictor learns from which candidates are right, instead of through the Gumbel softmax.
  [[nodiscard]] bool learns_from_answers() const {
    return estimator == Estimator::oracle || estimator == Estimator::minimum_resolution;
  }
  /// Whether the predictor has a gradient.
  [[nodiscard]] bool teaches_predictor() const { return straight_through || learns_from_answers(); }
  /// Weight of the cost in the loss.
  [[nodiscard]] double cost_weight() const { return estimator == Estimator::minimum_resolution ? 0 : eta; }
  /// Throws Error for values out of range.
  void check() const {
    const auto require = [](bool valid, const char* name, const char* expected, double got) {
      if (!valid) throw Error(std::string("JointOptions::") + name, expected, std::to_string(got));
    };
    require(tau > 0 && std::isfinite(tau), "tau", "a temperature above 0", tau);
    require(eta >= 0 && std::isfinite(eta), "eta", "a weight of at least 0", eta);
    require(std::isfinite(alpha), "alpha", "a finite target", alpha);
    require(label_smoothing >= 0 && label_smoothing < 1, "label_smoothing", "0 <= smoothing < 1",
            label_smoothing);
  }
};

}  // namespace drnet::inline DRNET_ISA
