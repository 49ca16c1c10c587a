// What both sides of a row compute with: random weights, images and labels, functions of their seeds.
#pragma once

#include <bench/serve.hpp>
#include <policy.hpp>

#include <drnet/dynamic/dynamic_network.hpp>

#include <stdexcept>

namespace bench {

using drnet::Index;

using benchmark_support::policy_of;

/// Batch norms as training could have left them; the other weights are random already.
template <class Network>
void randomize_batch_norms(Network& network) {
  std::uint32_t tensor = 0;
  for (const drnet::TensorSpec& t : Network::tensors()) {
    const drnet::Random random(1, drnet::Purpose::check, 0, tensor++);
    const bool scale = t.role == drnet::Role::bn_weight || t.role == drnet::Role::running_var;
    const bool shift = t.role == drnet::Role::bn_bias || t.role == drnet::Role::running_mean;
    std::uint32_t draw = 0;
    for (float& v : network.values(t)) {
      if (scale) v = random.uniform(draw, 0.5F, 1.5F);
      if (shift) v = random.uniform(draw, -0.2F, 0.2F);
      ++draw;
    }
  }
}

/// A classifier for one resolution.
template <class Topology, int Resolution>
using FixedNetwork = drnet::DynamicNetwork<Topology, drnet::NoPredictor, drnet::Resolutions<Resolution>>;

template <class Net>
Net random_network() {
  Net net(1);
  randomize_batch_norms(net.classifier());
  return net;
}

/// Planar pictures of [-2, 2).
inline std::vector<float> random_images(Index count, int resolution) {
  const Index size = Index{3} * resolution * resolution;
  std::vector<float> pixels;
  pixels.reserve(static_cast<std::size_t>(count * size));
  for (Index i = 0; i < count; ++i) {
    const drnet::Random random(2, drnet::Purpose::check, 1, static_cast<std::uint32_t>(i));
    for (Index k = 0; k < size; ++k)
      pixels.push_back(random.uniform(static_cast<std::uint32_t>(k), -2.0F, 2.0F));
  }
  return pixels;
}

inline std::vector<int> random_labels(Index count, int classes) {
  std::vector<int> labels;
  for (Index i = 0; i < count; ++i)
    labels.push_back(
        static_cast<int>(drnet::Random(2, drnet::Purpose::check, 2)
                             .below(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(classes))));
  return labels;
}

/// The arguments of a worker: RESOLUTION BATCH THREADS, and more for some.
struct Arguments {
  int resolution, threads;
  Index batch;
  std::vector<std::string> more;

  Arguments(int argc, char** argv) {
    if (argc < 4) throw std::runtime_error("a worker is called with RESOLUTION BATCH THREADS");
    resolution = std::stoi(argv[1]);
    batch = std::stoi(argv[2]);
    threads = std::stoi(argv[3]);
    more.assign(argv + 4, argv + argc);
  }
};

/// Calls f(std::integral_constant<int, R>) for the resolution R of the list that is asked for.
template <int... Resolutions, class F>
void at_resolution(int wanted, const F& f) {
  if (!((Resolutions == wanted && (f(std::integral_constant<int, Resolutions>{}), true)) || ...))
    throw std::runtime_error("this worker was not built for " + std::to_string(wanted) + " pixels");
}

}  // namespace bench
