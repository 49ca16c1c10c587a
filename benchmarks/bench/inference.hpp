// Our side of the rows of inference: a classifier for one resolution, its workspace reused.
#pragma once

#include <bench/material.hpp>

#include <drnet/inference/session.hpp>

namespace bench {

template <class Net>
void serve_inference(const Arguments& arguments) {
  constexpr int kResolution = Net::Candidates::kLargest;
  // One image needs no memory for eight.
  const drnet::Session<Net> session(
      random_network<Net>(), policy_of(arguments.threads),
      {.router = drnet::FixedRouter{0}, .chunk = std::min(arguments.batch, drnet::SessionOptions{}.chunk)});
  auto workspace = session.make_workspace();
  const std::vector<float> pixels = random_images(arguments.batch, kResolution);
  const drnet::ImageBatch<float> images{pixels.data(), arguments.batch, 3, kResolution, kResolution};
  std::vector<drnet::Classification> results(static_cast<std::size_t>(arguments.batch));
  std::vector<float> logits(results.size() * Net::kClasses);
  serve({.about = {{"name", "drnet"}, {"macs", Net::kMacs[0]}},
         .run = [&] { session.classify(images, results, workspace, logits); },
         .output = [&] { return logits; }});
}

template <class Topology, int... Resolutions>
int inference(int argc, char** argv) {
  return guarded([&] {
    const Arguments arguments(argc, argv);
    at_resolution<Resolutions...>(arguments.resolution, [&](auto r) {
      serve_inference<FixedNetwork<Topology, decltype(r)::value>>(arguments);
    });
  });
}

}  // namespace bench
