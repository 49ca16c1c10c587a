// What one network makes of the held-out pictures.
#pragma once

#include "demo.hpp"
#include "networks.hpp"

#include <drnet/core/statistics.hpp>
#include <drnet/data/augment.hpp>
#include <drnet/data/loader.hpp>
#include <drnet/inference/session.hpp>

namespace demo {

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
