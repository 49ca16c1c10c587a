// A predictor that begins with the classifier's layers. Which they are is known here from the topologies;
// every tensor of the predictor is looked at: it holds the classifier's values, or still those of its own
// seed.
#include <support/catch.hpp>

#include <drnet/dynamic/inherit.hpp>
#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/efficientnet.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>
#include <drnet/models/resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>

#include <algorithm>
#include <string>

namespace {

using namespace drnet;

/// Every value of the classifier and its statistics is a number of its own.
template <class Net>
void number_values(Net& net) {
  float number = 1000;
  for (auto* values : {&net.classifier().parameters(), &net.classifier().statistics()})
    for (float& v : values->span()) v = number++;
}

template <class Network>
std::span<const float> values_of(const Network& network, const std::string& name) {
  for (const TensorSpec& t : Network::tensors())
    if (t.name == name) return network.values(t);
  return {};
}

/// Counts the predictor's convolutions that hold the classifier's values, and checks that a batch norm
/// follows its convolution and that all else is as `untouched` has it. `bank`: e.g. "bn_2.", where there are
/// several.
template <class Net>
Index check_inherited(const Net& net, const Net& untouched, const std::string& bank) {
  Index convolutions = 0;
  bool inherited = false;
  for (const TensorSpec& t : Net::PredictorNetwork::tensors()) {
    INFO(t.name);
    const auto got = net.predictor().values(t);
    auto name = t.name;
    const bool norm = t.role != Role::weight && !t.name.ends_with("fc.bias") && t.name != "classifier.bias";
    if (norm) name.insert(name.rfind('.') + 1, bank);
    const auto from = values_of(net.classifier(), name);
    const bool copied = std::ranges::equal(got, from);
    if (t.role == Role::weight) convolutions += inherited = copied;
    if (norm) CHECK(copied == inherited);
    if (!copied) CHECK(std::ranges::equal(got, untouched.predictor().values(t)));
  }
  return convolutions;
}

template <class Net>
Index inherited_by(const std::string& bank) {
  Net net(3);
  number_values(net);
  Net untouched(3);
  const auto classifier = net.classifier().parameters();
  const Index convolutions = inherit_layers(net);
  CHECK(std::ranges::equal(net.classifier().parameters().span(), classifier.span()));
  CHECK(check_inherited(net, untouched, bank) == convolutions);
  return convolutions;
}

}  // namespace

TEST_CASE("A predictor for MobileNetV2 begins with the first block of every stage") {
  using Mobile = models::MobileNetV2<7>;
  // A stem, a block of two convolutions and five of three.
  CHECK(inherited_by<DynamicNetwork<Mobile, models::MobilePredictor<>, Resolutions<96, 64, 32>>>("bn_2.") ==
        18);
  CHECK(inherited_by<
            DynamicNetwork<Mobile, models::MobilePredictor<>, Resolutions<96, 64>, float, 3, Banks::shared>>(
            "") == 18);
}

TEST_CASE("A predictor for ResNets begins with the first block of every stage") {
  // conv1, two convolutions of four blocks, three projections. As many classes as candidates: the last layers
  // look alike, and the predictor's keeps its values all the same.
  CHECK(
      inherited_by<DynamicNetwork<models::ResNet18<2>, models::ResolutionPredictor<64>, Resolutions<96, 64>>>(
          "bn_1.") == 12);
  // conv1 and two convolutions of three blocks: shortcuts of the CIFAR networks have no projection.
  using Small = models::ResolutionPredictor<24, models::PredictorOptions{.widths = {16, 32, 64, 0},
                                                                         .small_stem = true}>;
  CHECK(inherited_by<DynamicNetwork<models::CifarResNet20<>, Small, Resolutions<32, 24, 16>>>("bn_2.") == 7);
}

TEST_CASE("What does not fit keeps its values") {
  CHECK(
      inherited_by<DynamicNetwork<models::EfficientNetB0<7>, models::MobilePredictor<>, Resolutions<96, 64>>>(
          "bn_1.") == 1);
}
