// The gradients of one training step of a dynamic-resolution network (docs/method.md, training).
//
// Stage 1, no predictor: every image at every candidate, L = sum_j CE(F_j), where wished with the candidates
//                        teaching each other (training/distillation.hpp).
// Stage 2, joint:        h = straight-through Gumbel softmax of the predictor's logits, y_b = sum_j h_bj
// F_j(x_b),
//                        L = CE(y) + eta * FLOPs(h).  dL/dh_bj = <dL/dy_b, F_j(x_b)> + FLOPs term, where the
//                        inner product exists for the selected j only (sparse: the rest is not computed) or
//                        for every j (dense).
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/dynamic/flops_loss.hpp>
#include <drnet/dynamic/gumbel.hpp>
#include <drnet/dynamic/image_scaler.hpp>
#include <drnet/training/cross_entropy.hpp>
#include <drnet/training/distillation.hpp>
#include <drnet/training/joint_options.hpp>
#include <drnet/training/oracle.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <optional>
#include <tuple>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Where the dropout of a step takes its random numbers: draw k of an image is a function of (seed, epoch,
/// its number in the data set, k).
struct DropoutDraws {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::span<const Index> samples{};  ///< the number of each image of a batch; empty: nothing is dropped
};

/// What one step reports; losses are means over the batch.
struct StepLosses {
  double cross_entropy = 0, flops = 0, total = 0;
  double distillation = 0;         ///< what ensemble distillation adds to stage 1's cross entropies
  Index correct = 0, samples = 0;  ///< of the predictions made, m per image in stage 1
  std::vector<Index> chosen;       ///< images per candidate
  double macs = 0;                 ///< mean multiply-adds per image, predictor included
};

/// Owns what the steps of one network need for batches up to a capacity; nothing is allocated in a
/// steady-state step but the small per-sample vectors of the report.
template <class Net>
class DynamicStep {
 public:
  using T = typename Net::Scalar;
  static constexpr int kCount = Net::kCount, kClasses = Net::kClasses;

  DynamicStep(Index capacity, bool with_predictor = Net::kHasPredictor)
      : capacity_(capacity), gradients_(Net::ClassifierNetwork::kParameters) {
    if (capacity < 1) throw Error("training batch", "at least one image", std::to_string(capacity));
    Index scratch = 0;
    unroll<kCount>([&](auto j) {
      std::get<j>(classifiers_).emplace(capacity);
      scratch = std::max(scratch, std::tuple_element_t<j, Classifiers>::value_type::scratch(capacity));
    });
    if constexpr (Net::kHasPredictor)
      if (with_predictor) {
        predictor_.emplace(capacity);
        predictor_gradients_ = Buffer<T>(Net::PredictorNetwork::kParameters);
        scratch = std::max(scratch, PredictorActivations::scratch(capacity));
      }
    scratch_ = Buffer<T>(scratch);
    for (const Index m : Net::kMacs) cost_.push_back(static_cast<T>(static_cast<double>(m) / 1e9));
  }

  /// Costs C_j of the candidates in any unit, which JointOptions::alpha then has, too; until then they are G
  /// multiply-adds. Throws Error for another number of them.
  void set_costs(std::span<const double> costs) {
    if (costs.size() != cost_.size())
      throw Error("costs of the candidates", std::to_string(kCount) + " values",
                  std::to_string(costs.size()));
    std::transform(costs.begin(), costs.end(), cost_.begin(), [](double c) { return static_cast<T>(c); });
  }

  /// For the steps that follow; draws.samples must live as long. Until then nothing is dropped. Draw k of an
  /// image is the same at every candidate.
  void draw_dropout_from(const DropoutDraws& draws) { draws_ = draws; }
  [[nodiscard]] Index capacity() const noexcept { return capacity_; }
  [[nodiscard]] Buffer<T>& gradients() noexcept { return gradients_; }
  [[nodiscard]] Buffer<T>& predictor_gradients() noexcept { return predictor_gradients_; }
  /// Of the last joint step, [batch][m] and [batch][classes], row-major.
  [[nodiscard]] const std::vector<T>& predictor_logits() const noexcept { return logits_; }
  [[nodiscard]] const std::vector<T>& soft() const noexcept { return soft_; }
  [[nodiscard]] const std::vector<T>& hard() const noexcept { return hard_; }
  [[nodiscard]] const std::vector<T>& classifier_logits() const noexcept { return outputs_; }

