// Inference of a dynamic network: weights packed and batch norms folded once, workspaces planned once, images
// grouped by the resolution that the router chose, results in the order of the images.
//
// A chunk of images goes through the whole network on one thread, so that its activations stay in that core's
// cache; where there are fewer images than threads, the threads share each layer instead, if it is worth it.
// Neither changes a bit of the result.
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/dynamic/gumbel.hpp>
#include <drnet/dynamic/image_scaler.hpp>
#include <drnet/dynamic/router.hpp>

#include <numeric>
#include <optional>
#include <tuple>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// What a session says about one image.
struct Classification {
  int label = 0;
  float probability = 0;  ///< softmax of the label
  int resolution = 0;     ///< in pixels
  int candidate = 0;      ///< index among the candidates
};

/// Named options of a session.
struct SessionOptions {
  Router router = PredictorRouter{};
  Index chunk = 8;                                  ///< most images that pass through the network together
  Resampling resampling = Resampling::antialiased;  ///< of the images, to the candidates and the predictor
  /// true: every image runs at every candidate and the choice masks the results, as in the official code. The
  /// same results, at the cost of all.
  bool compute_all = false;
  /// Least multiply-adds of a chunk whose layers the threads share, where there are fewer images than
  /// threads. Below, handing half of a layer's output from core to core costs more than computing it: on two
  /// threads CIFAR's ResNet-20 at 32 (41 million) takes 1.25 times as long as on one, MobileNetV2 at 112 (80
  /// million) 0.89 times.
  Index least_shared_macs = 60'000'000;
};

template <class Net>
class Session {
 public:
  using T = typename Net::Scalar;
  static constexpr int kCount = Net::kCount, kClasses = Net::kClasses;

  /// Copies what it needs from `net`. Throws Error for a router that the network cannot serve.
  explicit Session(const Net& net, Policy policy = {}, SessionOptions options = {})
      : policy_(std::move(policy)),
        options_(std::move(options)),
        classifier_(Classifier::template prepared<T>(Net::template kInput<0>, Net::kBanks)) {
    if (kCount == 1 && !Net::kHasPredictor && needs_predictor(options_.router))
      options_.router = FixedRouter{0};
    check_router(options_.router, kCount, Net::kHasPredictor);
    if (options_.chunk < 1)
      throw Error("SessionOptions::chunk", "at least 1", std::to_string(options_.chunk));
    Classifier::prepare(Net::template kInput<0>, Net::kBanks, net.classifier().parameters().data(),
                        net.classifier().statistics().data(), classifier_.data());
    if constexpr (Net::kHasPredictor) {
      predictor_ = Buffer<T>(Predictor::template prepared<T>(Net::kPredictorInput, 1));
      Predictor::prepare(Net::kPredictorInput, 1, net.predictor().parameters().data(),
                         net.predictor().statistics().data(), predictor_.data());
    }
  }

  class Workspace;
  /// Memory for one caller: any number of threads may classify at once, each with its own workspace.
  [[nodiscard]] Workspace make_workspace() const {
    return Workspace(policy_->threads(), options_.chunk, options_.resampling);
  }

  /// Classifies planar images; allocates its own memory at the first call and the results at every call.
  /// `first` is the number of the first image among all, which the choices of random and Gumbel routers
  /// depend on.
  [[nodiscard]] std::vector<Classification> classify(const ImageBatch<T>& images, Index first = 0) {
    if (!own_) own_.emplace(make_workspace());
    std::vector<Classification> results(static_cast<std::size_t>(std::max<Index>(images.count, 0)));
    classify(images, results, *own_, {}, first);
    return results;
  }

