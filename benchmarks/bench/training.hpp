// Our side of the rows of training: steps of stage 1 with one candidate, which is plain training of a
// classifier, on the same batch again and again. The learning rate is the last argument.
#pragma once

#include <bench/material.hpp>

#include <drnet/training/trainer.hpp>

namespace bench {

template <class Net>
void serve_training(const Arguments& arguments) {
  constexpr int kResolution = Net::Candidates::kLargest;
  Net net = random_network<Net>();
  drnet::Trainer<Net> trainer(
      net, policy_of(arguments.threads), arguments.batch,
      {.sgd = {.momentum = 0.9, .weight_decay = 1e-4},
       .schedule = {.decay = drnet::Decay::constant, .base = std::stod(arguments.more.at(0)), .warmup = 0}});
  const std::vector<float> pixels = random_images(arguments.batch, kResolution);
  const drnet::ImageBatch<float> images{pixels.data(), arguments.batch, 3, kResolution, kResolution};
  const std::vector<int> labels = random_labels(arguments.batch, Net::kClasses);
  std::vector<float> losses;
  // Forward pass, gradients of inputs and of weights. Without numbers of samples nothing is dropped out.
  serve({.about = {{"name", "drnet"}, {"macs", 3 * Net::kMacs[0]}},
         .run =
             [&] {
               losses.push_back(static_cast<float>(trainer.step(images, labels, {}, 0, 0).cross_entropy));
             },
         .output = [&] { return losses; }});
}

template <class Topology, int... Resolutions>
int training(int argc, char** argv) {
  return guarded([&] {
    const Arguments arguments(argc, argv);
    at_resolution<Resolutions...>(arguments.resolution, [&](auto r) {
      serve_training<FixedNetwork<Topology, decltype(r)::value>>(arguments);
    });
  });
}

}  // namespace bench
