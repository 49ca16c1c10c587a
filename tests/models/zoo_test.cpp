// Counts of the models without reference values, and every model as the classifier of a dynamic network.
#include <support/catch.hpp>

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/efficientnet.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>
#include <drnet/models/resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>

using namespace drnet;

static_assert(parameter_count<models::ResNet152<1000>> == 60'192'808);
static_assert(parameter_count<models::ResNeXt50<1000>> == 25'028'904);
static_assert(macs<models::ResNeXt50<1000>, 224> == 4'230'479'872);

template <class Classifier, class Predictor>
inline constexpr bool dynamic = valid_dynamic_network<Classifier, Predictor, Resolutions<224, 168, 112>>;

static_assert(dynamic<models::ResNet18<>, models::ResolutionPredictor<128>>);
static_assert(dynamic<models::ResNet152<>, models::ResolutionPredictor<128>>);
static_assert(dynamic<models::ResNeXt50<>, models::ResolutionPredictor<128>>);
static_assert(dynamic<models::MobileNetV2<>, models::MobilePredictor<64>>);
static_assert(dynamic<models::EfficientNetB0<>, models::MobilePredictor<64>>);
static_assert(dynamic<models::EfficientNetB3<>, models::MobilePredictor<64>>);

TEST_CASE("The tensors of a ResNeXt have torchvision's shapes") {
  for (const TensorSpec& t : Network<models::ResNeXt50<1000>>::tensors()) {
    if (t.name == "layer1.0.conv1.weight") CHECK(t.shape == std::vector<int>{128, 64, 1, 1});
    if (t.name == "layer1.0.conv2.weight") CHECK(t.shape == std::vector<int>{128, 4, 3, 3});
    if (t.name == "layer4.2.conv2.weight") CHECK(t.shape == std::vector<int>{1024, 32, 3, 3});
    if (t.name == "layer4.2.conv3.weight") CHECK(t.shape == std::vector<int>{2048, 1024, 1, 1});
  }
}
