// Batch norms measured on images, without training.
//
// unfold_batch_norm(): a network whose batch norms were folded away has identities y = a x + b in their
// place. Measuring mean m and variance v of every x makes them live again without changing the function:
// running statistics m and v, and
//
//   gamma = a sqrt(v + eps),  beta = b + a m
//
// Folding also multiplied the kernel w of each channel by gamma / sqrt(v + eps), which can be small. A batch
// norm makes the function independent of |w|, but a step of SGD turns w by an angle of about lr / |w|^2 (van
// Laarhoven, *L2 Regularization versus Batch and Weight Normalization*, 2017): short kernels forget what they
// know at once. So unfolding first gives every kernel the length sqrt(2), that of He initialization, and its
// identity the inverse.
//
// calibrate_banks() gives each bank the statistics of its own resolution, so that a network trained at one
// resolution may serve several (as MutualNet and slimmable networks do after training).
//
// recalibrate() does it with all banks of a trained network, whose running statistics are moving means of the
// batches that training last gave them: in a bank that is seldom chosen of few images, and of weights long
// gone (Wu and Johnson, *Rethinking "Batch" in BatchNorm*, 2021, "precise" batch norm; Yu and
// Huang, *Universally Slimmable Networks*, ICCV 2019).
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/dynamic/image_scaler.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Named options of measuring batch norms.
struct MeasureOptions {
  Index batch = 32;  ///< images that pass through the network together
};

/// Named options of recalibrate().
struct RecalibrationOptions {
  Index batch = 64;  ///< images that pass through the network together; each batch normalizes itself
  /// Called after each batch with the images that have passed, each counted at every candidate. What it
  /// throws ends the measuring, and the network stays as it was.
  std::function<void(Index passed)> progress{};
};

/// Named options of calibrate_banks().
struct CalibrationOptions {
  int native = 0;  ///< candidate that the network was trained at: its function stays as it is
  /// Whether the other banks also take the native bank's gamma and beta; empty: where its batch norms were
  /// folded away, which without the match would leave nothing of the features.
  std::optional<bool> match_native{};
  Index batch = 32;  ///< images that pass through the network together; each normalizes itself
};

namespace detail {

/// Images that must pass together: one alone cannot normalize itself.
[[nodiscard]] constexpr Index least_images(Statistics statistics) {
  return statistics == Statistics::batch ? 2 : 1;
}

/// Throws Error for images that nothing can be measured on.
template <class Net>
void check_calibration(const ImageBatch<typename Net::Scalar>& images, Index batch, Statistics statistics) {
  const Index least = least_images(statistics);
  if (images.count < least || images.channels != Net::kChannels || images.height < 1 || images.width < 1)
    throw Error("images to measure batch norms on",
                "at least " + std::to_string(least) + " of " + std::to_string(Net::kChannels) + " channels",
                std::to_string(images.count) + " of " +
                    to_string(Shape{images.channels, images.height, images.width}));
  if (batch < least)
    throw Error("batch of images to measure batch norms on", "at least " + std::to_string(least),
                std::to_string(batch));
}

/// Mean and variance of what every batch norm reads, in one bank, laid out as the classifier's statistics.
struct BatchNormMoments {
  std::vector<double> values;
  Index images = 0;  ///< measured, at one candidate or another
};

/// Called with the number of images that a batch had.
using BatchDone = std::function<void(Index images)>;

/// Adds what every batch norm reads while `images` pass through the classifier at candidate J to the moments
/// of its bank. `statistics` says what the batch norms normalize with meanwhile.
template <int J, class Net>
void measure_batch_norms(typename Net::ClassifierNetwork& classifier, const ExecutionPolicy& policy,
                         const ImageBatch<typename Net::Scalar>& images, Index batch, Statistics statistics,
                         BatchNormMoments& moments, const BatchDone& done) {
  const Index least = least_images(statistics);
  using T = typename Net::Scalar;
  using At = Activations<typename Net::Classifier, Net::template kInput<J>, T>;
  // A last batch of few images would count little and normalize itself badly: batches of nearly equal sizes.
  const Index batches = std::min(ceil_div(images.count, batch), images.count / least);
  At activations(ceil_div(images.count, batches));
  Buffer<T> scratch(At::scratch(activations.capacity()));
  std::vector<ImageScaler<T>> scalers(static_cast<std::size_t>(policy.threads()));
  moments.values.resize(static_cast<std::size_t>(Net::ClassifierNetwork::kStatistics));
  const Buffer<T> kept = classifier.statistics();
  policy.keep_awake([&](const ExecutionPolicy& awake) {
    for (Index k = 0; k < batches; ++k) {
      const Index first = images.count * k / batches, last = images.count * (k + 1) / batches;
      awake.for_parts(last - first, [&](Index i, int worker) {
        scalers[static_cast<std::size_t>(worker)](images, first + i, activations.input().from(i));
      });
      activations.forward({.policy = awake,
                           .n = last - first,
                           .capacity = activations.capacity(),
                           .bank = Net::bank(J),
                           .banks = Net::kBanks,
                           .statistics = statistics,
                           .merged = moments.images + first},
                          classifier, scratch.data(), moments.values.data());
      if (done) done(last - first);
    }
  });
  moments.images += images.count;
  classifier.statistics() = kept;  // batches that normalize themselves move the running ones
}

/// The four tensors of one batch norm in one bank, in the order of BatchNorm::visit().
template <class Network>
struct BankedNorm {
  using T = typename Network::Scalar;
  std::span<T> gamma, beta, mean, var;
  std::size_t mean_at, var_at;  ///< offsets in arrays laid out as the statistics
  double eps;

