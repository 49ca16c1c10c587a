// Training of a dynamic network in two stages (docs/method.md, training): stage 1 trains the classifier at
// every candidate, stage 2 trains classifier and predictor jointly. A trainer is a function of its seed: the
// Gumbel noise and the dropout of a sample depend on (seed, epoch, sample), so a run that stops and resumes
// has the bits of one that did not.
#pragma once

#include <drnet/training/dynamic_step.hpp>
#include <drnet/training/schedule.hpp>
#include <drnet/training/sgd.hpp>

#include <array>
#include <cmath>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

namespace drnet::inline DRNET_ISA {

/// Named options of a trainer.
struct TrainerOptions {
  int stage = 1;         ///< 1: all candidates, losses summed; 2: joint with the predictor
  bool sampled = false;  ///< stage 1 with one random candidate for each image instead of all
  SgdOptions sgd{};
  Schedule schedule{};
  double predictor_rate =
      0.1;  ///< learning rate of the predictor, as a multiple of the classifier's (stage 2)
  double classifier_rate = 1;    ///< the same for the classifier; 0 freezes it (stage 2)
  JointOptions joint{};          ///< label smoothing counts in both stages
  double max_gradient_norm = 0;  ///< scales down larger gradients of a network; 0: never
  std::uint64_t seed = 0;

  /// Throws Error for options out of range.
  void check() const {
    const auto require = [](bool valid, const char* name, const char* expected, double got) {
      if (!valid) throw Error(std::string("TrainerOptions::") + name, expected, std::to_string(got));
    };
    if (stage != 1 && stage != 2) throw Error("training stage", "1 or 2", std::to_string(stage));
    require(predictor_rate >= 0, "predictor_rate", "at least 0", predictor_rate);
    require(classifier_rate >= 0, "classifier_rate", "at least 0", classifier_rate);
    require(max_gradient_norm >= 0, "max_gradient_norm", "at least 0", max_gradient_norm);
    schedule.check();
    joint.check();
  }
  /// Whether stage 2 leaves the classifier as it is.
  [[nodiscard]] bool classifier_rests() const { return joint.freeze_classifier || classifier_rate == 0; }
  /// Whether every candidate's bank sees every batch, not only the images that were sent to it.
  [[nodiscard]] bool trains_every_bank() const {
    return stage == 1 ? !sampled : joint.estimator != Estimator::sparse;
  }
  /// Whether the steps learn from answers that do not change (Trainer::note_errors).
  [[nodiscard]] bool answers_rest() const {
    return stage == 2 && joint.estimator == Estimator::oracle && classifier_rests();
  }
};

/// Means over the steps of an epoch.
struct EpochReport {
  double loss = 0, cross_entropy = 0, flops = 0, accuracy = 0, macs = 0;
  std::vector<double> shares;  ///< of the candidates
  Index images = 0, steps = 0;
};

template <class Net>
class Trainer {
 public:
  using T = typename Net::Scalar;

  /// Trains `net`, which must outlive the trainer, in batches of up to `batch` images. Throws Error for
  /// options out of range.
  Trainer(Net& net, Policy policy, Index batch, TrainerOptions options)
      : net_(net),
        policy_(std::move(policy)),
        options_(std::move(options)),
        step_(batch, options_.stage == 2),
        classifier_sgd_(options_.sgd) {
    options_.check();
    if (options_.stage == 2 && !Net::kHasPredictor)
      throw Error("training stage 2", "a network with a predictor", "one without");
    if constexpr (Net::kHasPredictor)
      if (options_.stage == 2) predictor_sgd_.emplace(options_.sgd);
  }

