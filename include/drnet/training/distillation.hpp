// Ensemble distillation across candidates (Wang et al., Resolution Switchable Networks, ECCV 2020), a loss of
// stage 1. The logits y_r of all m candidates at one image also make an ensemble, whose weights are learnt:
//
//   y_E = sum_r w_r y_r,  w = softmax(a)
//
//   L = sum_r CE(y_r) + CE(y_E) + 2 / (m + 1) tau^2 sum_(t, s) KL(softmax(y_t / tau) || softmax(y_s / tau))
//
// The pairs of teacher and student (t, s) are the ensemble with every candidate, and every candidate with
// each of a lower resolution; there are m (m + 1) / 2 of them. Teachers are constants in the backward pass,
// and so are the logits in CE(y_E): the divergences teach the students alone, CE(y_E) the scores a alone.
// With p = softmax(y) and the target distribution q (training/cross_entropy.hpp):
//
//   dL/dy_s = p_s - q + 2 / (m + 1) tau sum_t (softmax(y_s / tau) - softmax(y_t / tau))
//
//   dL/da_r = w_r <p_E - q, y_r - y_E>
//
// With one candidate both teacher and student are itself, and the gradient is that of its cross entropy.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/training/cross_entropy.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Named options of ensemble distillation.
struct DistillationOptions {
  double temperature = 1;  ///< tau: above 1 the classes that are not the answer count more

  /// Throws Error for values out of range.
  void check() const {
    if (!(temperature > 0) || !std::isfinite(temperature))
      throw Error("DistillationOptions::temperature", "a temperature above 0", std::to_string(temperature));
  }
};

/// The terms of one image.
struct DistillationLosses {
  double cross_entropy = 0;  ///< sum over the candidates
  double ensemble = 0;       ///< cross entropy of the ensemble
  double divergence = 0;     ///< of students from teachers, with its factor
  [[nodiscard]] double total() const { return cross_entropy + ensemble + divergence; }
};

/// The ensemble's scores and their gradient, which add up image by image. Computes in double.
template <class T>
class EnsembleDistillation {
 public:
  /// Scores of 0: the ensemble begins as the mean. Throws Error for options out of range.
  explicit EnsembleDistillation(int candidates, DistillationOptions options = {})
      : options_(options), scores_(static_cast<std::size_t>(candidates)), gradient_(scores_.size()) {
    options_.check();
    begin();
  }

  /// The scores a [m], what is learnt.
  [[nodiscard]] std::span<T> scores() noexcept { return scores_; }
  /// Softmax of the scores as begin() found them [m].
  [[nodiscard]] const std::vector<double>& weights() const noexcept { return weights_; }
  /// dL/da [m] of the images since begin().
  [[nodiscard]] const std::vector<double>& gradient() const noexcept { return gradient_; }

  /// A batch begins: reads the scores, forgets their gradient.
  void begin() {
    weights_.assign(scores_.begin(), scores_.end());
    log_softmax(std::span<const double>(weights_), 1, weights_);
    for (double& w : weights_) w = std::exp(w);
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
  }

  /// One image: its losses, dlogits[r] <- weight * dL/dy_r, and weight * dL/da added to the gradient of the
  /// scores. logits [m] spans of the classes, largest resolution first, as dlogits.
  DistillationLosses add(std::span<const std::span<const T>> logits, int label, double smoothing,
                         double weight, std::span<const std::span<T>> dlogits) {
    const std::size_t m = scores_.size();
    make_ensemble(logits);
    DistillationLosses losses{.ensemble = learn_weights(logits, label, smoothing, weight)};
    for (std::size_t r = 0; r < m; ++r) soften<T>(logits[r], r);
    soften<double>(ensemble_, m);
    for (std::size_t r = 0; r < m; ++r) {
      losses.cross_entropy += cross_entropy<T>(logits[r], label, smoothing, weight, dlogits[r]);
      losses.divergence += learn_from_teachers(r, weight, dlogits[r]);
    }
    return losses;
  }

 private:
  /// log softmax(z / tau), which may be z itself.
  template <class Z>
  static void log_softmax(std::span<const Z> z, double tau, std::span<double> to) {
    const double top = static_cast<double>(*std::max_element(z.begin(), z.end()));
    double sum = 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      to[k] = (static_cast<double>(z[k]) - top) / tau;
      sum += std::exp(to[k]);
    }
    for (double& v : to) v -= std::log(sum);
  }
  /// y_E of an image, and room for as many classes.
  void make_ensemble(std::span<const std::span<const T>> logits) {
    classes_ = logits.front().size();
    log_p_.resize((scores_.size() + 1) * classes_);
    p_.resize(log_p_.size());
    ensemble_.assign(classes_, 0.0);
    for (std::size_t r = 0; r < logits.size(); ++r)
      for (std::size_t k = 0; k < classes_; ++k)
        ensemble_[k] += weights_[r] * static_cast<double>(logits[r][k]);
  }
  /// CE(y_E) and the gradient of the scores.
  double learn_weights(std::span<const std::span<const T>> logits, int label, double smoothing,
                       double weight) {
    d_ensemble_.resize(classes_);
    const double loss = cross_entropy<double>(ensemble_, label, smoothing, weight, d_ensemble_);
    for (std::size_t r = 0; r < logits.size(); ++r) {
      double inner = 0;
      for (std::size_t k = 0; k < classes_; ++k)
        inner += d_ensemble_[k] * (static_cast<double>(logits[r][k]) - ensemble_[k]);
      gradient_[r] += weights_[r] * inner;
    }
    return loss;
  }
  /// Row `row` of p_ and log_p_: a candidate's, or, row m, the ensemble's distribution at the temperature.
  template <class Z>
  void soften(std::span<const Z> logits, std::size_t row) {
    const std::size_t at = row * classes_;
    log_softmax(logits, options_.temperature, std::span(log_p_).subspan(at, classes_));
    for (std::size_t k = at; k < at + classes_; ++k) p_[k] = std::exp(log_p_[k]);
  }
  /// The divergences of a student from the ensemble and from every larger candidate; their gradient is added.
  double learn_from_teachers(std::size_t student, double weight, std::span<T> dz) {
    const std::size_t m = scores_.size();
    const double factor = 2 / static_cast<double>(m + 1), tau = options_.temperature;
    double divergence = 0;
    for (std::size_t k = 0; k < classes_; ++k) {
      const std::size_t own = student * classes_ + k;
      double pull = 0;
      const auto learn_from = [&](std::size_t teacher) {
        const std::size_t its = teacher * classes_ + k;
        divergence += p_[its] * (log_p_[its] - log_p_[own]);
        pull += p_[own] - p_[its];
      };
      learn_from(m);
      for (std::size_t teacher = 0; teacher < student; ++teacher) learn_from(teacher);
      dz[k] += static_cast<T>(weight * factor * tau * pull);
    }
    return factor * tau * tau * divergence;
  }

  DistillationOptions options_;
  std::vector<T> scores_;
  std::vector<double> weights_, gradient_;
  std::size_t classes_ = 0;
  std::vector<double> ensemble_, d_ensemble_, p_, log_p_;  // the last two [m + 1][classes]
};

}  // namespace drnet::inline DRNET_ISA