  /// As above into memory of the caller's; allocates nothing once the workspace has seen a batch this large.
  /// `logits`, if not empty, receives [count][classes]. Throws Error for images of other channels or spans of
  /// other sizes.
  void classify(const ImageBatch<T>& images, std::span<Classification> results, Workspace& workspace,
                std::span<T> logits = {}, Index first = 0) const {
    check(images, results, logits);
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      route(policy, images, results, workspace, first);
      workspace.plan(results, options_.compute_all, chunk_of(images.count, policy));
      const Index parts = static_cast<Index>(workspace.chunks.size());
      const Call call{images, results, logits};
      if (parts >= policy.threads())
        policy.for_parts(
            parts, [&](Index part, int worker) { classify_chunk(Serial{}, call, workspace, part, worker); });
      else
        for (Index part = 0; part < parts; ++part) {
          const auto& chunk = workspace.chunks[static_cast<std::size_t>(part)];
          share(policy, Net::kMacs[static_cast<std::size_t>(chunk.candidate)] * chunk.count,
                [&](const ExecutionPolicy& p) { classify_chunk(p, call, workspace, part, 0); });
        }
    });
  }

  /// Multiply-adds that classifying this image took: those of its candidate, or of all where all are
  /// computed, and the predictor's where it was asked.
  [[nodiscard]] Index macs(const Classification& result) const {
    const Index classifier = options_.compute_all
                                 ? std::accumulate(Net::kMacs.begin(), Net::kMacs.end(), Index{0})
                                 : Net::kMacs[static_cast<std::size_t>(result.candidate)];
    return classifier + (asks_predictor() ? Net::kRoutingMacs : 0);
  }
  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }

 private:
  using Classifier = typename Net::Classifier;
  using Predictor = typename Net::PredictorTopology;
  struct Call {
    const ImageBatch<T>& images;
    std::span<Classification> results;
    std::span<T> logits;
  };
  template <int J>
  using Input = FeatureMap<T, Net::template kInput<J>, Classifier::input_halo(Net::template kInput<J>)>;

  /// Images at the extents of Map, each scaled when the network wants it (Source in layers/layer.hpp).
  template <class Map>
  struct ScaledImages {
    static constexpr Shape kShape = Map::kShape;
    const ImageBatch<T>& images;
    const Index* which;  ///< of the batch
    ImageScaler<T>& scaler;
    T* memory;

    [[nodiscard]] ScaledImages from(Index i) const { return {images, which + i, scaler, memory}; }
    [[nodiscard]] FeatureMap<const T, Map::kShape, Map::kHalo> fetch(Index n) const {
      const Map map(memory);
      for (Index i = 0; i < n; ++i) scaler(images, which[i], map.from(i));
      return map;
    }
  };

  [[nodiscard]] bool asks_predictor() const {
    return Net::kHasPredictor && kCount > 1 && needs_predictor(options_.router);
  }

  /// Images of a chunk: every thread gets one, if there are as many images as threads.
  [[nodiscard]] Index chunk_of(Index images, const ExecutionPolicy& policy) const {
    return images < policy.threads() ? options_.chunk
                                     : std::clamp<Index>(images / policy.threads(), 1, options_.chunk);
  }

  /// Calls f with a policy for so many multiply-adds of one chunk.
  template <class F>
  void share(const ExecutionPolicy& policy, Index macs, const F& f) const {
    if (macs < options_.least_shared_macs)
      f(Serial{});
    else
      f(policy);
  }

  static void check(const ImageBatch<T>& images, std::span<Classification> results, std::span<T> logits) {
    if (images.count < 0 || images.channels != Net::kChannels ||
        (images.count > 0 && (images.height < 1 || images.width < 1)))
      throw Error("Session::classify: images",
                  std::to_string(Net::kChannels) + " channels of at least 1 x 1 pixel",
                  std::to_string(images.count) + " images of " +
                      to_string(Shape{images.channels, images.height, images.width}));
    if (results.size() != static_cast<std::size_t>(images.count))
      throw Error("Session::classify: results", std::to_string(images.count) + " elements",
                  std::to_string(results.size()));
    if (!logits.empty() && logits.size() != results.size() * kClasses)
      throw Error("Session::classify: logits", std::to_string(results.size() * kClasses) + " elements",
                  std::to_string(logits.size()));
  }

  /// The number of image i of a call, for random functions.
  static std::uint32_t image_number(Index first, Index i) { return static_cast<std::uint32_t>(first + i); }

  /// The candidate that the predictor's logits mean for an image.
  [[nodiscard]] int choose(std::span<const T> logits, std::uint32_t image) const {
    const auto* gumbel = std::get_if<GumbelRouter>(&options_.router);
    return gumbel != nullptr ? gumbel->candidate(image, logits) : argmax<T>(logits);
  }

  /// Writes results[i].candidate.
  void route(const ExecutionPolicy& policy, const ImageBatch<T>& images, std::span<Classification> results,
             Workspace& workspace, Index first) const {
    for (std::size_t i = 0; i < results.size(); ++i) {
      results[i].candidate = 0;
      if (const auto* fixed = std::get_if<FixedRouter>(&options_.router))
        results[i].candidate = fixed->candidate;
      if (const auto* random = std::get_if<RandomRouter>(&options_.router))
        results[i].candidate = random->candidate(image_number(first, static_cast<Index>(i)), kCount);
    }
    if constexpr (Net::kHasPredictor)
      if (asks_predictor()) {
        workspace.order.resize(results.size());
        std::iota(workspace.order.begin(), workspace.order.end(), Index{0});
        const Index chunk = chunk_of(images.count, policy), parts = ceil_div(images.count, chunk);
        const auto predict = [&](const ExecutionPolicy& p, Index part, int worker) {
          const Index begin = part * chunk;
          predict_chunk(p, images, results, workspace, first, begin, std::min(chunk, images.count - begin),
                        worker);
        };
        if (parts >= policy.threads())
          policy.for_parts(parts, [&](Index part, int worker) { predict(Serial{}, part, worker); });
        else
          for (Index part = 0; part < parts; ++part)
            share(policy, Net::kRoutingMacs * std::min(chunk, images.count),
                  [&](const ExecutionPolicy& p) { predict(p, part, 0); });
      }
  }

  void predict_chunk(const ExecutionPolicy& policy, const ImageBatch<T>& images,
                     std::span<Classification> results, Workspace& workspace, Index first, Index begin,
                     Index n, int worker) const requires Net::kHasPredictor {
    constexpr Shape in = Net::kPredictorInput;
    using Map = FeatureMap<T, in, Predictor::input_halo(in)>;
    auto& memory = workspace.workers[static_cast<std::size_t>(worker)];
    const ScaledImages<Map> x{images, workspace.order.data() + begin, memory.predictor_scaler,
                              memory.predictor_input.data()};
    const FeatureMap<T, Shape{kCount, 1, 1}, 0> y(memory.logits.data());
    run_infer<Predictor>(Pass{policy, n, options_.chunk}, x, y, accumulator, predictor_.data(),
                         memory.arena.data());
    for (Index i = 0; i < n; ++i)
      results[static_cast<std::size_t>(begin + i)].candidate =
          choose(std::span<const T>(y.row(i, 0, 0), static_cast<std::size_t>(kCount)),
                 image_number(first, begin + i));
  }

  void classify_chunk(const ExecutionPolicy& policy, const Call& call, Workspace& workspace, Index part,
                      int worker) const {
    const auto& chunk = workspace.chunks[static_cast<std::size_t>(part)];
    unroll<kCount>([&](auto j) {
      if (chunk.candidate == j) classify_at<j>(policy, call, workspace, chunk, worker);
    });
  }

  template <int J, class Chunk>
  void classify_at(const ExecutionPolicy& policy, const Call& call, Workspace& workspace, const Chunk& chunk,
                   int worker) const {
    auto& memory = workspace.workers[static_cast<std::size_t>(worker)];
    const auto* const which = workspace.order.data() + chunk.first;
    const ScaledImages<Input<J>> x{call.images, which, memory.scalers[J], memory.inputs[J].data()};
    const FeatureMap<T, Shape{kClasses, 1, 1}, 0> y(memory.logits.data());
    run_infer<Classifier>(Pass{policy, chunk.count, options_.chunk, Net::bank(J), Net::kBanks}, x, y,
                          accumulator, static_cast<const T*>(classifier_.data()), memory.arena.data());
    for (Index i = 0; i < chunk.count; ++i) {
      const std::span<const T> z(y.row(i, 0, 0), static_cast<std::size_t>(kClasses));
      auto& result = call.results[static_cast<std::size_t>(which[i])];
      if (result.candidate != J) continue;  // computed, but masked
      result.label = argmax<T>(z);
      double sum = 0;
      for (const T v : z) sum += std::exp(static_cast<double>(v - z[static_cast<std::size_t>(result.label)]));
      result.probability = static_cast<float>(1 / sum);
      result.resolution = Net::Candidates::kValues[J];
      if (!call.logits.empty()) std::copy(z.begin(), z.end(), call.logits.begin() + which[i] * kClasses);
    }
  }

  Policy policy_;
  SessionOptions options_;
  Buffer<T> classifier_, predictor_;
  std::optional<Workspace> own_;
};

