// A network as training could have left it, and the answers that its layers give one image at a time.
#pragma once

#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/inference/session.hpp>

#include <cmath>

namespace support {

using Net = TinyNet<float>;

/// Banks that differ from each other, with statistics of their own.
inline Net trained_net() {
  Net net(21);
  const drnet::Random random(3, drnet::Purpose::check);
  std::uint32_t draw = 0;
  const auto vary = [&](auto& network) {
    using drnet::Role;
    for (const drnet::TensorSpec& t : network.tensors())
      for (float& v : network.values(t)) {
        ++draw;
        if (t.role == Role::running_mean || t.role == Role::bn_bias) v = random.uniform(draw, -0.3F, 0.3F);
        if (t.role == Role::running_var || t.role == Role::bn_weight) v = random.uniform(draw, 0.5F, 1.5F);
      }
  };
  vary(net.classifier());
  vary(net.predictor());
  return net;
}

/// Output of Topology for image i by its training path with frozen statistics.
template <class Topology, drnet::Shape In, class Network>
std::vector<float> frozen_output(Network& net, int bank, const drnet::ImageBatch<float>& images,
                                 drnet::Index i) {
  drnet::Activations<Topology, In, float> activations(1);
  drnet::Buffer<float> scratch(activations.scratch(1));
  drnet::ImageScaler<float>{}(images, i, activations.input());
  const drnet::Serial serial;
  const drnet::Pass pass{serial, 1, 1, bank, Network::kBanks, drnet::Statistics::running};
  activations.forward(pass, net, scratch.data());
  std::vector<float> output(static_cast<std::size_t>(activations.kOutput.size()));
  drnet::to_planar(activations.output(), output.data(), 1);
  return output;
}

/// trained_net() with the predictor's bias such that each of its logits has mean 0 over these images: then no
/// candidate can be the choice for all of them.
inline Net trained_net(const drnet::ImageBatch<float>& images) {
  Net net = trained_net();
  for (const drnet::TensorSpec& t : Net::PredictorNetwork::tensors())
    if (t.name == "fc.bias")
      for (drnet::Index i = 0; i < images.count; ++i) {
        // A running mean: the output holds the bias as the images before left it.
        const auto logits =
            frozen_output<Net::PredictorTopology, Net::kPredictorInput>(net.predictor(), 0, images, i);
        const auto bias = net.predictor().values(t);
        for (std::size_t j = 0; j < logits.size(); ++j) bias[j] -= logits[j] / static_cast<float>(i + 1);
      }
  return net;
}

/// Results and logits of one call.
struct Answers {
  explicit Answers(drnet::Index count)
      : results(static_cast<std::size_t>(count)), logits(results.size() * 10) {}
  friend bool operator==(const Answers& a, const Answers& b) {
    const auto same = [](const drnet::Classification& x, const drnet::Classification& y) {
      return x.label == y.label && x.probability == y.probability && x.resolution == y.resolution &&
             x.candidate == y.candidate;
    };
    return std::equal(a.results.begin(), a.results.end(), b.results.begin(), b.results.end(), same) &&
           same_bits(a.logits, b.logits);
  }
  std::vector<drnet::Classification> results;
  std::vector<float> logits;
};
inline Answers classify(const drnet::Session<Net>& session, const drnet::ImageBatch<float>& images) {
  Answers answers(images.count);
  auto workspace = session.make_workspace();
  session.classify(images, answers.results, workspace, answers.logits);
  return answers;
}

/// Checks that the answer for image i is that of the layers at the candidate chosen.
inline void check_answer(Net& net, const drnet::ImageBatch<float>& images, const Answers& answers,
                         drnet::Index i) {
  const auto at = static_cast<std::size_t>(i);
  const drnet::Classification& result = answers.results[at];
  CAPTURE(i, result.candidate);
  std::vector<float> expected;
  drnet::unroll<Net::kCount>([&](auto j) {
    if (result.candidate == j)
      expected = frozen_output<Net::Classifier, Net::kInput<j>>(net.classifier(), j, images, i);
  });
  REQUIRE(expected.size() == 10);
  CHECK(result.resolution == Net::Candidates::kValues[static_cast<std::size_t>(result.candidate)]);
  CHECK(result.label == drnet::argmax<float>(expected));
  double largest = 0, sum = 0, error = 0;
  for (std::size_t k = 0; k < 10; ++k) {
    const double z = double(expected[k]);
    largest = std::max(largest, std::abs(z));
    error = std::max(error, std::abs(z - double(answers.logits[at * 10 + k])));
    sum += std::exp(z - double(expected[static_cast<std::size_t>(result.label)]));
  }
  CHECK(error <= 1e-5 * largest);
  CHECK(double(result.probability) == Approx(1 / sum).epsilon(1e-4));
}

}  // namespace support
