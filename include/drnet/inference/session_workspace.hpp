// The memory of one caller of a session: tensors of the images that are on their way, and the plan of who
// goes with whom.
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/dynamic/image_scaler.hpp>

#include <array>
#include <span>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// What a session says about one image.
struct Classification {
  int label = 0;
  float probability = 0;  ///< softmax of the label, without a temperature
  int resolution = 0;     ///< in pixels
  int candidate = 0;      ///< index among the candidates
};

template <class Net>
class Session;

/// One caller's memory: per thread an arena for activations and an input tensor per candidate.
template <class Net>
class SessionWorkspace {
 public:
  SessionWorkspace(int threads, Index chunk, Resampling resampling) {
    // Chunks that the threads share run in the first worker's memory.
    for (int i = 0; i < threads; ++i) workers.emplace_back(chunk, i == 0 ? threads : 1, resampling);
  }

 private:
  friend class Session<Net>;
  using T = typename Net::Scalar;
  using Classifier = typename Net::Classifier;
  using Predictor = typename Net::PredictorTopology;
  static constexpr int kCount = Net::kCount;
  template <int J>
  using Input = FeatureMap<T, Net::template kInput<J>, Classifier::input_halo(Net::template kInput<J>)>;

  struct Worker {
    Worker(Index chunk, int threads, Resampling resampling)
        : logits(round_up(std::max(Net::kClasses, kCount), kLanes<T>) * chunk), predictor_scaler(resampling) {
      scalers.fill(predictor_scaler);
      Index size = 0;
      unroll<kCount>([&](auto j) {
        inputs[j] =
            Buffer<T>(Input<j>::kImageStride * source_images<Classifier, T, Net::template kInput<j>>(chunk));
        size = std::max(size, Classifier::template arena<T, Net::template kInput<j>>(chunk, threads));
      });
      if constexpr (Net::kHasPredictor) {
        constexpr Shape in = Net::kPredictorInput;
        predictor_input = Buffer<T>(FeatureMap<T, in, Predictor::input_halo(in)>::kImageStride *
                                    source_images<Predictor, T, in>(chunk));
        size = std::max(size, Predictor::template arena<T, in>(chunk, threads));
      }
      arena = Buffer<T>(size);
    }
    Buffer<T> arena, logits, predictor_input;
    std::array<Buffer<T>, kCount> inputs;
    std::array<ImageScaler<T>, kCount> scalers;
    ImageScaler<T> predictor_scaler;
  };

  /// Consecutive entries of `order` that go through the network together.
  struct Chunk {
    int candidate;
    Index first, count;
  };

  /// Groups the images by candidate (all of them in each group, if `all`), keeping their order within a
  /// group, and cuts the groups into chunks of at most `chunk` images.
  void plan(std::span<const Classification> results, bool all, Index chunk) {
    const auto images = static_cast<Index>(results.size());
    clear(images * (all ? kCount : 1));
    for (int j = 0; j < kCount; ++j)
      add(j, images, chunk,
          [&](Index i) { return all || results[static_cast<std::size_t>(i)].candidate == j; });
  }
  /// Plans nothing, with room for that many entries of `order`.
  void clear(Index most) {
    order.clear();
    chunks.clear();
    order.reserve(static_cast<std::size_t>(most));
    chunks.reserve(static_cast<std::size_t>(most));  // of one image each, at worst
  }
  /// One group: those of the first `images` images of which `member` holds.
  template <class Member>
  void add(int candidate, Index images, Index chunk, const Member& member) {
    const auto begin = static_cast<Index>(order.size());
    for (Index i = 0; i < images; ++i)
      if (member(i)) order.push_back(i);
    for (Index at = begin; at < static_cast<Index>(order.size()); at += chunk)
      chunks.push_back({candidate, at, std::min(chunk, static_cast<Index>(order.size()) - at)});
  }

  std::vector<Worker> workers;
  std::vector<Index> order;
  std::vector<Chunk> chunks;
};

}  // namespace drnet::inline DRNET_ISA
