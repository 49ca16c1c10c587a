// The library's layers as ONNX operators; each is found by its type (see onnx_scope.hpp).
#pragma once

#include <drnet/io/onnx_scope.hpp>
#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/dropout.hpp>
#include <drnet/layers/hard_swish.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/residual.hpp>
#include <drnet/layers/sequential.hpp>
#include <drnet/layers/sigmoid.hpp>
#include <drnet/layers/silu.hpp>
#include <drnet/layers/squeeze_excite.hpp>
#include <drnet/layers/stochastic_depth.hpp>

namespace drnet::inline DRNET_ISA {

namespace onnx_detail {

/// The attributes of operators with a sliding window.
[[nodiscard]] inline OnnxAttributes attributes(Window w) {
  return {{"kernel_shape", OnnxInts{w.kernel, w.kernel}},
          {"pads", OnnxInts(4, w.padding)},
          {"strides", OnnxInts{w.stride, w.stride}}};
}

}  // namespace onnx_detail

// ---- containers

template <class... Children>
std::string to_onnx(const Stack<std::tuple<Children...>>*, OnnxScope& at, std::string x) {
  Stack<std::tuple<Children...>>::walk(at.input(), sizeof...(Children), [&]<class L>(int index, Shape in) {
    x = at.layer<L>(detail::field_name<L>(index), in, x);
  });
  return x;
}

template <class Branch, class Shortcut>
std::string to_onnx(const Residual<Branch, Shortcut>*, OnnxScope& at, const std::string& x) {
  const std::string branch = at.layer<Branch>("", at.input(), x);
  const bool identity = Residual<Branch, Shortcut>::identity(at.input());
  const std::string shortcut = identity ? x : at.layer<Shortcut>("downsample", at.input(), x);
  return at.node("Add", {branch, shortcut});
}

inline std::string to_onnx(const Identity*, OnnxScope&, const std::string& x) {
  return x;
}

template <SqueezeExciteOptions O, class Act, class Gate>
std::string to_onnx(const SqueezeExcite<O, Act, Gate>*, OnnxScope& at, const std::string& x) {
  return at.node("Mul", {x, at.layer<typename SqueezeExcite<O, Act, Gate>::Scale>("", at.input(), x)});
}

template <OptionAOptions O>
std::string to_onnx(const OptionA<O>*, OnnxScope& at, std::string x) {
  const std::int64_t height = at.input().height, width = at.input().width;
  if (O.stride > 1)
    x = at.node("Slice", {x, at.constant("starts", {0, 0}), at.constant("ends", {height, width}),
                          at.constant("axes", {2, 3}), at.constant("steps", {O.stride, O.stride})});
  const std::int64_t added = O.out - at.input().channels, before = added / 2;
  if (added > 0) x = at.node("Pad", {x, at.constant("pads", {0, before, 0, 0, 0, added - before, 0, 0})});
  return x;
}

// ---- layers with parameters

template <ConvOptions O>
std::string to_onnx(const Conv2d<O>*, OnnxScope& at, const std::string& x) {
  std::vector<std::string> inputs{x, at.tensor("weight")};
  if (O.bias) inputs.push_back(at.tensor("bias"));
  auto attributes = onnx_detail::attributes(Conv2d<O>::kWindow);
  attributes.emplace_back("group", std::int64_t{Conv2d<O>::groups(at.input())});
  return at.node("Conv", std::move(inputs), std::move(attributes));
}

template <BatchNormOptions O>
std::string to_onnx(const BatchNormWith<O>*, OnnxScope& at, const std::string& x) {
  const std::string bank = at.banks() == 1 ? "" : "bn_" + std::to_string(at.bank()) + ".";
  return at.node("BatchNormalization",
                 {x, at.tensor(bank + "weight"), at.tensor(bank + "bias"), at.tensor(bank + "running_mean"),
                  at.tensor(bank + "running_var")},
                 {{"epsilon", static_cast<float>(O.eps)}});
}

template <int Out, LinearOptions O>
std::string to_onnx(const Linear<Out, O>*, OnnxScope& at, const std::string& x) {
  std::vector<std::string> inputs{at.rows(x), at.tensor("weight")};
  if (O.bias) inputs.push_back(at.tensor("bias"));
  return at.pixels(at.node("Gemm", std::move(inputs), {{"transB", 1}}));
}

// ---- layers without

inline std::string to_onnx(const ReLU*, OnnxScope& at, const std::string& x) {
  return at.node("Relu", {x});
}

inline std::string to_onnx(const ReLU6*, OnnxScope& at, const std::string& x) {
  return at.node("Clip", {x, at.constant("min", 0.F), at.constant("max", 6.F)});
}

inline std::string to_onnx(const Sigmoid*, OnnxScope& at, const std::string& x) {
  return at.node("Sigmoid", {x});
}

inline std::string to_onnx(const SiLU*, OnnxScope& at, const std::string& x) {
  return at.node("Mul", {x, at.node("Sigmoid", {x})});
}

inline std::string to_onnx(const HardSwish*, OnnxScope& at, const std::string& x) {
  return at.node("HardSwish", {x});
}

template <DropOptions O>
std::string to_onnx(const Dropout<O>*, OnnxScope&, const std::string& x) {
  return x;  // as at inference
}

template <DropOptions O>
std::string to_onnx(const StochasticDepth<O>*, OnnxScope&, const std::string& x) {
  return x;
}

template <PoolOptions O>
std::string to_onnx(const MaxPool2d<O>*, OnnxScope& at, const std::string& x) {
  return at.node("MaxPool", {x}, onnx_detail::attributes(MaxPool2d<O>::kWindow));
}

inline std::string to_onnx(const GlobalAveragePool*, OnnxScope& at, const std::string& x) {
  return at.node("GlobalAveragePool", {x});
}

}  // namespace drnet::inline DRNET_ISA
