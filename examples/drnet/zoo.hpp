// The networks that an entry of DRNET_PROGRAM_MODELS can name, as types.
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/efficientnet.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>
#include <drnet/models/resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>

#include <type_traits>

namespace drnet::program {

/// Whether a family of this name reads CIFAR's 32 x 32 pictures.
[[nodiscard]] consteval bool is_cifar(std::string_view name) {
  return name == "resnet20" || name == "resnet32" || name == "resnet44" || name == "resnet56";
}

/// Whether a family of this name is built of inverted residuals, and so should its predictor.
[[nodiscard]] consteval bool is_mobile(std::string_view name) {
  return name.starts_with("mobilenet") || name.starts_with("efficientnet");
}

/// The topology called Name, as a type in a value.
template <FixedString Name, int Classes>
[[nodiscard]] consteval auto topology() {
  constexpr std::string_view name = Name.view();
  if constexpr (name == "resnet20")
    return std::type_identity<models::CifarResNet20<Classes>>{};
  else if constexpr (name == "resnet32")
    return std::type_identity<models::CifarResNet32<Classes>>{};
  else if constexpr (name == "resnet44")
    return std::type_identity<models::CifarResNet44<Classes>>{};
  else if constexpr (name == "resnet56")
    return std::type_identity<models::CifarResNet56<Classes>>{};
  else if constexpr (name == "resnet18")
    return std::type_identity<models::ResNet18<Classes>>{};
  else if constexpr (name == "resnet34")
    return std::type_identity<models::ResNet34<Classes>>{};
  else if constexpr (name == "resnet50")
    return std::type_identity<models::ResNet50<Classes>>{};
  else if constexpr (name == "resnet101")
    return std::type_identity<models::ResNet101<Classes>>{};
  else if constexpr (name == "resnet152")
    return std::type_identity<models::ResNet152<Classes>>{};
  else if constexpr (name == "resnext50")
    return std::type_identity<models::ResNeXt50<Classes>>{};
  else if constexpr (name == "mobilenet_v2")
    return std::type_identity<models::MobileNetV2<Classes>>{};
  else if constexpr (name == "mobilenet_v2_075")
    return std::type_identity<
        models::MobileNetV2With<models::MobileNetV2Options{.classes = Classes, .width = 0.75}>>{};
  else if constexpr (name == "efficientnet_b0")
    return std::type_identity<models::EfficientNetB0<Classes>>{};
  else if constexpr (name == "efficientnet_b1")
    return std::type_identity<models::EfficientNetB1<Classes>>{};
  else if constexpr (name == "efficientnet_b2")
    return std::type_identity<models::EfficientNetB2<Classes>>{};
  else if constexpr (name == "efficientnet_b3")
    return std::type_identity<models::EfficientNetB3<Classes>>{};
  else
    static_assert(Name.text[0] == '\0' && Name.text[0] != '\0', "the zoo has no network of this name");
}

/// CIFAR's predictor: the classifier costs too little for the paper's.
template <int Input>
using SmallPredictor =
    models::ResolutionPredictor<Input, models::PredictorOptions{
                                           .widths = {16, 32, 64, 0}, .depth = 1, .small_stem = true}>;

/// An entry: NAME/Classes:Rs...@PredictorInput, where 0 stands for the defaults.
template <FixedString Name, int Classes, int PredictorInput, int... Rs>
struct Entry {
  static constexpr bool kCifar = is_cifar(Name.view()), kMobile = is_mobile(Name.view());
  static constexpr int kClasses = Classes > 0 ? Classes : kCifar ? 10 : 1000;
  using Candidates = Resolutions<Rs...>;
  static constexpr int kInput = PredictorInput > 0            ? PredictorInput
                                : kCifar                      ? 24
                                : kMobile                     ? 64
                                : Candidates::kLargest <= 128 ? 64
                                                              : 128;
  using Topology = typename decltype(topology<Name, kClasses>())::type;
  using Predictor =
      std::conditional_t<sizeof...(Rs) == 1, NoPredictor,
                         std::conditional_t<kCifar, SmallPredictor<kInput>,
                                            std::conditional_t<kMobile, models::MobilePredictor<kInput>,
                                                               models::ResolutionPredictor<kInput>>>>;
  using Network = DynamicNetwork<Topology, Predictor, Candidates>;
};

static_assert(macs<SmallPredictor<24>::Outputs<3>, 24> * 20 <= macs<models::CifarResNet20<>, 32>,
              "the default predictor must not cost more than 5 % of the smallest CIFAR network");

}  // namespace drnet::program
