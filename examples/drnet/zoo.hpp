// The networks that an entry of DRNET_PROGRAM_MODELS can name, as types.
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/efficientnet.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>
#include <drnet/models/resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace drnet::program {

/// Whether a family of this name reads CIFAR's 32 x 32 pictures.
[[nodiscard]] constexpr bool is_cifar(std::string_view name) {
  return name == "resnet14" || name == "resnet20" || name == "resnet32" || name == "resnet44" ||
         name == "resnet56";
}

/// Whether a family of this name is built of inverted residuals, and so should its predictor.
[[nodiscard]] constexpr bool is_mobile(std::string_view name) {
  return name.starts_with("mobilenet") || name.starts_with("efficientnet");
}

/// A name, and the topology that it means for a number of classes.
template <FixedString Name, template <int> class Classifier>
struct Family {
  static constexpr std::string_view kName = Name.view();
  static constexpr int kInput = is_cifar(kName) ? 32 : 224;  ///< usual side of its pictures
  template <int Classes>
  using Topology = Classifier<Classes>;
};

template <class... Families>
struct FamilyList {
  static constexpr std::array kNames{Families::kName...};
  template <std::size_t I>
  using At = std::tuple_element_t<I, std::tuple<Families...>>;
  static constexpr bool kValid =
      (... && valid<typename Families::template Topology<10>, Shape{3, Families::kInput, Families::kInput}>);

  /// The place of a name in the list; kNames.size() where it is not there.
  static constexpr std::size_t find(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(kNames, name) - kNames.begin());
  }
};

template <int Classes>
using MobileNetV2Narrow =
    models::MobileNetV2With<models::MobileNetV2Options{.classes = Classes, .width = 0.75}>;

using Zoo = FamilyList<
    Family<"resnet14", models::CifarResNet14>, Family<"resnet20", models::CifarResNet20>,
    Family<"resnet32", models::CifarResNet32>, Family<"resnet44", models::CifarResNet44>,
    Family<"resnet56", models::CifarResNet56>, Family<"resnet18", models::ResNet18>,
    Family<"resnet34", models::ResNet34>, Family<"resnet50", models::ResNet50>,
    Family<"resnet101", models::ResNet101>, Family<"resnet152", models::ResNet152>,
    Family<"resnext50", models::ResNeXt50>, Family<"mobilenet_v2", models::MobileNetV2>,
    Family<"mobilenet_v2_075", MobileNetV2Narrow>, Family<"efficientnet_b0", models::EfficientNetB0>,
    Family<"efficientnet_b1", models::EfficientNetB1>, Family<"efficientnet_b2", models::EfficientNetB2>,
    Family<"efficientnet_b3", models::EfficientNetB3>>;

/// CIFAR's predictor: the classifier costs too little for the paper's.
template <int Input>
using SmallPredictor =
    models::ResolutionPredictor<Input, models::PredictorOptions{
                                           .widths = {16, 32, 64, 0}, .depth = 1, .small_stem = true}>;

/// An entry: NAME/Classes:Rs...@PredictorInput+B, where 0 stands for the defaults.
template <FixedString Name, int Classes, int PredictorInput, Banks B, int... Rs>
struct Entry {
  static constexpr bool kCifar = is_cifar(Name.view()), kMobile = is_mobile(Name.view());
  static constexpr int kClasses = Classes > 0 ? Classes : kCifar ? 10 : 1000;
  using Candidates = Resolutions<Rs...>;
  static constexpr int kInput = PredictorInput > 0            ? PredictorInput
                                : kCifar                      ? 24
                                : kMobile                     ? 64
                                : Candidates::kLargest <= 128 ? 64
                                                              : 128;
  static constexpr std::size_t kFamily = Zoo::find(Name.view());
  static_assert(kFamily < Zoo::kNames.size(), "the zoo has no network of this name");
  using Topology = typename Zoo::At<kFamily>::template Topology<kClasses>;
  using Predictor =
      std::conditional_t<sizeof...(Rs) == 1, NoPredictor,
                         std::conditional_t<kCifar, SmallPredictor<kInput>,
                                            std::conditional_t<kMobile, models::MobilePredictor<kInput>,
                                                               models::ResolutionPredictor<kInput>>>>;
  using Network = DynamicNetwork<Topology, Predictor, Candidates, float, 3, B>;
};

static_assert(macs<SmallPredictor<24>::Outputs<3>, 24> * 20 <= macs<models::CifarResNet20<>, 32>,
              "the default predictor must not cost more than 5 % of the smallest CIFAR network");

}  // namespace drnet::program
