#include <layers/convolution_case.hpp>

using drnet::ConvOptions;
using drnet::Shape;
using support::Convolution;

TEMPLATE_TEST_CASE("Strided 3 x 3 convolutions equal the reference", "[reference]", float, double) {
  support::check_convolutions<
      TestType, Convolution<ConvOptions{.out = 32, .kernel = 3, .stride = 2}, Shape{16, 28, 28}>,
      Convolution<ConvOptions{.out = 48, .kernel = 3, .stride = 2}, Shape{32, 21, 21}>>(
      [](const nlohmann::json& attributes) {
        return attributes.at("groups") == 1 && attributes.at("kernel") == 3 && attributes.at("stride") != 1;
      });
}
