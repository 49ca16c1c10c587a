// A linear probe: the last layer alone is fitted to the features of a network that rests,
//
//   minimize over W, b   mean of CE(W f + b)   over images and candidates,
//
// which is convex. Training that begins with such a head, and not with one that knows nothing, does not tear
// apart the features while the head is learnt (LP-FT: Kumar et al., *Fine-Tuning can Distort Pretrained
// Features and Underperform Out-of-Distribution*, ICLR 2022).
//
// Features are standardized while it is fitted, g = (f - m) / s with the mean m and the deviation s of each,
// and the result y = V g + c is the head W = V / s, b = c - W m.
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/dynamic/gumbel.hpp>
#include <drnet/dynamic/image_scaler.hpp>
#include <drnet/training/cross_entropy.hpp>
#include <drnet/training/lbfgs.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Named options of a linear probe.
struct LinearProbeOptions {
  double weight_decay = 0.03;  ///< adds half of this times |V|^2 to the loss
  double label_smoothing = 0;
  LbfgsOptions solver{.iterations = 60, .tolerance = 1e-3};
};

/// What a linear probe tells of its training images.
struct LinearProbeReport {
  Index images = 0;     ///< that features were noted of
  double loss = 0;      ///< mean cross entropy over images and candidates
  double accuracy = 0;  ///< share of the answers that are right
};

/// Notes the features of images and fits the last layer to them. The classifier is a Sequential that ends in
/// a Linear layer with a bias.
template <class Net>
class LinearProbe {
 public:
  using T = typename Net::Scalar;

  /// Probes `net`, which must outlive the probe, with batches of up to `batch` images.
  LinearProbe(Net& net, Policy policy, Index batch, LinearProbeOptions options = {})
      : net_(net), policy_(std::move(policy)), options_(options), capacity_(batch) {
    if (batch < 1) throw Error("linear probe: batch", "at least one image", std::to_string(batch));
    if (!(options.weight_decay >= 0) || !std::isfinite(options.weight_decay))
      throw Error("LinearProbeOptions::weight_decay", "at least 0", std::to_string(options.weight_decay));
    unroll<Net::kCount>([&](auto j) {
      std::get<j>(candidates_).emplace(capacity_);
      scratch_.reserve(std::tuple_element_t<j, Candidates>::value_type::scratch(capacity_));
    });
  }

