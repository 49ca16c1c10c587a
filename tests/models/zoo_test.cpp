// Counts of the ResNets without reference values, and a model of each family for ImageNet as the
// classifier of a dynamic network.
#include <support/catch.hpp>

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/models/efficientnet.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>
#include <drnet/models/resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>

#include <map>

using namespace drnet;

static_assert(parameter_count<models::ResNet152<1000>> == 60'192'808);
static_assert(parameter_count<models::ResNeXt50<1000>> == 25'028'904);
// Multiply-adds of torchvision's models.
static_assert(macs<models::ResNet152<1000>, 224> == 11'513'626'624);
static_assert(macs<models::ResNet152<1000>, 168> == 7'038'577'664);
static_assert(macs<models::ResNet152<1000>, 112> == 2'934'009'856);
static_assert(macs<models::ResNeXt50<1000>, 224> == 4'230'479'872);
static_assert(macs<models::ResNeXt50<1000>, 168> == 2'577'835'008);
static_assert(macs<models::ResNeXt50<1000>, 112> == 1'109'659'648);

template <class Classifier, class Predictor>
inline constexpr bool dynamic = valid_dynamic_network<Classifier, Predictor, Resolutions<224, 168, 112>>;

static_assert(dynamic<models::ResNet18<>, models::ResolutionPredictor<128>>);
static_assert(dynamic<models::ResNet152<>, models::ResolutionPredictor<128>>);
static_assert(dynamic<models::ResNeXt50<>, models::ResolutionPredictor<128>>);
static_assert(dynamic<models::MobileNetV2<>, models::MobilePredictor<64>>);
static_assert(dynamic<models::EfficientNetB0<>, models::MobilePredictor<64>>);
static_assert(dynamic<models::EfficientNetB3<>, models::MobilePredictor<64>>);

TEST_CASE("The tensors of a ResNeXt have torchvision's shapes") {
  const std::map<std::string, std::vector<int>> expected{{"layer1.0.conv1.weight", {128, 64, 1, 1}},
                                                         {"layer1.0.conv2.weight", {128, 4, 3, 3}},
                                                         {"layer4.2.conv2.weight", {1024, 32, 3, 3}},
                                                         {"layer4.2.conv3.weight", {2048, 1024, 1, 1}}};
  std::size_t found = 0;
  for (const TensorSpec& t : Network<models::ResNeXt50<1000>>::tensors())
    if (const auto shape = expected.find(t.name); shape != expected.end()) {
      CAPTURE(t.name);
      CHECK(t.shape == shape->second);
      ++found;
    }
  CHECK(found == expected.size());
}
