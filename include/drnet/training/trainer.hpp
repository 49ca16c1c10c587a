// Training of a dynamic network in two stages (docs/method.md, training): stage 1 trains the classifier at
// every candidate, stage 2 trains classifier and predictor jointly. A trainer is a function of its seed: the
// Gumbel noise and the dropout of a sample depend on (seed, epoch, sample), what changes on the way on the
// position alone (trainer_options.hpp), so a run that stops and resumes has the bits of one that did not.
#pragma once

#include <drnet/training/dynamic_step.hpp>
#include <drnet/training/sgd.hpp>
#include <drnet/training/trainer_options.hpp>

#include <array>
#include <cmath>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

namespace drnet::inline DRNET_ISA {

/// Means over the steps of an epoch.
struct EpochReport {
  double loss = 0, cross_entropy = 0, flops = 0, accuracy = 0, macs = 0;
  std::vector<double> shares;      ///< of the candidates
  std::vector<double> ensemble{};  ///< weights of ensemble distillation in the last step; empty without it
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
    if (!options_.costs.empty()) step_.set_costs(options_.costs);
    if (options_.stage == 1 && options_.first_stage == FirstStage::distilled && Net::kCount > 1) {
      ensemble_.emplace(Net::kCount, options_.distillation);
      ensemble_velocity_.resize(Net::kCount);
    }
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

  /// For stage 2 with an estimator that learns from answers and a classifier at rest, whose answers do not
  /// change: notes which candidates answer these images right. Steps whose images are all noted compute the
  /// predictor alone, at a fraction of the time. An image noted several times (in several augmented views)
  /// has the mean of its errors.
  void note_errors(const ImageBatch<T>& images, std::span<const int> labels, std::span<const Index> samples) {
    if (!options_.answers_rest())
      throw Error("Trainer::note_errors",
                  "stage 2 with an estimator that learns from answers and a classifier at rest",
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
    if (ensemble_) report.ensemble = ensemble_->weights();
    return report;
  }

  [[nodiscard]] const TrainerOptions& options() const noexcept { return options_; }
  [[nodiscard]] Index steps() const noexcept { return steps_; }
  void set_steps(Index steps) noexcept { steps_ = steps; }
  /// What a checkpoint needs besides the network, by name: the velocities of each network that has learnt,
  /// laid out as its parameters, and the scores of ensemble distillation with theirs.
  [[nodiscard]] std::vector<std::pair<std::string, std::span<T>>> state() {
    std::vector<std::pair<std::string, std::span<T>>> arrays{
        {"classifier_velocity", classifier_sgd_.velocity().span()}};
    if (ensemble_) {
      arrays.emplace_back("ensemble_scores", ensemble_->scores());
      arrays.emplace_back("ensemble_velocity", std::span<T>(ensemble_velocity_));
    }
    if (predictor_sgd_) arrays.emplace_back("predictor_velocity", predictor_sgd_->velocity().span());
    return arrays;
  }

 private:
  StepLosses step(const ExecutionPolicy& policy, const ImageBatch<T>& images, std::span<const int> labels,
                  std::span<const Index> samples, std::uint32_t epoch, double position) {
    keep_statistics();
    const JointOptions joint = options_.joint_at(position);
    StepLosses losses;
    try {
      losses = gradients(policy, images, labels, samples, epoch, joint);
      if (!std::isfinite(losses.total))
        throw Error("training, stage " + std::to_string(options_.stage) + ", epoch " +
                        std::to_string(epoch + 1) + ", step " + std::to_string(steps_ + 1),
                    "a finite loss", std::to_string(losses.total));
    } catch (...) {
      restore_statistics();
      throw;
    }
    const double lr = options_.schedule.rate(position);
    if (options_.stage == 1 || !joint.freeze_classifier) {
      limit(step_.gradients());
      classifier_sgd_.step(policy, net_.classifier(), step_.gradients(),
                           options_.classifier_rates_at(position),
                           options_.trains_every_bank() ? std::span<const Index>() : losses.chosen);
    }
    if (ensemble_) {  // so few numbers are no model to be kept small: no weight decay
      const std::vector<T> gradient(ensemble_->gradient().begin(), ensemble_->gradient().end());
      sgd_step<T>(ensemble_->scores(), gradient, ensemble_velocity_, lr, 0, options_.sgd);
    }
    if constexpr (Net::kHasPredictor)
      if (predictor_sgd_ && joint.teaches_predictor()) {  // without a gradient nothing decays either
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
                       std::span<const int> labels, std::span<const Index> samples, std::uint32_t epoch,
                       const JointOptions& joint) {
    step_.draw_dropout_from({.seed = options_.seed, .epoch = epoch, .samples = samples});
    if constexpr (Net::kHasPredictor)
      if (options_.stage == 2) {
        if (recall_errors(samples)) return step_.predictor_step(policy, net_, images, batch_errors_, joint);
        noise_.clear();
        for (const Index sample : samples)
          for (int j = 0; j < Net::kCount; ++j)
            noise_.push_back(static_cast<T>(gumbel_noise(
                options_.seed, epoch, static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(j))));
        return step_.joint(policy, net_, images, labels, noise_, joint);
      }
    if (options_.first_stage == FirstStage::sampled) {
      choice_.clear();
      for (const Index sample : samples)
        choice_.push_back(static_cast<int>(
            Random(options_.seed, Purpose::routing, epoch, static_cast<std::uint32_t>(sample))
                .below(0, Net::kCount)));
      return step_.stage1_sampled(policy, net_, images, labels, choice_, joint.label_smoothing);
    }
    if (ensemble_)
      return step_.stage1_distilled(policy, net_, images, labels, *ensemble_, joint.label_smoothing);
    return step_.stage1(policy, net_, images, labels, joint.label_smoothing);
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
  std::optional<EnsembleDistillation<T>> ensemble_;
  std::vector<T> ensemble_velocity_;
  Buffer<T> classifier_statistics_, predictor_statistics_;
  std::vector<T> noise_, batch_errors_;
  std::unordered_map<Index, Noted> noted_;
  std::vector<Index> samples_;
  std::vector<int> choice_;
  Index steps_ = 0;
};

}  // namespace drnet::inline DRNET_ISA
