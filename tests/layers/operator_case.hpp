// One layer against one case of reference/operators.json: result, every gradient, and new running statistics.
#pragma once

#include <support/catch.hpp>
#include <support/reference.hpp>

#include <drnet/layers/network.hpp>

namespace support {

/// A layer at an input shape, as a type: shapes are compile-time numbers, the cases are read at run time.
template <class L, drnet::Shape In>
struct Instance {
  using Layer = L;
  static constexpr drnet::Shape kInput = In;
};

/// Shape of one image of a case's tensor [n][channels](,[height][width]).
inline drnet::Shape image_shape(const OperatorCase& c, std::string_view tensor) {
  const auto& s = c.shape(tensor);
  const auto extent = [&](std::size_t i) { return i < s.size() ? static_cast<int>(s[i]) : 1; };
  return {extent(1), extent(2), extent(3)};
}

/// Name in the case of a layer's tensor.
inline std::string case_name(const drnet::TensorSpec& t) {
  const bool numbered = t.name.starts_with("fc");  // of squeeze and excite: fc1, fc2
  const std::string number = numbered ? t.name.substr(2, 1) : "";
  switch (t.role) {
    case drnet::Role::weight:
      return "w" + number;
    case drnet::Role::bias:
      return "b" + number;
    case drnet::Role::bn_weight:
      return "gamma";
    case drnet::Role::bn_bias:
      return "beta";
    default:
      return t.name;
  }
}

/// The reference's tolerance for operators: a share of the tensor's largest magnitude.
template <class T>
inline constexpr double kOperatorTolerance = sizeof(T) == 4 ? 1e-5 : 1e-6;

template <class T>
void check_tensor(const OperatorCase& c, const std::string& tensor, std::span<const T> actual,
                  double scale = 0) {
  const auto expected = c.values<double>(tensor);
  INFO(tensor);
  CHECK(disagreement(actual, expected, kOperatorTolerance<T>,
                     scale > 0 ? scale : largest_magnitude(expected)) == "");
}

/// Runs L forward and backward on the case's tensors. `dx_scale` replaces dx's own magnitude where positive.
template <class L, drnet::Shape In, class T>
void check_layer_case(const OperatorCase& c, drnet::Statistics statistics, double dx_scale) {
  using Net = drnet::Network<L, T, 1, In.channels>;
  REQUIRE(image_shape(c, "y") == L::output(In));
  const drnet::Index n = c.shape("x")[0];
  Net net;
  for (const auto& t : Net::tensors()) {
    const auto values = c.template values<T>(case_name(t));
    REQUIRE(values.size() == static_cast<std::size_t>(t.size));
    std::copy(values.begin(), values.end(), net.values(t).begin());
  }
  drnet::Activations<L, In, T> activations(n);
  drnet::Buffer<T> scratch(activations.scratch(n)), gradients(Net::kParameters);
  drnet::FeatureTensor<T, In> dx(n);
  const drnet::Serial serial;
  const drnet::Pass pass{serial, n, n, 0, 1, statistics};
  const auto planar = [n](auto map) {
    std::vector<T> values(static_cast<std::size_t>(n * decltype(map)::kShape.size()));
    drnet::to_planar(map, values.data(), n);
    return values;
  };
  drnet::from_planar(c.template values<T>("x").data(), activations.input(), n);
  activations.forward(pass, net, scratch.data());
  check_tensor<T>(c, "y", planar(activations.output()));
  drnet::from_planar(c.template values<T>("dy").data(), activations.output_gradient(), n);
  activations.backward(pass, net, gradients.data(), scratch.data(), dx.view());
  check_tensor<T>(c, "dx", planar(dx.view()), dx_scale);
  for (const auto& t : Net::tensors())
    if (t.trained())
      check_tensor<T>(c, std::string("d").append(case_name(t)),
                      std::as_const(gradients).span().subspan(static_cast<std::size_t>(t.offset),
                                                              static_cast<std::size_t>(t.size)));
    else
      check_tensor<T>(c, (c.has("new_" + t.name) ? "new_" : "") + t.name, std::as_const(net).values(t));
}

/// Checks a case with the instance that it asks for; fails if it asks for none of them. fits(instance)
/// compares the attributes, the input shape is compared here.
template <class T, class... Instances, class Fits>
void check_case_with(const OperatorCase& c, const Fits& fits,
                     drnet::Statistics statistics = drnet::Statistics::batch, double dx_scale = 0) {
  INFO(c.name);
  int found = 0;
  const auto attempt = [&]<class I>(I instance) {
    if (image_shape(c, "x") != I::kInput || !fits(instance)) return;
    ++found;
    check_layer_case<typename I::Layer, I::kInput, T>(c, statistics, dx_scale);
  };
  (attempt(Instances{}), ...);
  if (found != 1)
    FAIL_CHECK(found << " instances for case " << c.name << ", attributes " << c.attributes.dump());
}

}  // namespace support
