#include <layers/layer_gradients.hpp>

#include <drnet/layers/conv2d.hpp>

using namespace drnet;
using support::check_layer;

TEST_CASE("Gradients of dense convolutions", "[gradient]") {
  check_layer<Conv2d<ConvOptions{.out = 9, .kernel = 1}>, Shape{5, 4, 6}>();
  check_layer<Conv2d<ConvOptions{.out = 10, .kernel = 1, .stride = 2, .bias = true}>, Shape{9, 5, 7}>();
  check_layer<Conv2d<ConvOptions{.out = 11, .kernel = 3, .bias = true}>, Shape{5, 5, 7}>();
  check_layer<Conv2d<ConvOptions{.out = 6, .kernel = 3, .stride = 2}>, Shape{3, 7, 8}>();
  check_layer<Conv2d<ConvOptions{.out = 8, .kernel = 5, .stride = 2}>, Shape{4, 9, 8}>();
}

TEST_CASE("Gradients of convolutions with unusual windows", "[gradient]") {
  check_layer<Conv2d<ConvOptions{.out = 6, .kernel = 3, .padding = 0, .bias = true}>, Shape{4, 5, 6}>();
  check_layer<Conv2d<ConvOptions{.out = 4, .kernel = 3, .stride = 3, .padding = 0}>, Shape{5, 8, 9}>();
  check_layer<Conv2d<ConvOptions{.out = 4, .kernel = 3, .stride = 3, .padding = 2}>, Shape{3, 6, 7}>();
  check_layer<Conv2d<ConvOptions{.out = 5, .kernel = 2, .stride = 3, .padding = 0}>, Shape{3, 9, 8}>();
  check_layer<Conv2d<ConvOptions{.out = 8, .kernel = 3}>, Shape{8, 1, 1}>({.batch = 1});
}

TEST_CASE("Gradients of depthwise convolutions", "[gradient]") {
  check_layer<Conv2d<ConvOptions{.kernel = 3, .depthwise = true}>, Shape{9, 5, 6}>();
  check_layer<Conv2d<ConvOptions{.out = 10, .kernel = 3, .stride = 2, .bias = true, .depthwise = true}>,
              Shape{10, 7, 5}>();
  check_layer<Conv2d<ConvOptions{.kernel = 5, .stride = 2, .depthwise = true}>, Shape{4, 8, 7}>();
  check_layer<Conv2d<ConvOptions{.kernel = 3, .stride = 3, .padding = 0, .depthwise = true}>,
              Shape{3, 8, 9}>();
}