/// One caller's memory: per thread an arena for activations and an input tensor per candidate.
template <class Net>
class Session<Net>::Workspace {
 public:
  Workspace(int threads, Index chunk, Resampling resampling) {
    // Chunks that the threads share run in the first worker's memory.
    for (int i = 0; i < threads; ++i) workers.emplace_back(chunk, i == 0 ? threads : 1, resampling);
  }

 private:
  friend class Session<Net>;

  struct Worker {
    Worker(Index chunk, int threads, Resampling resampling)
        : logits(round_up(std::max(kClasses, kCount), kLanes<T>) * chunk), predictor_scaler(resampling) {
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
    const std::size_t most = results.size() * (all ? kCount : 1);
    order.clear();
    chunks.clear();
    order.reserve(most);
    chunks.reserve(most);  // of one image each, at worst
    for (int j = 0; j < kCount; ++j) {
      const auto begin = static_cast<Index>(order.size());
      for (std::size_t i = 0; i < results.size(); ++i)
        if (all || results[i].candidate == j) order.push_back(static_cast<Index>(i));
      for (Index at = begin; at < static_cast<Index>(order.size()); at += chunk)
        chunks.push_back({j, at, std::min(chunk, static_cast<Index>(order.size()) - at)});
    }
  }

  std::vector<Worker> workers;
  std::vector<Index> order;
  std::vector<Chunk> chunks;
};

}  // namespace drnet::inline DRNET_ISA
