// The options of a trainer, and what they mean at a position of its stage: functions of the position alone,
// so that a run that resumes goes on as it would have.
#pragma once

#include <drnet/training/distillation.hpp>
#include <drnet/training/joint_options.hpp>
#include <drnet/training/schedule.hpp>
#include <drnet/training/sgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// What a step of stage 1 asks of the candidates.
enum class FirstStage {
  summed,    ///< every candidate for every image, losses summed: the paper's
  sampled,   ///< one random candidate for each image
  distilled  ///< every candidate for every image, and they teach each other (training/distillation.hpp)
};

/// Named options of a trainer. Positions are times in epochs of the stage.
struct TrainerOptions {
  int stage = 1;  ///< 1: the classifier at its candidates; 2: joint with the predictor
  FirstStage first_stage = FirstStage::summed;
  DistillationOptions distillation{};
  SgdOptions sgd{};
  Schedule schedule{};
  double predictor_rate =
      0.1;  ///< learning rate of the predictor, as a multiple of the classifier's (stage 2)
  double classifier_rate = 1;  ///< the same for the classifier; 0 freezes it (stage 2)
  double head_rate = 1;  ///< of the classifier's last layer, as a multiple of that of its other layers: long
                         ///< feature vectors want a lower one
  /// Epochs at the start of stage 2 in which the predictor learns alone: the classifier rests, and what its
  /// candidates answer teaches the predictor (Estimator::oracle, unless another that learns from answers was
  /// chosen). Every candidate is looked at for every image then, and no gradient vanishes, however confident
  /// the classifier: joint training begins with a choice that uses the candidates for what they are good for.
  int predictor_warmup = 0;
  JointOptions joint{};             ///< label smoothing counts in both stages
  std::optional<double> tau_end{};  ///< temperature that joint.tau goes to until schedule.total; empty: stays
  std::vector<double> costs{};      ///< of the candidates, in the unit of joint.alpha; empty: G multiply-adds
  double max_gradient_norm = 0;     ///< scales down larger gradients of a network; 0: never
  std::uint64_t seed = 0;

  /// Throws Error for options out of range.
  void check() const {
    const auto require = [](bool valid, const char* name, const char* expected, double got) {
      if (!valid) throw Error(std::string("TrainerOptions::") + name, expected, std::to_string(got));
    };
    if (stage != 1 && stage != 2) throw Error("training stage", "1 or 2", std::to_string(stage));
    require(predictor_rate >= 0, "predictor_rate", "at least 0", predictor_rate);
    require(classifier_rate >= 0, "classifier_rate", "at least 0", classifier_rate);
    require(head_rate >= 0 && std::isfinite(head_rate), "head_rate", "at least 0", head_rate);
    require(predictor_warmup >= 0, "predictor_warmup", "at least 0 epochs", predictor_warmup);
    require(!tau_end || (*tau_end > 0 && std::isfinite(*tau_end)), "tau_end", "a temperature above 0",
            tau_end.value_or(1));
    if (tau_end && joint.learns_from_answers())
      throw Error("TrainerOptions::tau_end", "the estimator sparse or dense: the others have no temperature",
                  "an estimator that learns from answers");
    require(max_gradient_norm >= 0, "max_gradient_norm", "at least 0", max_gradient_norm);
    for (const double cost : costs) require(cost > 0 && std::isfinite(cost), "costs", "costs above 0", cost);
    distillation.check();
    schedule.check();
    joint.check();
  }
  /// Whether stage 2 leaves the classifier as it is.
  [[nodiscard]] bool classifier_rests() const { return joint.freeze_classifier || classifier_rate == 0; }
  /// Whether every candidate's bank sees every batch, not only the images that were sent to it.
  [[nodiscard]] bool trains_every_bank() const {
    return stage == 1 ? first_stage != FirstStage::sampled : joint.estimator != Estimator::sparse;
  }
  /// Whether the steps learn from answers that do not change (Trainer::note_errors).
  [[nodiscard]] bool answers_rest() const {
    return stage == 2 && joint.learns_from_answers() && classifier_rests();
  }
  /// Learning rates of the classifier.
  [[nodiscard]] LearningRates classifier_rates_at(double position) const {
    const double lr = schedule.rate(position) * (stage == 1 ? 1 : classifier_rate);
    return {lr, head_rate * lr};
  }
  /// The temperature of the Gumbel softmax: exponentially from joint.tau to tau_end.
  [[nodiscard]] double tau_at(double position) const {
    if (!tau_end || !(schedule.total > 0)) return joint.tau;
    return joint.tau * std::pow(*tau_end / joint.tau, std::min(1.0, position / schedule.total));
  }
  /// The options of a step of stage 2.
  [[nodiscard]] JointOptions joint_at(double position) const {
    JointOptions at = joint;
    const bool alone = position < predictor_warmup;
    at.tau = tau_at(position);
    at.freeze_classifier = classifier_rests() || alone;
    if (alone && !at.learns_from_answers()) at.estimator = Estimator::oracle;
    return at;
  }
};

}  // namespace drnet::inline DRNET_ISA
