// Both sides of the rows that ask whether saved multiply-adds are saved time: a dynamic network whose
// predictor sends prescribed shares of the images to its candidates, and the same classifier always at its
// largest one. Arguments after the usual ones: "dynamic" or "fixed"; the shares, as in "0.2,0.4,0.4";
// "together" or "singly", the way images arrive.
#pragma once

#include <bench/material.hpp>
#include <bench/stream.hpp>

#include <drnet/inference/session.hpp>
#include <drnet/models/mobile_predictor.hpp>

#include <cmath>
#include <sstream>

namespace bench {

inline std::vector<double> shares_of(const std::string& text) {
  std::vector<double> shares;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) shares.push_back(std::stod(word));
  return shares;
}

/// Logits for which a GumbelRouter gives candidate j with probability shares[j].
inline std::vector<float> logits_of(const std::vector<double>& shares) {
  std::vector<float> logits;
  for (const double share : shares) logits.push_back(share > 0 ? static_cast<float>(std::log(share)) : -1e6F);
  return logits;
}

/// The candidates of the first images. The seed is the first one that gives every share to within one image.
struct Choice {
  drnet::GumbelRouter router;
  std::vector<int> candidates;

  Choice(const std::vector<double>& shares, Index images) {
    const std::vector<float> logits = logits_of(shares);
    while (!choose(shares, logits, images)) ++router.seed;
  }

 private:
  bool choose(const std::vector<double>& shares, const std::vector<float>& logits, Index images) {
    std::vector<double> counts(shares.size(), 0);
    candidates.clear();
    for (Index i = 0; i < images; ++i) {
      candidates.push_back(router.candidate<float>(static_cast<std::uint32_t>(i), logits));
      ++counts[static_cast<std::size_t>(candidates.back())];
    }
    for (std::size_t j = 0; j < shares.size(); ++j)
      if (std::abs(counts[j] - shares[j] * static_cast<double>(images)) >= 1) return false;
    return true;
  }
};

/// The predictor computes everything, but its head's bias decides: the share of a candidate is its
/// probability.
template <class Net>
Net network_with_shares(const std::vector<double>& shares) {
  Net net = random_network<Net>();
  randomize_batch_norms(net.predictor());
  const auto& tensors = Net::PredictorNetwork::tensors();
  for (float& weight : net.predictor().values(tensors[tensors.size() - 2])) weight *= 1e-6F;
  const std::vector<float> logits = logits_of(shares);
  std::copy(logits.begin(), logits.end(), net.predictor().values(tensors.back()).begin());
  return net;
}

/// Classifies all images, at once or one by one.
template <class Net>
class MixRun {
 public:
  MixRun(const Net& net, drnet::Router router, int threads, const drnet::ImageBatch<float>& images,
         bool singly)
      : images_(images),
        singly_(singly),
        session_(net, policy_of(threads), {.router = std::move(router)}),
        workspace_(session_.make_workspace()),
        results_(static_cast<std::size_t>(images.count)),
        logits_(results_.size() * Net::kClasses) {}

  void operator()() {
    const Index step = singly_ ? 1 : images_.count;
    for (Index i = 0; i < images_.count; i += step) {
      drnet::ImageBatch<float> some = images_;
      some.data = images_.image(i);
      some.count = step;
      const auto first = static_cast<std::size_t>(i), count = static_cast<std::size_t>(step);
      session_.classify(some, std::span(results_).subspan(first, count), workspace_,
                        std::span(logits_).subspan(first * Net::kClasses, count * Net::kClasses), i);
    }
  }

  /// Means and counts over the images of the last run.
  [[nodiscard]] double macs() const {
    double sum = 0;
    for (const auto& result : results_) sum += static_cast<double>(session_.macs(result));
    return sum / static_cast<double>(results_.size());
  }
  [[nodiscard]] std::vector<int> counts() const {
    std::vector<int> counts(Net::kCount, 0);
    for (const auto& result : results_) ++counts[static_cast<std::size_t>(result.candidate)];
    return counts;
  }
  [[nodiscard]] const std::vector<float>& logits() const { return logits_; }

 private:
  drnet::ImageBatch<float> images_;
  bool singly_;
  drnet::Session<Net> session_;
  typename drnet::Session<Net>::Workspace workspace_;
  std::vector<drnet::Classification> results_;
  std::vector<float> logits_;
};

/// The logits of every image at the candidate that is meant for it, by sessions that are told the candidate.
template <class Net>
std::vector<float> prescribed_logits(const Net& net, const drnet::ImageBatch<float>& images,
                                     const std::vector<int>& candidates) {
  std::vector<float> logits(candidates.size() * Net::kClasses);
  for (int j = 0; j < Net::kCount; ++j) {
    MixRun<Net> all(net, drnet::FixedRouter{j}, 1, images, false);
    all();
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (candidates[i] == j)
        std::copy_n(all.logits().begin() + static_cast<std::ptrdiff_t>(i * Net::kClasses), Net::kClasses,
                    logits.begin() + static_cast<std::ptrdiff_t>(i * Net::kClasses));
  }
  return logits;
}

template <class Net>
void serve_mix(const Arguments& arguments) {
  if (arguments.more.size() != 3)
    throw std::runtime_error("a mix is called with dynamic|fixed SHARES together|singly");
  const bool dynamic = arguments.more[0] == "dynamic";
  const std::vector<double> shares = shares_of(arguments.more[1]);
  const Choice choice(shares, arguments.batch);
  const Net net = network_with_shares<Net>(shares);
  const std::vector<float> pixels = random_images(arguments.batch, arguments.resolution);
  const drnet::ImageBatch<float> images{pixels.data(), arguments.batch, 3, arguments.resolution,
                                        arguments.resolution};
  const drnet::Router router = dynamic ? drnet::Router(choice.router) : drnet::FixedRouter{0};
  const bool singly = arguments.more[2] == "singly";
  MixRun<Net> run(net, router, arguments.threads, images, singly);
  run();
  const std::string name = "drnet, always " + std::to_string(Net::Candidates::kLargest);
  const double floor = singly && dynamic ? stream_milliseconds(Net::kParameters, arguments.threads) : 0;
  serve(
      {.about = {{"name", dynamic ? "drnet" : name},
                 {"macs", run.macs()},
                 {"counts", run.counts()},
                 {"floor_ms", floor}},
       .run = [&] { run(); },
       .output = [&] { return dynamic ? run.logits() : prescribed_logits(net, images, choice.candidates); }});
}

template <class Topology, int... Resolutions>
int mix(int argc, char** argv) {
  using Net =
      drnet::DynamicNetwork<Topology, drnet::models::MobilePredictor<>, drnet::Resolutions<Resolutions...>>;
  return guarded([&] { serve_mix<Net>(Arguments(argc, argv)); });
}

}  // namespace bench