  /// Whether it adds a bias and does nothing else, as where it was folded into the convolution before it.
  [[nodiscard]] bool folded() const {
    for (std::size_t c = 0; c < gamma.size(); ++c)
      if (mean[c] != T(0) ||
          !(std::abs(static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(var[c]) + eps) - 1) <
            1e-6))
        return false;
    return true;
  }
  /// Gives the batch norm the measured statistics and leaves its function as it is.
  void unfold(const BatchNormMoments& moments) const {
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      const double scale = static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(var[c]) + eps);
      const double shift = static_cast<double>(beta[c]) - scale * static_cast<double>(mean[c]);
      gamma[c] = static_cast<T>(scale * std::sqrt(moments.values[var_at + c] + eps));
      beta[c] = static_cast<T>(shift + scale * moments.values[mean_at + c]);
    }
    take_statistics(moments);
  }
  void take_statistics(const BatchNormMoments& moments) const {
    for (std::size_t c = 0; c < mean.size(); ++c) {
      mean[c] = static_cast<T>(moments.values[mean_at + c]);
      var[c] = static_cast<T>(moments.values[var_at + c]);
    }
  }
};

/// Calls f(BankedNorm) for every batch norm of bank `bank`, in order.
template <class Network, class F>
void for_each_norm(Network& network, int bank, F&& f) {
  const auto& tensors = Network::tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].role == Role::bn_weight && (Network::kBanks == 1 || tensors[i].bank == bank))
      f(BankedNorm<Network>{.gamma = network.values(tensors[i]),
                            .beta = network.values(tensors[i + 1]),
                            .mean = network.values(tensors[i + 2]),
                            .var = network.values(tensors[i + 3]),
                            .mean_at = static_cast<std::size_t>(tensors[i + 2].offset),
                            .var_at = static_cast<std::size_t>(tensors[i + 3].offset),
                            .eps = tensors[i + 3].eps});
}