  /// Stage 1: gradients of sum_j CE_j / B. Each bank sees the whole batch, a shared
  /// one sees it at each candidate in turn.
  StepLosses stage1(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
                    std::span<const int> labels, double label_smoothing = 0) {
    check(images, labels);
    StepLosses losses = begin_stage1(images.count);
    unroll<kCount>([&](auto j) {
      auto& activations = *std::get<j>(classifiers_);
      const Pass pass = classifier_pass(policy, j, all_);
      scale(policy, scalers_[j], images, all_, activations.input());
      activations.forward(pass, net.classifier(), scratch_.data());
      for (Index i = 0; i < images.count; ++i) {
        const auto z = logits_of(activations.output(), i);
        losses.cross_entropy += cross_entropy<T>(z, labels[static_cast<std::size_t>(i)], label_smoothing,
                                                 1.0 / static_cast<double>(images.count),
                                                 logits_of(activations.output_gradient(), i)) /
                                static_cast<double>(images.count);
        losses.correct += argmax(z) == labels[static_cast<std::size_t>(i)];
      }
      activations.backward(pass, net.classifier(), gradients_.data(), scratch_.data());
    });
    losses.total = losses.cross_entropy;
    return losses;
  }

  /// Stage 1 with ensemble distillation: gradients of its loss (training/distillation.hpp), the mean over the
  /// batch; that of the ensemble's scores is left in `ensemble`, which must be made for m candidates.
  StepLosses stage1_distilled(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
                              std::span<const int> labels, EnsembleDistillation<T>& ensemble,
                              double label_smoothing = 0) {
    check(images, labels);
    StepLosses losses = begin_stage1(images.count);
    hard_.assign(labels.size() * kCount, T(0));  // nothing is selected
    run_classifiers(policy, net, images, {}, true);
    ensemble.begin();
    const double weight = 1.0 / static_cast<double>(images.count);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::array<std::span<const T>, kCount> logits;
      std::array<std::span<T>, kCount> dlogits;
      unroll<kCount>([&](auto j) {
        auto& activations = *std::get<j>(classifiers_);
        logits[j] = logits_of(activations.output(), static_cast<Index>(i));
        dlogits[j] = logits_of(activations.output_gradient(), static_cast<Index>(i));
        losses.correct += argmax(logits[j]) == labels[i];
      });
      const DistillationLosses image = ensemble.add(logits, labels[i], label_smoothing, weight, dlogits);
      losses.cross_entropy += weight * image.cross_entropy;
      losses.distillation += weight * (image.ensemble + image.divergence);
    }
    losses.total = losses.cross_entropy + losses.distillation;
    classifier_backward(policy, net, true);
    return losses;
  }

  /// Stage 1 at a third of the cost (m = 3): image i at candidate choice[i] only, so that in the same time m
  /// times as many images pass. The gradient is that of the mean over the batch; each bank sees the images
  /// given to it.
  StepLosses stage1_sampled(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
                            std::span<const int> labels, std::span<const int> choice,
                            double label_smoothing = 0) {
    check(images, labels);
    if (choice.size() != labels.size())
      throw Error("stage 1: choice", std::to_string(labels.size()) + " candidates",
                  std::to_string(choice.size()));
    gradients_.fill(T(0));
    hard_.assign(labels.size() * kCount, T(0));
    for (auto& list : chosen_) list.clear();
    for (std::size_t i = 0; i < choice.size(); ++i) {
      if (choice[i] < 0 || choice[i] >= kCount)
        throw Error("stage 1: choice", "0 to " + std::to_string(kCount - 1), std::to_string(choice[i]));
      hard_[i * kCount + static_cast<std::size_t>(choice[i])] = T(1);
      chosen_[static_cast<std::size_t>(choice[i])].push_back(static_cast<Index>(i));
    }
    const JointOptions options{.label_smoothing = label_smoothing};
    run_classifiers(policy, net, images, options, false);
    StepLosses losses{.samples = images.count, .chosen = std::vector<Index>(kCount, 0)};
    dh_.assign(hard_.size(), T(0));
    selected_gradients(images.count, labels, options, false, losses);
    count_correct(labels, losses);
    count_choices(images.count, losses);
    losses.macs -= static_cast<double>(Net::kRoutingMacs);  // nobody asked the predictor
    losses.total = losses.cross_entropy;
    classifier_backward(policy, net, false);
    return losses;
  }

  /// Stage 2: gradients of both networks. noise [batch][m] is added to the predictor's log-probabilities.
  StepLosses joint(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
                   std::span<const int> labels, std::span<const T> noise,
                   const JointOptions& options) requires(Net::kHasPredictor) {
    check(images, labels);
    options.check();
    if (!predictor_) throw Error("joint step", "a DynamicStep made with a predictor", "one made without");
    if (noise.size() != static_cast<std::size_t>(images.count) * kCount)
      throw Error("joint step: noise", std::to_string(images.count * kCount) + " values",
                  std::to_string(noise.size()));
    gradients_.fill(T(0));
    predictor_gradients_.fill(T(0));
    if (options.learns_from_answers()) noise = no_noise(images.count);
    select(policy, net, images, noise, options);
    const bool dense = options.estimator != Estimator::sparse;
    run_classifiers(policy, net, images, options, dense);

    StepLosses losses{.samples = images.count, .chosen = std::vector<Index>(kCount, 0)};
    dh_.assign(hard_.size(), T(0));
    if (options.learns_from_answers()) {
      answer_gradients(images.count, labels, options, losses);
    } else {
      selected_gradients(images.count, labels, options, dense, losses);
      add_flops(options, losses);
    }
    count_correct(labels, losses);
    count_choices(images.count, losses);
    if (!options.freeze_classifier) classifier_backward(policy, net, dense);
    if (options.teaches_predictor()) predictor_backward(policy, net, images.count, options);
    return losses;
  }

  /// Whether each candidate answers wrongly: errors [batch][m], 0 or 1. The classifiers use their running
  /// statistics and stay as they are.
  void errors(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
              std::span<const int> labels, std::span<T> errors) {
    check(images, labels);
    check_errors(images, errors.size());
    select_all(images.count);
    hard_.assign(errors.size(), T(0));
    run_classifiers(policy, net, images, {.freeze_classifier = true}, true);
    answer_errors(labels, errors);
  }

  /// Stage 2 of a classifier at rest whose errors [batch][m] are known, each from 0 to 1: gradients of the
  /// predictor alone, by Estimator::oracle unless options say minimum_resolution. The cross entropy reported
  /// is that of the predictor's choice, an answer counts as correct where its error is below a half.
  StepLosses predictor_step(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
                            std::span<const T> errors, JointOptions options) requires(Net::kHasPredictor) {
    check(images);
    check_errors(images, errors.size());
    options.check();
    if (!predictor_) throw Error("predictor step", "a DynamicStep made with a predictor", "one made without");
    if (!options.learns_from_answers()) options.estimator = Estimator::oracle;
    predictor_gradients_.fill(T(0));
    select(policy, net, images, no_noise(images.count), options);
    StepLosses losses{.samples = images.count, .chosen = std::vector<Index>(kCount, 0)};
    dh_.assign(errors.begin(), errors.end());
    losses.cross_entropy = oracle_choice(images.count, options, losses);
    losses.total = losses.cross_entropy + options.cost_weight() * losses.flops;
    for (std::size_t i = 0; i < errors.size(); ++i) losses.correct += hard_[i] > T(0) && errors[i] < T(0.5);
    count_choices(images.count, losses);
    predictor_backward(policy, net, images.count, options);
    return losses;
  }

 private:
  template <int J>
  using ClassifierActivations = Activations<typename Net::Classifier, Net::template kInput<J>, T>;
  using PredictorActivations = Activations<
      std::conditional_t<Net::kHasPredictor, typename Net::PredictorTopology, typename Net::Classifier>,
      Net::kHasPredictor ? Net::kPredictorInput : Net::template kInput<0>, T>;
  template <int... J>
  static std::tuple<std::optional<ClassifierActivations<J>>...> classifiers_of(
      std::integer_sequence<int, J...>);
  using Classifiers = decltype(classifiers_of(std::make_integer_sequence<int, kCount>{}));

  void check(const ImageBatch<T>& images) const {
    if (images.count < 1 || images.count > capacity_)
      throw Error("training batch", "1 to " + std::to_string(capacity_) + " images",
                  std::to_string(images.count));
    if (!draws_.samples.empty() && draws_.samples.size() != static_cast<std::size_t>(images.count))
      throw Error("training batch: numbers for dropout", std::to_string(images.count) + " samples",
                  std::to_string(draws_.samples.size()));
  }
  void check(const ImageBatch<T>& images, std::span<const int> labels) const {
    check(images);
    if (labels.size() != static_cast<std::size_t>(images.count))
      throw Error("training batch", std::to_string(images.count) + " labels", std::to_string(labels.size()));
    for (const int label : labels)
      if (label < 0 || label >= kClasses)
        throw Error("training batch: label", "0 to " + std::to_string(kClasses - 1), std::to_string(label));
  }

  static void check_errors(const ImageBatch<T>& images, std::size_t count) {
    if (count != static_cast<std::size_t>(images.count * kCount))
      throw Error("training batch: errors", std::to_string(images.count * kCount) + " values",
                  std::to_string(count));
  }
  std::span<const T> no_noise(Index images) {
    no_noise_.assign(static_cast<std::size_t>(images * kCount), T(0));
    return no_noise_;
  }
  /// Gradients of zero, and what a step of every image at every candidate reports anyway.
  StepLosses begin_stage1(Index images) {
    gradients_.fill(T(0));
    select_all(images);
    StepLosses losses{.samples = images * kCount, .chosen = std::vector<Index>(kCount, images)};
    for (const Index macs : Net::kMacs) losses.macs += static_cast<double>(macs) / kCount;
    return losses;
  }
  void select_all(Index images) {
    all_.resize(static_cast<std::size_t>(images));
    std::iota(all_.begin(), all_.end(), Index(0));
  }

  /// Whether there is anything to draw for.
  static constexpr bool kDrops = Net::Classifier::draws(Net::template kInput<0>) > 0;
  static constexpr bool kPredictorDrops = [] {
    if constexpr (Net::kHasPredictor) return Net::PredictorTopology::draws(Net::kPredictorInput) > 0;
    return false;
  }();
  /// The pass of images `which` at a candidate.
  [[nodiscard]] Pass classifier_pass(const ExecutionPolicy& policy, int candidate,
                                     std::span<const Index> which) {
    return {
        .policy = policy,
        .n = static_cast<Index>(which.size()),
        .capacity = capacity_,
        .bank = Net::bank(candidate),
        .banks = Net::kBanks,
        .noise = kDrops ? drop(which, draws_.seed, dropped_[static_cast<std::size_t>(candidate)]) : nullptr};
  }
  [[nodiscard]] Pass predictor_pass(const ExecutionPolicy& policy, Index n) {
    return {.policy = policy,
            .n = n,
            .capacity = capacity_,
            .noise = kPredictorDrops ? drop(all_, draws_.seed + 1, dropped_[kCount]) : nullptr};
  }
  /// The random numbers of images `which`, or null.
  struct Dropped {
    std::vector<std::uint32_t> samples;
    PassNoise noise;
  };
  const PassNoise* drop(std::span<const Index> which, std::uint64_t seed, Dropped& dropped) const {
    if (draws_.samples.empty()) return nullptr;
    dropped.samples.clear();
    for (const Index i : which)
      dropped.samples.push_back(static_cast<std::uint32_t>(draws_.samples[static_cast<std::size_t>(i)]));
    dropped.noise = {.seed = seed, .epoch = draws_.epoch, .samples = dropped.samples};
    return &dropped.noise;
  }
  /// Images `which` of the batch, at map's resolution.
  template <class Scalers, class Map>
  static void scale(const ExecutionPolicy& policy, Scalers& scalers, const ImageBatch<T>& images,
                    std::span<const Index> which, Map map) {
    scalers.resize(std::max(scalers.size(), static_cast<std::size_t>(policy.threads())));
    policy.for_parts(static_cast<Index>(which.size()), [&](Index i, int worker) {
      scalers[static_cast<std::size_t>(worker)](images, which[static_cast<std::size_t>(i)], map.from(i));
    });
  }
  template <class Map>
  static auto logits_of(Map map, Index i) {
    return std::span(map.row(i, 0, 0), static_cast<std::size_t>(Map::kShape.channels));
  }
  static int argmax(std::span<const T> values) { return drnet::argmax<T>(values); }

  /// Predictor forward, Gumbel softmax, and the list of images of each candidate.
  void select(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images, std::span<const T> noise,
              const JointOptions& options) {
    const auto n = static_cast<std::size_t>(images.count);
    const T tau = options.learns_from_answers() ? T(1) : static_cast<T>(options.tau);
    select_all(images.count);
    scale(policy, predictor_scaler_, images, all_, predictor_->input());
    predictor_->forward(predictor_pass(policy, images.count), net.predictor(), scratch_.data());
    logits_.resize(n * kCount);
    soft_.resize(n * kCount);
    hard_.assign(n * kCount, T(0));
    for (auto& list : chosen_) list.clear();
    for (std::size_t i = 0; i < n; ++i) {
      const auto z = logits_of(predictor_->output(), static_cast<Index>(i));
      std::copy(z.begin(), z.end(), logits_.begin() + static_cast<std::ptrdiff_t>(i * kCount));
      const int j = gumbel_softmax<T>(z, noise.subspan(i * kCount, kCount), tau,
                                      std::span(soft_).subspan(i * kCount, kCount));
      hard_[i * kCount + static_cast<std::size_t>(j)] = T(1);
      chosen_[static_cast<std::size_t>(j)].push_back(static_cast<Index>(i));
    }
  }

  /// The images that candidate j computes.
  [[nodiscard]] std::span<const Index> computed(int j, bool dense) const {
    return dense ? std::span<const Index>(all_)
                 : std::span<const Index>(chosen_[static_cast<std::size_t>(j)]);
  }

  void run_classifiers(const ExecutionPolicy& policy, Net& net, const ImageBatch<T>& images,
                       const JointOptions& options, bool dense) {
    outputs_.assign(static_cast<std::size_t>(images.count) * kClasses, T(0));
    unroll<kCount>([&](auto j) {
      auto& activations = *std::get<j>(classifiers_);
      const auto which = computed(j, dense);
      scale(policy, scalers_[j], images, which, activations.input());
      Pass pass = classifier_pass(policy, j, which);
      if (options.freeze_classifier) {
        pass.statistics = Statistics::running;
        pass.noise = nullptr;
      }
      activations.forward(pass, net.classifier(), scratch_.data());
      for (std::size_t k = 0; k < which.size(); ++k) {
        const auto i = static_cast<std::size_t>(which[k]);
        if (hard_[i * kCount + j] == T(0)) continue;
        const auto z = logits_of(activations.output(), static_cast<Index>(k));
        std::copy(z.begin(), z.end(), outputs_.begin() + static_cast<std::ptrdiff_t>(i * kClasses));
      }
    });
  }

  /// Cross entropy of the selected outputs, dL/dh, and dL/dF_j (zero for what was computed but not selected).
  void selected_gradients(Index n, std::span<const int> labels, const JointOptions& options, bool dense,
                          StepLosses& losses) {
    const double weight = 1.0 / static_cast<double>(n);
    dy_.resize(outputs_.size());
    for (std::size_t i = 0; i < labels.size(); ++i)
      losses.cross_entropy +=
          weight * cross_entropy<T>(std::span<const T>(outputs_).subspan(i * kClasses, kClasses), labels[i],
                                    options.label_smoothing, weight,
                                    std::span(dy_).subspan(i * kClasses, kClasses));
    unroll<kCount>([&](auto j) {
      auto& activations = *std::get<j>(classifiers_);
      const auto which = computed(j, dense);
      for (std::size_t k = 0; k < which.size(); ++k) {
        const auto i = static_cast<std::size_t>(which[k]);
        const auto z = logits_of(activations.output(), static_cast<Index>(k));
        const auto dz = logits_of(activations.output_gradient(), static_cast<Index>(k));
        T inner = 0;
        for (std::size_t c = 0; c < z.size(); ++c) {
          inner += dy_[i * kClasses + c] * z[c];
          dz[c] = hard_[i * kCount + j] * dy_[i * kClasses + c];
        }
        dh_[i * kCount + j] += inner;
      }
    });
  }

  /// Expected cross entropy, dL/dF_j = p_bj (softmax - target) / B, and in dh_ the predictor's gradient.
  void answer_gradients(Index n, std::span<const int> labels, const JointOptions& options,
                        StepLosses& losses) {
    const double weight = 1.0 / static_cast<double>(n);
    unroll<kCount>([&](auto j) {
      auto& activations = *std::get<j>(classifiers_);
      for (std::size_t i = 0; i < labels.size(); ++i) {
        const double p = static_cast<double>(soft_[i * kCount + j]);
        losses.cross_entropy +=
            weight * p *
            cross_entropy<T>(logits_of(activations.output(), static_cast<Index>(i)), labels[i],
                             options.label_smoothing, weight * p,
                             logits_of(activations.output_gradient(), static_cast<Index>(i)));
      }
    });
    answer_errors(labels, dh_);
    oracle_choice(n, options, losses);
    losses.total = losses.cross_entropy + options.cost_weight() * losses.flops;
  }
  /// Errors [batch][m] of the answers that all candidates have just given.
  void answer_errors(std::span<const int> labels, std::span<T> errors) {
    unroll<kCount>([&](auto j) {
      auto& activations = *std::get<j>(classifiers_);
      for (std::size_t i = 0; i < labels.size(); ++i)
        errors[i * kCount + j] =
            argmax(logits_of(activations.output(), static_cast<Index>(i))) == labels[i] ? T(0) : T(1);
    });
  }
  /// dh_: from errors to the gradient of the predictor's logits. Returns the mean loss of its choice.
  double oracle_choice(Index n, const JointOptions& options, StepLosses& losses) {
    const FlopsLoss<T> flops{cost_, static_cast<T>(options.alpha)};
    losses.flops = static_cast<double>(flops.value(hard_));
    const T price = losses.flops > 0 ? static_cast<T>(options.eta) / flops.range() : T(0);
    std::array<T, kCount> weight;
    double loss = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const auto row = std::span(dh_).subspan(i * kCount, kCount);
      if (options.estimator == Estimator::minimum_resolution)
        minimum_resolution_weights<T>(row, weight);
      else
        cost_sensitive_weights<T>(row, cost_, price, weight);
      loss +=
          oracle_loss<T>(weight, std::span(soft_).subspan(i * kCount, kCount), T(1) / static_cast<T>(n), row);
    }
    return loss / static_cast<double>(n);
  }
  void count_correct(std::span<const int> labels, StepLosses& losses) const {
    for (std::size_t i = 0; i < labels.size(); ++i)
      losses.correct += argmax(std::span<const T>(outputs_).subspan(i * kClasses, kClasses)) == labels[i];
  }
  /// How often each candidate was selected, and what that cost.
  void count_choices(Index n, StepLosses& losses) const {
    for (std::size_t j = 0; j < chosen_.size(); ++j) {
      losses.chosen[j] = static_cast<Index>(chosen_[j].size());
      losses.macs += static_cast<double>(losses.chosen[j] * Net::kMacs[j]) / static_cast<double>(n);
    }
    losses.macs += static_cast<double>(Net::kRoutingMacs);
  }

  void add_flops(const JointOptions& options, StepLosses& losses) {
    const FlopsLoss<T> flops{cost_, static_cast<T>(options.alpha)};
    losses.flops = static_cast<double>(flops.value(hard_));
    flops.add_gradient(hard_, static_cast<T>(options.eta), dh_);
    losses.total = losses.cross_entropy + options.eta * losses.flops;
  }

  void classifier_backward(const ExecutionPolicy& policy, Net& net, bool dense) {
    unroll<kCount>([&](auto j) {
      std::get<j>(classifiers_)
          ->backward(classifier_pass(policy, j, computed(j, dense)), net.classifier(), gradients_.data(),
                     scratch_.data());
    });
  }

  void predictor_backward(const ExecutionPolicy& policy, Net& net, Index n, const JointOptions& options) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const auto dh = std::span<const T>(dh_).subspan(i * kCount, kCount);
      const auto dz = logits_of(predictor_->output_gradient(), static_cast<Index>(i));
      if (options.learns_from_answers())
        std::copy(dh.begin(), dh.end(), dz.begin());
      else
        gumbel_softmax_backward<T>(std::span<const T>(soft_).subspan(i * kCount, kCount), dh,
                                   static_cast<T>(options.tau), dz);
    }
    // The predictor's forward pass still stands in its own workspace.
    predictor_->backward(predictor_pass(policy, n), net.predictor(), predictor_gradients_.data(),
                         scratch_.data());
  }

  Index capacity_;
  Classifiers classifiers_;
  std::optional<PredictorActivations> predictor_;
  Buffer<T> gradients_, predictor_gradients_, scratch_;
  std::vector<T> cost_, logits_, soft_, hard_, outputs_, dy_, dh_, no_noise_;
  std::vector<Index> all_;
  std::array<std::vector<Index>, kCount> chosen_;
  using Scalers = std::vector<ImageScaler<T>>;  // one per thread
  std::array<Scalers, kCount> scalers_;
  Scalers predictor_scaler_;
  DropoutDraws draws_;
  std::array<Dropped, kCount + 1> dropped_;  // of each candidate, and of the predictor
};

}  // namespace drnet::inline DRNET_ISA
