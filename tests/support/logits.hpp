// A network's logits as inference computes them, without a session around it.
#pragma once

#include <drnet/layers/network.hpp>

#include <utility>
#include <vector>

namespace support {

/// Logits of a batch of planar images, by the code that a Session runs.
template <drnet::Shape In, class Net>
std::vector<float> logits(const Net& net, int bank, const std::vector<float>& images, drnet::Index n) {
  using Topology = typename Net::Topology;
  drnet::Buffer<float> prepared(Topology::template prepared<float>(In, Net::kBanks));
  Topology::prepare(In, Net::kBanks, net.parameters().data(), net.statistics().data(), prepared.data());
  drnet::Buffer<float> arena(Topology::template arena<float, In>(n, 1));
  drnet::FeatureTensor<float, In, Topology::input_halo(In)> x(n);
  drnet::FeatureTensor<float, Topology::output(In), 0> y(n);
  drnet::from_planar(images.data(), x.view(), n);
  const drnet::Serial serial;
  drnet::run_infer<Topology>(drnet::Pass{serial, n, n, bank, Net::kBanks}, std::as_const(x).view(), y.view(),
                             drnet::accumulator, static_cast<const float*>(prepared.data()), arena.data());
  std::vector<float> result(static_cast<std::size_t>(Topology::output(In).size() * n));
  drnet::to_planar(y.view(), result.data(), n);
  return result;
}

}  // namespace support