/// Gives every kernel whose batch norm was folded away in all banks (so that it comes right behind) the
/// length sqrt(2), and divides gamma by as much: the function stays. A kernel of zeros stays, too.
template <class Network>
void balance_kernels(Network& classifier) {
  using T = typename Network::Scalar;
  const std::vector<TensorSpec>& tensors = Network::tensors();
  std::vector<std::vector<BankedNorm<Network>>> banks(Network::kBanks);
  for (int bank = 0; bank < Network::kBanks; ++bank)
    for_each_norm(classifier, bank,
                  [&](const auto& norm) { banks[static_cast<std::size_t>(bank)].push_back(norm); });
  std::size_t index = 0;  // of the batch norm
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].role != Role::bn_weight || tensors[i].bank > 0) continue;
    const std::size_t at = index++;
    const bool folded = std::ranges::all_of(banks, [&](const auto& norms) { return norms[at].folded(); });
    const auto channels = banks.front()[at].gamma.size();
    if (!folded || i == 0 || tensors[i - 1].role != Role::weight ||
        tensors[i - 1].shape.front() != static_cast<int>(channels))
      continue;
    const auto kernels = classifier.values(tensors[i - 1]);
    const std::size_t size = kernels.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      const auto kernel = kernels.subspan(c * size, size);
      double square = 0;
      for (const T w : kernel) square += static_cast<double>(w) * static_cast<double>(w);
      if (square == 0) continue;
      const double scale = std::sqrt(2 / square);
      for (T& w : kernel) w = static_cast<T>(static_cast<double>(w) * scale);
      for (const auto& norms : banks)
        norms[at].gamma[c] = static_cast<T>(static_cast<double>(norms[at].gamma[c]) / scale);
    }
  }
}

/// What the batch norms of one bank read, at every candidate that uses it.
template <class Net>
[[nodiscard]] BatchNormMoments measure_bank(typename Net::ClassifierNetwork& classifier,
                                            const ExecutionPolicy& policy,
                                            const ImageBatch<typename Net::Scalar>& images, Index batch,
                                            Statistics statistics, int bank, const BatchDone& done = {}) {
  BatchNormMoments moments;
  unroll<Net::kCount>([&](auto j) {
    if (Net::bank(j) == bank)
      measure_batch_norms<j, Net>(classifier, policy, images, batch, statistics, moments, done);
  });
  return moments;
}

/// unfold_batch_norm() for one bank.
template <class Net>
void unfold_bank(typename Net::ClassifierNetwork& classifier, const ExecutionPolicy& policy,
                 const ImageBatch<typename Net::Scalar>& images, Index batch, int bank) {
  const auto moments = measure_bank<Net>(classifier, policy, images, batch, Statistics::running, bank);
  for_each_norm(classifier, bank, [&](const auto& norm) { norm.unfold(moments); });
}

/// recalibrate() for one bank.
template <class Net>
void recalibrate_bank(typename Net::ClassifierNetwork& classifier, const ExecutionPolicy& policy,
                      const ImageBatch<typename Net::Scalar>& images, Index batch, int bank,
                      const BatchDone& done = {}) {
  const auto moments = measure_bank<Net>(classifier, policy, images, batch, Statistics::batch, bank, done);
  for_each_norm(classifier, bank, [&](const auto& norm) { norm.take_statistics(moments); });
}

/// Copies gamma and beta of every batch norm from one bank to another.
template <class Network>
void copy_affine(Network& network, int from, int to) {
  std::vector<BankedNorm<Network>> source;
  for_each_norm(network, from, [&](const auto& norm) { source.push_back(norm); });
  auto next = source.begin();
  for_each_norm(network, to, [&](const auto& norm) {
    std::copy(next->gamma.begin(), next->gamma.end(), norm.gamma.begin());
    std::copy(next->beta.begin(), next->beta.end(), norm.beta.begin());
    ++next;
  });
}

}  // namespace detail

/// Gives the classifier live batch norms in every bank: mean and variance are measured on `images` (planar,
/// normalized, of any size) at the bank's own resolution (at all of them where one bank is shared), gamma and
/// beta are set so that the logits at inference stay what they were, up to rounding; where batch norms were
/// folded away, kernels get the length sqrt(2) before. Training can go on then: without the statistics,
/// training mode would normalize with the batch what was meant to pass, without the length a first step would
/// turn short kernels far; either destroys the features. Throws Error for no images.
template <class Net>
void unfold_batch_norm(Net& net, const ImageBatch<typename Net::Scalar>& images, const Policy& policy = {},
                       const MeasureOptions& options = {}) {
  detail::check_calibration<Net>(images, options.batch, Statistics::running);
  auto classifier = net.classifier();  // a copy: what fails on the way leaves the network as it is
  detail::balance_kernels(classifier);
  for (int bank = 0; bank < Net::kBanks; ++bank)
    detail::unfold_bank<Net>(classifier, *policy, images, options.batch, bank);
  net.classifier() = std::move(classifier);
}

