#include <layers/convolution_case.hpp>

using drnet::ConvOptions;
using drnet::Shape;
using support::Convolution;

TEMPLATE_TEST_CASE("Convolutions with kernels other than 3 x 3 equal the reference", "[reference]", float,
                   double) {
  support::check_convolutions<
      TestType, Convolution<ConvOptions{.out = 64, .kernel = 1}, Shape{32, 14, 14}>,
      Convolution<ConvOptions{.out = 64, .kernel = 1, .stride = 2}, Shape{32, 21, 21}>,
      Convolution<ConvOptions{.out = 64, .kernel = 7, .stride = 2}, Shape{3, 56, 56}>,
      Convolution<ConvOptions{.out = 9, .kernel = 5}, Shape{7, 13, 11}>>(
      [](const nlohmann::json& attributes) {
        return attributes.at("groups") == 1 && attributes.at("kernel") != 3;
      });
}