  /// One step on a batch: gradients, then SGD. `samples` are the images' indices in their data set,
  /// `position` the time in epochs for the schedule. Throws Error, and leaves the network as it was, when the
  /// batch cannot be trained on or the loss is not finite.
  StepLosses step(const ImageBatch<T>& images, std::span<const int> labels, std::span<const Index> samples,
                  std::uint32_t epoch, double position) {
    StepLosses losses;
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      losses = step(policy, images, labels, samples, epoch, position);
    });
    return losses;
  }

  /// For stage 2 with Estimator::oracle and a classifier at rest, whose answers do not change: notes which
  /// candidates answer these images right. Steps whose images are all noted compute the predictor alone, at a
  /// fraction of the time. An image noted several times (in several augmented views) has the mean of its
  /// errors.
  void note_errors(const ImageBatch<T>& images, std::span<const int> labels, std::span<const Index> samples) {
    if (!options_.answers_rest())
      throw Error("Trainer::note_errors", "stage 2 with Estimator::oracle and a classifier at rest",
                  "other options");
    batch_errors_.resize(samples.size() * Net::kCount);
    step_.draw_dropout_from({});  // a classifier at rest drops nothing
    policy_->keep_awake(
        [&](const ExecutionPolicy& policy) { step_.errors(policy, net_, images, labels, batch_errors_); });
    for (std::size_t i = 0; i < samples.size(); ++i) {
      Noted& noted = noted_[samples[i]];
      ++noted.views;
      for (std::size_t j = 0; j < Net::kCount; ++j) noted.errors[j] += batch_errors_[i * Net::kCount + j];
    }
  }

  /// Trains on every batch of a range. A batch has images (planar, .data() and .shape() as of an xtensor),
  /// labels and indices; `steps_per_epoch` scales the schedule; after each step `progress(step in epoch,
  /// losses)` is called. `first_step`: the step of the epoch that the range begins with, for a run that goes
  /// on in the middle of one; the report is of the steps made here.
  template <class Batches, class Progress>
  EpochReport epoch(std::uint32_t number, Batches&& batches, Index steps_per_epoch, Progress&& progress,
                    Index first_step = 0) {
    EpochReport report{.shares = std::vector<double>(Net::kCount, 0.0)};
    double predictions = 0;
    for (auto&& batch : batches) {
      const auto& shape = batch.images.shape();
      const ImageBatch<T> images{batch.images.data(), static_cast<Index>(shape[0]),
                                 static_cast<int>(shape[1]), static_cast<int>(shape[2]),
                                 static_cast<int>(shape[3])};
      samples_.assign(batch.indices.begin(), batch.indices.end());
      const double position =
          number + static_cast<double>(first_step + report.steps) / static_cast<double>(steps_per_epoch);
      const StepLosses losses = step(images, batch.labels, samples_, number, position);
      const auto n = static_cast<double>(images.count);
      report.loss += losses.total * n;
      report.cross_entropy += losses.cross_entropy * n;
      report.flops += losses.flops * n;
      report.macs += losses.macs * n;
      report.accuracy += static_cast<double>(losses.correct);
      predictions += static_cast<double>(losses.samples);
      for (std::size_t j = 0; j < report.shares.size(); ++j)
        report.shares[j] += static_cast<double>(losses.chosen[j]);
      report.images += images.count;
      progress(first_step + report.steps++, losses);
    }
    if (report.images == 0)
      throw Error("training, epoch " + std::to_string(number), "at least one batch", "none");
    const auto n = static_cast<double>(report.images);
    for (double* mean : {&report.loss, &report.cross_entropy, &report.flops, &report.macs}) *mean /= n;
    report.accuracy /= predictions;
    double chosen = 0;
    for (const double share : report.shares) chosen += share;
    for (double& share : report.shares) share /= chosen;
    return report;
  }

  [[nodiscard]] const TrainerOptions& options() const noexcept { return options_; }
  [[nodiscard]] Index steps() const noexcept { return steps_; }
  void set_steps(Index steps) noexcept { steps_ = steps; }
  /// The optimizer's state by name, for checkpoints: one array for each network that has learnt, laid out as
  /// its parameters.
  [[nodiscard]] std::vector<std::pair<std::string, std::span<T>>> velocities() {
    std::vector<std::pair<std::string, std::span<T>>> arrays{
        {"classifier_velocity", classifier_sgd_.velocity().span()}};
    if (predictor_sgd_) arrays.emplace_back("predictor_velocity", predictor_sgd_->velocity().span());
    return arrays;
  }

 private:
  StepLosses step(const ExecutionPolicy& policy, const ImageBatch<T>& images, std::span<const int> labels,
                  std::span<const Index> samples, std::uint32_t epoch, double position) {
    keep_statistics();
    StepLosses losses;
    try {
      losses = gradients(policy, images, labels, samples, epoch);
      if (!std::isfinite(losses.total))
        throw Error("training, stage " + std::to_string(options_.stage) + ", epoch " +
                        std::to_string(epoch + 1) + ", step " + std::to_string(steps_ + 1),
                    "a finite loss", std::to_string(losses.total));
    } catch (...) {
      restore_statistics();
      throw;
    }
    const double lr = options_.schedule.rate(position);
    const double classifier_rate = options_.stage == 1 ? 1 : options_.classifier_rate;
    if (classifier_rate > 0) {
      limit(step_.gradients());
      classifier_sgd_.step(policy, net_.classifier(), step_.gradients(), lr * classifier_rate,
                           options_.trains_every_bank() ? std::span<const Index>() : losses.chosen);
    }
    if constexpr (Net::kHasPredictor)
      if (predictor_sgd_ && options_.joint.teaches_predictor()) {  // without a gradient nothing decays either
        limit(step_.predictor_gradients());
        predictor_sgd_->step(policy, net_.predictor(), step_.predictor_gradients(),
                             lr * options_.predictor_rate);
      }
    ++steps_;
    return losses;
  }

  // A forward pass moves the running statistics before it is known whether the step succeeds.
  void keep_statistics() {
    const auto keep = [](const Buffer<T>& from, Buffer<T>& to) {
      to.reserve(from.size());
      std::copy_n(from.data(), from.size(), to.data());
    };
    keep(net_.classifier().statistics(), classifier_statistics_);
    if constexpr (Net::kHasPredictor) keep(net_.predictor().statistics(), predictor_statistics_);
  }
  void restore_statistics() {
    std::copy_n(classifier_statistics_.data(), classifier_statistics_.size(),
                net_.classifier().statistics().data());
    if constexpr (Net::kHasPredictor)
      std::copy_n(predictor_statistics_.data(), predictor_statistics_.size(),
                  net_.predictor().statistics().data());
  }

  /// batch_errors_ from what was noted; false where that is not all.
  bool recall_errors(std::span<const Index> samples) {
    if (noted_.empty()) return false;
    batch_errors_.clear();
    for (const Index sample : samples) {
      const auto found = noted_.find(sample);
      if (found == noted_.end()) return false;
      for (const T sum : found->second.errors)
        batch_errors_.push_back(sum / static_cast<T>(found->second.views));
    }
    return true;
  }

  StepLosses gradients(const ExecutionPolicy& policy, const ImageBatch<T>& images,
                       std::span<const int> labels, std::span<const Index> samples, std::uint32_t epoch) {
    step_.draw_dropout_from({.seed = options_.seed, .epoch = epoch, .samples = samples});
    if constexpr (Net::kHasPredictor)
      if (options_.stage == 2) {
        JointOptions joint = options_.joint;
        joint.freeze_classifier = options_.classifier_rests();
        if (recall_errors(samples)) return step_.predictor_step(policy, net_, images, batch_errors_, joint);
        noise_.clear();
        for (const Index sample : samples)
          for (int j = 0; j < Net::kCount; ++j)
            noise_.push_back(static_cast<T>(gumbel_noise(
                options_.seed, epoch, static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(j))));
        return step_.joint(policy, net_, images, labels, noise_, joint);
      }
    if (options_.sampled) {
      choice_.clear();
      for (const Index sample : samples)
        choice_.push_back(static_cast<int>(
            Random(options_.seed, Purpose::routing, epoch, static_cast<std::uint32_t>(sample))
                .below(0, Net::kCount)));
      return step_.stage1_sampled(policy, net_, images, labels, choice_, options_.joint.label_smoothing);
    }
    return step_.stage1(policy, net_, images, labels, options_.joint.label_smoothing);
  }

  void limit(Buffer<T>& gradients_of) const {
    if (options_.max_gradient_norm <= 0) return;
    double square = 0;
    for (const T g : gradients_of.span()) square += static_cast<double>(g) * static_cast<double>(g);
    const double norm = std::sqrt(square);
    if (norm > options_.max_gradient_norm)
      for (T& g : gradients_of.span()) g *= static_cast<T>(options_.max_gradient_norm / norm);
  }

  /// The errors of one image, summed over views.
  struct Noted {
    Index views = 0;
    std::array<T, Net::kCount> errors{};
  };

  Net& net_;
  Policy policy_;
  TrainerOptions options_;
  DynamicStep<Net> step_;
  Sgd<typename Net::ClassifierNetwork> classifier_sgd_;
  std::optional<Sgd<typename Net::PredictorNetwork>> predictor_sgd_;
  Buffer<T> classifier_statistics_, predictor_statistics_;
  std::vector<T> noise_, batch_errors_;
  std::unordered_map<Index, Noted> noted_;
  std::vector<Index> samples_;
  std::vector<int> choice_;
  Index steps_ = 0;
};

}  // namespace drnet::inline DRNET_ISA