/// Whether all batch norms of one bank were folded away: each adds a bias and does nothing else. (Those of a
/// new network are no such identities: they divide by sqrt(1 + eps).)
template <class Network>
[[nodiscard]] bool has_folded_batch_norms(Network& classifier, int bank) {
  bool folded = true, any = false;
  detail::for_each_norm(classifier, bank, [&](const auto& norm) {
    folded = folded && norm.folded();
    any = true;
  });
  return folded && any;
}

/// Re-estimates the running statistics of every bank but the native one on `images` (planar, normalized, of
/// any size): at each candidate they pass in batches that normalize themselves, and the bank takes the mean
/// and variance over all of them. With a match (see CalibrationOptions) the native bank is unfolded first
/// (its values change, its function does not) and its gamma and beta are copied to the others, so that every
/// channel has the mean and variance that it has at the native resolution, which also serves networks whose
/// batch norms were folded away. Throws Error for fewer than two images, a native candidate that there is not
/// and several candidates that share a bank, which would leave nothing to calibrate.
template <class Net>
void calibrate_banks(Net& net, const ImageBatch<typename Net::Scalar>& images, const Policy& policy = {},
                     const CalibrationOptions& options = {}) {
  detail::check_calibration<Net>(images, options.batch, Statistics::batch);
  if (options.native < 0 || options.native >= Net::kCount)
    throw Error("CalibrationOptions::native", "a candidate from 0 to " + std::to_string(Net::kCount - 1),
                std::to_string(options.native));
  if (Net::kBanks < Net::kCount)
    throw Error("calibration of banks", "a bank for each candidate", "one that all share");
  auto classifier = net.classifier();  // a copy: what fails on the way leaves the network as it is
  const bool match = options.match_native.value_or(has_folded_batch_norms(classifier, options.native));
  if (match) detail::unfold_bank<Net>(classifier, *policy, images, options.batch, options.native);
  unroll<Net::kCount>([&](auto j) {
    if (j == options.native) return;
    if (match) detail::copy_affine(classifier, options.native, j);
    detail::recalibrate_bank<Net>(classifier, *policy, images, options.batch, j);
  });
  net.classifier() = std::move(classifier);
}

/// Re-estimates the running statistics of every bank of a trained classifier on `images` (planar, normalized,
/// of any size; augmented as in training, which the layers have learnt to work with): they pass at the bank's
/// own resolution (at all of them where one bank is shared) in batches that normalize themselves, and the
/// bank takes the mean and variance over all of them. Nothing else changes. Throws Error for fewer than two
/// images, and where a batch norm was folded away: its statistics are part of the function.
template <class Net>
void recalibrate(Net& net, const ImageBatch<typename Net::Scalar>& images, const Policy& policy = {},
                 const RecalibrationOptions& options = {}) {
  detail::check_calibration<Net>(images, options.batch, Statistics::batch);
  auto classifier = net.classifier();  // a copy: what fails on the way leaves the network as it is
  for (int bank = 0; bank < Net::kBanks; ++bank)
    detail::for_each_norm(classifier, bank, [&](const auto& norm) {
      if (norm.folded())
        throw Error("batch norms to recalibrate", "live ones (see unfold_batch_norm())",
                    "one that was folded into its convolution, in bank " + std::to_string(bank));
    });
  Index passed = 0;
  const auto done = [&](Index count) {
    passed += count;
    if (options.progress) options.progress(passed);
  };
  for (int bank = 0; bank < Net::kBanks; ++bank)
    detail::recalibrate_bank<Net>(classifier, *policy, images, options.batch, bank, done);
  net.classifier() = std::move(classifier);
}

}  // namespace drnet::inline DRNET_ISA
