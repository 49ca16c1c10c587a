#include <layers/convolution_case.hpp>

using drnet::ConvOptions;
using drnet::Shape;
using support::Convolution;

TEMPLATE_TEST_CASE("3 x 3 convolutions equal the reference", "[reference]", float, double) {
  support::check_convolutions<TestType, Convolution<ConvOptions{.out = 16, .kernel = 3}, Shape{3, 32, 32}>,
                              Convolution<ConvOptions{.out = 11, .kernel = 3, .bias = true}, Shape{5, 9, 7}>,
                              Convolution<ConvOptions{.out = 6, .kernel = 3, .padding = 0}, Shape{4, 8, 8}>,
                              Convolution<ConvOptions{.out = 8, .kernel = 3}, Shape{8, 1, 1}>>(
      [](const nlohmann::json& attributes) {
        return attributes.at("groups") == 1 && attributes.at("kernel") == 3 && attributes.at("stride") == 1;
      });
}
