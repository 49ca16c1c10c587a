// Training of one network for a given time.
#pragma once

#include "networks.hpp"

#include <drnet/data/augment.hpp>
#include <drnet/data/loader.hpp>
#include <drnet/training/trainer.hpp>

namespace demo {

/// Training of one network within a time budget.
struct Budget {
  double seconds;
  double rate;          ///< learning rate of the cosine schedule
  std::uint32_t epoch;  ///< number of the first epoch: the order of the pictures and the noise follow from it
};

/// Trains until the budget is spent; the learning rate falls with the time that is left. In stage 2 the
/// answers of the resting classifier are noted first. Returns the images seen.
template <class Net>
drnet::Index train(Net& net, const drnet::Dataset& data, drnet::TrainerOptions options,
                   const Budget& budget) {
  constexpr std::size_t batch = 64;
  options.schedule = {
      .decay = drnet::Decay::cosine, .base = budget.rate, .warmup = 0.03, .total = 1, .floor = 0.01};
  options.sgd = {.momentum = 0.9, .nesterov = true, .weight_decay = 5e-4};
  drnet::Trainer<Net> trainer(net, all_processors(), batch, options);
  const drnet::Transform transform{drnet::random_flip(), drnet::normalize()};
  drnet::LoaderOptions loading{.batch = batch, .seed = 1, .threads = 1, .prefetch = 4};
  const drnet::Loader all(data, transform, loading);
  loading.drop_last = true;
  const drnet::Loader loader(data, transform, loading);
  const double start = now();
  if (options.stage == 2)
    for (const drnet::Batch& b : all.epoch(0))
      trainer.note_errors(b.view(), b.labels, std::vector<drnet::Index>(b.indices.begin(), b.indices.end()));
  drnet::Index images = 0;
  for (std::uint32_t epoch = budget.epoch;; ++epoch)
    for (const drnet::Batch& b : loader.epoch(epoch)) {
      const double spent = (now() - start) / budget.seconds;
      if (spent >= 1) return images;
      const std::vector<drnet::Index> samples(b.indices.begin(), b.indices.end());
      trainer.step(b.view(), b.labels, samples, epoch, spent);
      images += b.view().count;
    }
}

}  // namespace demo
