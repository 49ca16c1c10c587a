#include <layers/convolution_case.hpp>

using drnet::ConvOptions;
using drnet::Shape;
using support::Convolution;

TEMPLATE_TEST_CASE("Depthwise convolutions equal the reference", "[reference]", float, double) {
  support::check_convolutions<
      TestType, Convolution<ConvOptions{.kernel = 3, .depthwise = true}, Shape{24, 14, 14}>,
      Convolution<ConvOptions{.kernel = 3, .stride = 2, .depthwise = true}, Shape{24, 21, 21}>,
      Convolution<ConvOptions{.kernel = 5, .stride = 2, .depthwise = true}, Shape{20, 14, 14}>>(
      [](const nlohmann::json& attributes) { return attributes.at("groups") != 1; });
}