  /// Notes the features of images at every candidate, each with its bank. Throws Error for images or labels
  /// that do not fit.
  void note(const ImageBatch<T>& images, std::span<const int> labels) {
    if (images.count > capacity_ || static_cast<std::size_t>(images.count) != labels.size())
      throw Error(
          "linear probe: images",
          std::to_string(labels.size()) + ", as there are labels, and at most " + std::to_string(capacity_),
          std::to_string(images.count));
    for (const int label : labels)
      if (label < 0 || label >= Net::kClasses)
        throw Error("linear probe: label", "0 to " + std::to_string(Net::kClasses - 1),
                    std::to_string(label));
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      unroll<Net::kCount>([&](auto j) { note<j>(policy, images); });
    });
    for (int j = 0; j < Net::kCount; ++j) labels_.insert(labels_.end(), labels.begin(), labels.end());
  }

  /// Gives the network the head that fits what was noted, and forgets that. Throws Error where nothing was.
  LinearProbeReport fit() {
    if (labels_.empty()) throw Error("linear probe", "at least one image", "none");
    standardize();
    std::vector<double> v(static_cast<std::size_t>(Head::kParameters)), gradient(v.size());
    LinearProbeReport report{.images = static_cast<Index>(labels_.size()) / Net::kCount};
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      minimize(
          v,
          [&](const std::vector<double>& at, std::vector<double>& slope) {
            return loss(policy, at, slope, report);
          },
          options_.solver);
      loss(policy, v, gradient, report);
    });
    give(v);
    rows_.clear();
    labels_.clear();
    return report;
  }

 private:
  using Topology = typename Net::Classifier;
  using Last = typename Topology::Last;
  static constexpr Shape kFeatures = Topology::shape_before(Net::template kInput<0>, Topology::kCount - 1);
  static constexpr std::size_t kWidth = kFeatures.channels, kClasses = Net::kClasses;
  static constexpr std::size_t kWeights = kClasses * kWidth;
  static_assert(kFeatures.pixels() == 1 && Last::parameters(kFeatures, 1) == Index{kWeights + kClasses},
                "a linear probe fits a last layer that is Linear, with a bias");
  using Head = Network<Last, T, 1, kFeatures.channels>;
  using HeadActivations = Activations<Last, kFeatures, T>;
  template <int... J>
  static auto candidates_of(std::integer_sequence<int, J...>)
      -> std::tuple<std::optional<Activations<Topology, Net::template kInput<J>, T>>...>;
  using Candidates = decltype(candidates_of(std::make_integer_sequence<int, Net::kCount>{}));
  static constexpr Index kChunk = 256;  ///< rows whose features stay in the cache between the two passes

  template <int J>
  void note(const ExecutionPolicy& policy, const ImageBatch<T>& images) {
    auto& activations = *std::get<J>(candidates_);
    scalers_.resize(static_cast<std::size_t>(policy.threads()));
    policy.for_parts(images.count, [&](Index i, int worker) {
      scalers_[static_cast<std::size_t>(worker)](images, i, activations.input().from(i));
    });
    activations.forward({.policy = policy,
                         .n = images.count,
                         .capacity = capacity_,
                         .bank = Net::bank(J),
                         .banks = Net::kBanks,
                         .statistics = Statistics::running},
                        net_.classifier(), scratch_.data());
    for (Index i = 0; i < images.count; ++i) {
      const T* const f = activations.features().row(i, 0, 0);
      rows_.insert(rows_.end(), f, f + kWidth);
    }
  }

  /// Features of row i.
  [[nodiscard]] const T* row(Index i) const { return rows_.data() + static_cast<std::size_t>(i) * kWidth; }
  /// rows_: from f to g.
  void standardize() {
    constexpr double kEps = 1e-5;  // as in a batch norm: a feature without variance stays 0
    mean_.assign(kWidth, 0);
    deviation_.assign(kWidth, 0);
    const auto count = static_cast<double>(labels_.size());
    const auto for_each = [&](auto&& f) {
      for (std::size_t at = 0; at < rows_.size(); ++at) f(rows_[at], at % kWidth);
    };
    for_each([&](T x, std::size_t c) { mean_[c] += static_cast<double>(x) / count; });
    for_each([&](T x, std::size_t c) {
      const double d = static_cast<double>(x) - mean_[c];
      deviation_[c] += d * d / count;
    });
    for (double& d : deviation_) d = std::sqrt(d + kEps);
    for_each([&](T& x, std::size_t c) {
      x = static_cast<T>((static_cast<double>(x) - mean_[c]) / deviation_[c]);
    });
  }

  /// The loss of the head `v` and its gradient.
  double loss(const ExecutionPolicy& policy, const std::vector<double>& v, std::vector<double>& gradient,
              LinearProbeReport& report) {
    const auto count = static_cast<Index>(labels_.size());
    const double weight = 1 / static_cast<double>(count);
    std::transform(v.begin(), v.end(), head_.parameters().data(), [](double x) { return static_cast<T>(x); });
    head_gradients_.fill(T(0));
    report.loss = report.accuracy = 0;
    for (Index first = 0; first < count; first += kChunk) {
      const Index n = std::min(kChunk, count - first);
      const Pass pass{.policy = policy, .n = n, .capacity = kChunk};
      for (Index i = 0; i < n; ++i) std::copy_n(row(first + i), kWidth, chunk_.input().row(i, 0, 0));
      chunk_.forward(pass, head_, scratch_.data());
      policy.for_parts(n, [&](Index i, int) {
        const auto at = static_cast<std::size_t>(i);
        const std::span<const T> z(chunk_.output().row(i, 0, 0), kClasses);
        const int label = labels_[static_cast<std::size_t>(first + i)];
        right_[at] = argmax<T>(z) == label;
        losses_[at] = cross_entropy<T>(z, label, options_.label_smoothing, weight,
                                       std::span<T>(chunk_.output_gradient().row(i, 0, 0), kClasses));
      });
      chunk_.backward(pass, head_, head_gradients_.data(), scratch_.data());
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        report.loss += weight * losses_[i];
        report.accuracy += weight * right_[i];
      }
    }
    std::copy_n(head_gradients_.data(), gradient.size(), gradient.begin());
    double square = 0;
    for (std::size_t k = 0; k < kWeights; ++k) {
      gradient[k] += options_.weight_decay * v[k];
      square += v[k] * v[k];
    }
    return report.loss + options_.weight_decay / 2 * square;
  }

  /// V and c as the network's last layer.
  void give(const std::vector<double>& v) {
    T* const weights =
        net_.classifier().parameters().data() + Net::ClassifierNetwork::kParameters - Head::kParameters;
    for (std::size_t k = 0; k < kClasses; ++k) {
      double b = v[kWeights + k];
      for (std::size_t c = 0; c < kWidth; ++c) {
        const double w = v[k * kWidth + c] / deviation_[c];
        weights[k * kWidth + c] = static_cast<T>(w);
        b -= w * mean_[c];
      }
      weights[kWeights + k] = static_cast<T>(b);
    }
  }

  Net& net_;
  Policy policy_;
  LinearProbeOptions options_;
  Index capacity_;
  Candidates candidates_;
  std::vector<ImageScaler<T>> scalers_;  // one per thread
  std::vector<T> rows_;                  // features [images of a batch, at each candidate][kWidth]
  std::vector<int> labels_;              // of every row
  std::vector<double> mean_, deviation_;
  Head head_;
  Buffer<T> head_gradients_{Head::kParameters}, scratch_{HeadActivations::scratch(kChunk)};
  HeadActivations chunk_{kChunk};
  std::array<double, kChunk> losses_{};
  std::array<bool, kChunk> right_{};
};

}  // namespace drnet::inline DRNET_ISA
