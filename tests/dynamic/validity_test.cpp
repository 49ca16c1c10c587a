// Which candidates and which parts make a dynamic network, as constant expressions.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/models/resnet.hpp>

namespace {

using namespace drnet;

static_assert(valid_candidates<224>);
static_assert(valid_candidates<224, 168, 112>);
static_assert(!valid_candidates<>);
static_assert(!valid_candidates<168, 224>);
static_assert(!valid_candidates<224, 168, 168>);
static_assert(!valid_candidates<224, 112, 168>);
static_assert(!valid_candidates<224, 0>);
static_assert(!valid_candidates<224, -1>);

/// A predictor that always has two outputs.
struct TwoWays {
  static constexpr int kInput = 16;
  template <int>
  using Outputs = Sequential<GlobalAveragePool, Linear<2>>;
};
/// A predictor whose output is not pooled.
struct Unpooled {
  static constexpr int kInput = 16;
  template <int M>
  using Outputs = Sequential<Conv2d<ConvOptions{.out = M, .kernel = 3}>>;
};
/// A predictor that cannot read its own input.
struct TooSmall {
  static constexpr int kInput = 4;
  template <int M>
  using Outputs = Sequential<Conv2d<ConvOptions{.out = M, .kernel = 7, .padding = 0}>, GlobalAveragePool>;
};
/// Reads images of 16 x 16 at least.
using Classifier =
    Sequential<Conv2d<ConvOptions{.out = 8, .kernel = 16, .padding = 0}>, GlobalAveragePool, Linear<10>>;

static_assert(valid_dynamic_network<Classifier, NoPredictor, Resolutions<32, 24, 16>>);
static_assert(!valid_dynamic_network<Classifier, NoPredictor, Resolutions<32, 24, 15>>);
static_assert(valid_dynamic_network<Classifier, TwoWays, Resolutions<32, 16>>);
static_assert(!valid_dynamic_network<Classifier, TwoWays, Resolutions<32, 24, 16>>);
static_assert(!valid_dynamic_network<Classifier, Unpooled, Resolutions<32, 16>>);
static_assert(!valid_dynamic_network<Classifier, TooSmall, Resolutions<32, 16>>);
static_assert(
    !valid_dynamic_network<Sequential<Conv2d<ConvOptions{.out = 8}>>, NoPredictor, Resolutions<24>>);
static_assert(valid_dynamic_network<models::ResNet18<1000>, models::ResolutionPredictor<128>,
                                    Resolutions<224, 168, 112>>);
static_assert(valid_dynamic_network<support::TinyClassifier, support::TinyPredictor, Resolutions<24>>);
static_assert(!valid_dynamic_network<Sequential<Conv2d<ConvOptions{.out = 8}>, Linear<10>>, NoPredictor,
                                     Resolutions<24>>);

}  // namespace

TEST_CASE("Candidates are listed largest first") {
  using Candidates = Resolutions<224, 168, 112>;
  CHECK(Candidates::kCount == 3);
  CHECK(Candidates::kValues == std::array{224, 168, 112});
  CHECK(Candidates::kLargest == 224);
  CHECK(Candidates::kSmallest == 112);
}

TEST_CASE("The costs of the published three-candidate ResNet-50 are exact") {
  using Net =
      DynamicNetwork<models::ResNet50<1000>, models::ResolutionPredictor<128>, Resolutions<224, 168, 112>>;
  CHECK(Net::kMacs == std::array<Index, 3>{4'089'184'256, 2'503'027'712, 1'077'899'264});
  CHECK(Net::kPredictorMacs == 290'194'944);
  CHECK(Net::kRoutingMacs == Net::kPredictorMacs);
  // 25.6 M and 4.9 M, and two more banks of 53,120 batch-norm parameters.
  CHECK(Net::kParameters == 25'557'032 + 2 * 53'120 + 4'907'331);
}

TEST_CASE("A network with one candidate does not pay for its predictor") {
  using Net = DynamicNetwork<support::TinyClassifier, support::TinyPredictor, Resolutions<24>>;
  CHECK(Net::kPredictorMacs > 0);
  CHECK(Net::kRoutingMacs == 0);
}

TEST_CASE("A network is small where it stands: its numbers are on the heap") {
  CHECK(sizeof(DynamicNetwork<models::ResNet101<1000>, models::ResolutionPredictor<128>,
                              Resolutions<224, 168, 112>>) < 256);
  CHECK(sizeof(support::TinyNet<>) < 256);
}
