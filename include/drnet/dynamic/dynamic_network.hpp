// The dynamic-resolution network (docs/method.md): one classifier with a batch-norm bank per candidate (or,
// to compare with, one that all share), and a predictor that chooses the candidate of each image from a small
// copy of it.
#pragma once

#include <drnet/dynamic/resolutions.hpp>
#include <drnet/layers/network.hpp>

#include <array>
#include <cstdint>

namespace drnet::inline DRNET_ISA {

/// The batch-norm banks of a classifier: one for each candidate resolution, or, what the paper compares
/// them with, one that all candidates normalize with and update.
enum class Banks { one_per_candidate, shared };

/// Stands for the predictor of a network whose resolution is fixed (or chosen by chance).
struct NoPredictor {
  static constexpr int kInput = 0;
};

namespace detail {
/// The predictor's parameters where there is no predictor.
template <class T>
struct Nothing {
  using Scalar = T;
  explicit Nothing(std::uint64_t) {}
};

template <class Predictor, int Candidates>
struct PredictorTopology {
  using Type = typename Predictor::template Outputs<Candidates>;
};
template <int Candidates>
struct PredictorTopology<NoPredictor, Candidates> {
  using Type = NoPredictor;
};

/// Whether the predictor's topology has one logit per candidate.
template <class Predictor, int Candidates, int Channels>
inline constexpr bool predictor_matches = PredictorTopology<Predictor, Candidates>::Type::output(Shape{
                                              Channels, Predictor::kInput,
                                              Predictor::kInput}) == Shape{Candidates, 1, 1};
template <int Candidates, int Channels>
inline constexpr bool predictor_matches<NoPredictor, Candidates, Channels> = true;

/// Whether the predictor's layers fit its own input.
template <class Predictor, int Candidates, int Channels>
inline constexpr bool predictor_fits = valid<typename PredictorTopology<Predictor, Candidates>::Type,
                                             Shape{Channels, Predictor::kInput, Predictor::kInput}>;
template <int Candidates, int Channels>
inline constexpr bool predictor_fits<NoPredictor, Candidates, Channels> = true;

/// Whether the classifier gives one row of logits, of one length, at every candidate.
template <class Classifier, class Candidates, int Channels>
inline constexpr bool gives_logits = [] {
  const Shape logits{Classifier::output(Shape{Channels, Candidates::kLargest, Candidates::kLargest}).channels,
                     1, 1};
  for (const int r : Candidates::kValues)
    if (Classifier::output(Shape{Channels, r, r}) != logits) return false;
  return true;
}();
}  // namespace detail

/// Whether these parts make a dynamic network: every candidate fits the classifier, which ends in logits; the
/// predictor fits its input and has m outputs.
template <class Classifier, class Predictor, class Candidates, int Channels = 3>
inline constexpr bool valid_dynamic_network = [] {
  for (const int r : Candidates::kValues)
    if (!Classifier::fault(Shape{Channels, r, r}).ok()) return false;
  return detail::gives_logits<Classifier, Candidates, Channels> &&
         detail::predictor_fits<Predictor, Candidates::kCount, Channels> &&
         detail::predictor_matches<Predictor, Candidates::kCount, Channels>;
}();

/// Parameters on the heap: the object itself is small. T = double is for gradient checks.
template <class Classifier_, class Predictor_, class Candidates_, class T = float, int Channels = 3,
          Banks B = Banks::one_per_candidate>
class DynamicNetwork {
 public:
  using Classifier = Classifier_;
  using Predictor = Predictor_;
  using Candidates = Candidates_;
  using Scalar = T;
  static constexpr int kCount = Candidates::kCount, kChannels = Channels;
  /// Batch-norm banks of the classifier, and the one of a candidate.
  static constexpr int kBanks = B == Banks::shared ? 1 : kCount;
  static constexpr int bank(int candidate) { return B == Banks::shared ? 0 : candidate; }
  static constexpr bool kHasPredictor = !std::is_same_v<Predictor, NoPredictor>;
  using PredictorTopology = typename detail::PredictorTopology<Predictor, kCount>::Type;
  /// Shape of the classifier's input at candidate J, and of the predictor's.
  template <int J>
  static constexpr Shape kInput{Channels, Candidates::kValues[J], Candidates::kValues[J]};
  static constexpr Shape kPredictorInput{Channels, Predictor::kInput, Predictor::kInput};
  static constexpr int kClasses = Classifier::output(kInput<0>).channels;
  static_assert(detail::gives_logits<Classifier, Candidates, Channels>,
                "the classifier must end in one row of logits: put GlobalAveragePool before its last layer");
  static_assert(detail::predictor_matches<Predictor, kCount, Channels>,
                "the predictor must have one output for each candidate resolution");

  /// Exact multiply-adds of the classifier at each candidate, and of the predictor.
  static constexpr std::array<Index, kCount> kMacs = []<int... J>(std::integer_sequence<int, J...>) {
    return std::array<Index, kCount>{Classifier::macs(kInput<J>)...};
  }
  (std::make_integer_sequence<int, kCount>{});
  static constexpr Index kPredictorMacs = [] {
    if constexpr (kHasPredictor)
      return PredictorTopology::macs(kPredictorInput);
    else
      return Index{0};
  }();
  /// What the predictor costs at run time: nothing where there is nothing to choose.
  static constexpr Index kRoutingMacs = kCount > 1 ? kPredictorMacs : 0;

  using ClassifierNetwork = Network<Classifier, T, kBanks, Channels>;
  using PredictorNetwork =
      std::conditional_t<kHasPredictor, Network<PredictorTopology, T, 1, Channels>, detail::Nothing<T>>;

  explicit DynamicNetwork(std::uint64_t seed = 0) : classifier_(seed), predictor_(seed + 1) {
    unroll<kCount>([](auto j) { check_topology<Classifier, kInput<j>>(); });
    if constexpr (kHasPredictor) check_topology<PredictorTopology, kPredictorInput>();
  }

  [[nodiscard]] ClassifierNetwork& classifier() noexcept { return classifier_; }
  [[nodiscard]] const ClassifierNetwork& classifier() const noexcept { return classifier_; }
  [[nodiscard]] PredictorNetwork& predictor() requires kHasPredictor { return predictor_; }
  [[nodiscard]] const PredictorNetwork& predictor() const requires kHasPredictor { return predictor_; }
  static constexpr Index kParameters = [] {
    if constexpr (kHasPredictor)
      return ClassifierNetwork::kParameters + PredictorNetwork::kParameters;
    else
      return ClassifierNetwork::kParameters;
  }();

 private:
  ClassifierNetwork classifier_;
  [[no_unique_address]] PredictorNetwork predictor_;
};

}  // namespace drnet::inline DRNET_ISA
