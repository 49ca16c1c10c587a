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
#include <drnet/inference/session_workspace.hpp>

#include <numeric>
#include <optional>
#include <tuple>
#include <vector>

namespace drnet::inline DRNET_ISA {

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

  using Workspace = SessionWorkspace<Net>;
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
    check(images);
    check("results", results.size(), images.count);
    if (!logits.empty()) check("logits", logits.size(), images.count * kClasses);
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      const Call call{images, results, logits};
      if (cascade() != nullptr) {
        climb(policy, call, workspace);
      } else {
        route(policy, images, results, workspace, first);
        workspace.plan(results, options_.compute_all, chunk_of(images.count, policy));
        run(policy, call, workspace);
      }
    });
  }

  /// The classifier's logits [count][classes] at one candidate, whatever the router would say. Allocates
  /// nothing with a warm workspace. Throws Error as classify(), and for a candidate that there is not.
  void logits_at(int candidate, const ImageBatch<T>& images, std::span<T> logits,
                 Workspace& workspace) const {
    check(images);
    check("logits", logits.size(), images.count * kClasses);
    if (candidate < 0 || candidate >= kCount)
      throw Error("Session::logits_at", "a candidate from 0 to " + std::to_string(kCount - 1),
                  std::to_string(candidate));
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      workspace.clear(images.count);
      workspace.add(candidate, images.count, chunk_of(images.count, policy), [](Index) { return true; });
      run(policy, Call{images, {}, logits}, workspace);
    });
  }

  /// The predictor's logits [count][m]. Allocates nothing with a warm workspace. Throws Error as classify().
  void predictor_logits(const ImageBatch<T>& images, std::span<T> logits,
                        Workspace& workspace) const requires Net::kHasPredictor {
    check(images);
    check("logits", logits.size(), images.count * kCount);
    policy_->keep_awake([&](const ExecutionPolicy& policy) {
      predict(policy, images, workspace, [&](Index i, std::span<const T> z) {
        std::copy(z.begin(), z.end(), logits.begin() + i * kCount);
      });
    });
  }

  /// Multiply-adds that classifying this image took: those of its candidate, of all that a cascade asked, or
  /// of all where all are computed, and the predictor's where it was asked.
  [[nodiscard]] Index macs(const Classification& result) const {
    const auto answered = Net::kMacs.begin() + result.candidate;
    const auto first = options_.compute_all ? Net::kMacs.begin() : answered;
    const auto last = options_.compute_all || cascade() != nullptr ? Net::kMacs.end() : answered + 1;
    return std::accumulate(first, last, Index{0}) + (asks_predictor() ? Net::kRoutingMacs : 0);
  }
  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }

 private:
  using Classifier = typename Net::Classifier;
  using Predictor = typename Net::PredictorTopology;
  struct Call {
    const ImageBatch<T>& images;
    std::span<Classification> results;  ///< empty: logits only
    std::span<T> logits;                ///< empty: results only
  };
  /// Takes the logits [m] of image i of a call.
  using TakeChoice = FunctionRef<Index, std::span<const T>>;
  template <int J>
  using Input = typename Workspace::template Input<J>;

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

  [[nodiscard]] const CascadeRouter* cascade() const { return std::get_if<CascadeRouter>(&options_.router); }

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

  static void check(const ImageBatch<T>& images) {
    if (images.count < 0 || images.channels != Net::kChannels ||
        (images.count > 0 && (images.height < 1 || images.width < 1)))
      throw Error("Session::classify: images",
                  std::to_string(Net::kChannels) + " channels of at least 1 x 1 pixel",
                  std::to_string(images.count) + " images of " +
                      to_string(Shape{images.channels, images.height, images.width}));
  }
  static void check(const char* what, std::size_t size, Index expected) {
    if (size != static_cast<std::size_t>(expected))
      throw Error(std::string("Session::classify: ") + what, std::to_string(expected) + " elements",
                  std::to_string(size));
  }

  /// The number of image i of a call, for random functions.
  static std::uint32_t image_number(Index first, Index i) { return static_cast<std::uint32_t>(first + i); }

  /// The candidate that the predictor's logits mean for an image.
  [[nodiscard]] int choose(std::span<const T> logits, std::uint32_t image) const {
    const auto* gumbel = std::get_if<GumbelRouter>(&options_.router);
    return gumbel != nullptr ? gumbel->candidate(image, logits)
                             : std::get<PredictorRouter>(options_.router).candidate(logits);
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
      if (asks_predictor())
        predict(policy, images, workspace, [&](Index i, std::span<const T> z) {
          results[static_cast<std::size_t>(i)].candidate = choose(z, image_number(first, i));
        });
  }

  /// Asks the predictor about every image.
  void predict(const ExecutionPolicy& policy, const ImageBatch<T>& images, Workspace& workspace,
               TakeChoice receive) const requires Net::kHasPredictor {
    workspace.order.resize(static_cast<std::size_t>(images.count));
    std::iota(workspace.order.begin(), workspace.order.end(), Index{0});
    const Index chunk = chunk_of(images.count, policy), parts = ceil_div(images.count, chunk);
    const auto one = [&](const ExecutionPolicy& p, Index part, int worker) {
      const Index begin = part * chunk;
      predict_chunk(p, images, workspace, begin, std::min(chunk, images.count - begin), worker, receive);
    };
    if (parts >= policy.threads())
      policy.for_parts(parts, [&](Index part, int worker) { one(Serial{}, part, worker); });
    else
      for (Index part = 0; part < parts; ++part)
        share(policy, Net::kRoutingMacs * std::min(chunk, images.count),
              [&](const ExecutionPolicy& p) { one(p, part, 0); });
  }

  void predict_chunk(const ExecutionPolicy& policy, const ImageBatch<T>& images, Workspace& workspace,
                     Index begin, Index n, int worker, TakeChoice receive) const requires Net::kHasPredictor {
    constexpr Shape in = Net::kPredictorInput;
    using Map = FeatureMap<T, in, Predictor::input_halo(in)>;
    auto& memory = workspace.workers[static_cast<std::size_t>(worker)];
    const ScaledImages<Map> x{images, workspace.order.data() + begin, memory.predictor_scaler,
                              memory.predictor_input.data()};
    const FeatureMap<T, Shape{kCount, 1, 1}, 0> y(memory.logits.data());
    run_infer<Predictor>(Pass{policy, n, options_.chunk}, x, y, accumulator, predictor_.data(),
                         memory.arena.data());
    for (Index i = 0; i < n; ++i)
      receive(begin + i, std::span<const T>(y.row(i, 0, 0), static_cast<std::size_t>(kCount)));
  }

  /// The cascade: every image begins at the smallest candidate, all that are asked at one run together, and
  /// those whose answer is not taken go on to the next. `candidate` of a result is the one to ask meanwhile.
  void climb(const ExecutionPolicy& policy, const Call& call, Workspace& workspace) const {
    for (Classification& result : call.results) result.candidate = kCount - 1;
    for (int j = kCount - 1; j >= 0; --j) {
      const auto asked = [&](Index i) {
        return options_.compute_all || call.results[static_cast<std::size_t>(i)].candidate == j;
      };
      Index count = 0;
      for (Index i = 0; i < call.images.count; ++i) count += asked(i);
      workspace.clear(call.images.count);
      workspace.add(j, call.images.count, chunk_of(count, policy), asked);
      run(policy, call, workspace);
    }
  }

  /// Runs the chunks that the workspace has planned.
  void run(const ExecutionPolicy& policy, const Call& call, Workspace& workspace) const {
    const Index parts = static_cast<Index>(workspace.chunks.size());
    if (parts >= policy.threads())
      policy.for_parts(
          parts, [&](Index part, int worker) { classify_chunk(Serial{}, call, workspace, part, worker); });
    else
      for (Index part = 0; part < parts; ++part) {
        const auto& chunk = workspace.chunks[static_cast<std::size_t>(part)];
        share(policy, Net::kMacs[static_cast<std::size_t>(chunk.candidate)] * chunk.count,
              [&](const ExecutionPolicy& p) { classify_chunk(p, call, workspace, part, 0); });
      }
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
    for (Index i = 0; i < chunk.count; ++i)
      take(call, J, which[i], std::span<const T>(y.row(i, 0, 0), static_cast<std::size_t>(kClasses)));
  }

  /// What logits z at candidate j mean for an image of the call.
  void take(const Call& call, int j, Index image, std::span<const T> z) const {
    if (!call.results.empty()) {
      auto& result = call.results[static_cast<std::size_t>(image)];
      if (result.candidate != j) return;  // computed, but masked
      const double probability = top_probability(z);
      result.label = argmax<T>(z);
      result.probability = static_cast<float>(probability);
      result.resolution = Net::Candidates::kValues[static_cast<std::size_t>(j)];
      if (const CascadeRouter* router = cascade()) {
        const double temperature = router->temperature(j);
        if (!router->accepts(j, temperature == 1 ? probability : top_probability(z, temperature)))
          result.candidate = j - 1;  // to be asked next
      }
    }
    if (!call.logits.empty()) std::copy(z.begin(), z.end(), call.logits.begin() + image * kClasses);
  }

  Policy policy_;
  SessionOptions options_;
  Buffer<T> classifier_, predictor_;
  std::optional<Workspace> own_;
};

}  // namespace drnet::inline DRNET_ISA
