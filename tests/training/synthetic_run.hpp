// A short run on the drawn data set that can stop after any step and go on: what the tests of threads and of
// checkpoints compare to the bit.
#pragma once

#include <support/tiny_network.hpp>

#include <drnet/data/loader.hpp>
#include <drnet/data/synthetic.hpp>
#include <drnet/training/trainer.hpp>

namespace support {

/// Network, optimizer and data of a run; batches of 16, 16 and 8 pictures.
class SyntheticRun {
 public:
  using Net = TinyNet<float>;
  static constexpr drnet::Index kBatch = 16, kSteps = 3;  // of an epoch

  explicit SyntheticRun(int stage, const drnet::Policy& policy = {}, std::uint64_t seed = 6)
      : net(seed),
        trainer(net, policy, kBatch,
                {.stage = stage,
                 .schedule = {.decay = drnet::Decay::cosine, .base = 0.05, .warmup = 1.5, .total = 3},
                 .joint = {.alpha = 1e-4},
                 .seed = 8}),
        data_({.images = 40, .seed = 9, .size = 24}),
        loader_(data_, drnet::train_transform({.size = 24, .crop = drnet::PaddedCrop{2}}),
                {.batch = kBatch, .seed = 8}) {}

  /// Steps first, first + 1, ... of an epoch, but at most `count`; their losses.
  std::vector<double> epoch(std::uint32_t number, drnet::Index first = 0, drnet::Index count = kSteps) {
    std::vector<drnet::Batch> batches;
    for (drnet::Batch& batch : loader_.epoch(number, static_cast<std::size_t>(first)))
      if (static_cast<drnet::Index>(batches.size()) < count) batches.push_back(std::move(batch));
    std::vector<double> losses;
    trainer.epoch(
        number, batches, kSteps,
        [&](drnet::Index, const drnet::StepLosses& step) { losses.push_back(step.total); }, first);
    return losses;
  }
  /// What a checkpoint holds besides the weights.
  auto optimizer() { return trainer.state(); }
  /// Whether networks and optimizers are the same to the bit.
  bool same_as(SyntheticRun& other) {
    const auto mine = optimizer(), theirs = other.optimizer();
    bool same = Snapshot<float>(net) == Snapshot<float>(other.net) && mine.size() == theirs.size();
    for (std::size_t i = 0; same && i < mine.size(); ++i) same = same_bits(mine[i].second, theirs[i].second);
    return same;
  }

  Net net;
  drnet::Trainer<Net> trainer;

 private:
  drnet::Synthetic data_;
  drnet::Loader loader_;
};

}  // namespace support
