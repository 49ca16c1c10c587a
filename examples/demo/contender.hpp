// What the demonstration compares: networks trained for the same wall time on drawn pictures and evaluated on
// pictures of another seed.
#pragma once

#include <drnet/drnet.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

namespace demo {

constexpr int kClasses = 10, kSize = 32;
using Classifier = drnet::models::CifarResNet<1, kClasses>;
using Fixed = drnet::DynamicNetwork<Classifier, drnet::NoPredictor, drnet::Resolutions<32>>;
using Predictor = drnet::models::ResolutionPredictor<32, drnet::models::PredictorOptions{
                                                             .widths = {8, 16, 0, 0}, .small_stem = true}>;
using Dynamic = drnet::DynamicNetwork<Classifier, Predictor, drnet::Resolutions<32, 24, 16>>;

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A contender's result on the held-out pictures.
struct Result {
  std::string name;
  double accuracy = 0, low = 0, high = 0;  ///< with its 95 % Wilson interval
  double macs = 0;                         ///< multiply-adds per image, predictor included
  double milliseconds = 0;                 ///< per image
  std::vector<double> shares;              ///< of the candidates
};

/// Training of one network within a time budget.
struct Budget {
  double seconds;
  double rate;          ///< learning rate of the cosine schedule
  std::uint32_t epoch;  ///< number of the first epoch: the order of the pictures and the noise follow from it
};

/// The execution policy of the demonstration: all processors, through whatever this build has.
drnet::Policy all_processors();

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

/// Accuracy, cost and time on a whole data set; decoding is not part of the time.
template <class Net>
Result evaluate(std::string name, const Net& net, const drnet::Dataset& data, drnet::Router router) {
  drnet::Session<Net> session(net, all_processors(), {.router = std::move(router)});
  const drnet::Loader loader(data, drnet::eval_transform({.size = kSize, .resize_shorter = 0}),
                             {.batch = 500, .shuffle = false});
  Result result{.name = std::move(name), .shares = std::vector<double>(Net::kCount, 0.0)};
  double correct = 0, images = 0, seconds = 0;
  for (const drnet::Batch& b : loader.epoch(0)) {
    const double start = now();
    const auto answers = session.classify(b.view(), static_cast<drnet::Index>(images));
    seconds += now() - start;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      correct += answers[i].label == b.labels[i];
      result.macs += static_cast<double>(session.macs(answers[i]));
      result.shares[static_cast<std::size_t>(answers[i].candidate)] += 1;
    }
    images += static_cast<double>(answers.size());
  }
  result.accuracy = correct / images;
  const auto interval =
      drnet::wilson_interval(static_cast<std::int64_t>(correct), static_cast<std::int64_t>(images));
  result.low = interval.low;
  result.high = interval.high;
  result.macs /= images;
  result.milliseconds = 1e3 * seconds / images;
  for (double& share : result.shares) share /= images;
  return result;
}

}  // namespace demo
