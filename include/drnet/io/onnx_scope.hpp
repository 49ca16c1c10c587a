// How a layer gets into an ONNX graph. A layer is shown by a function beside it, found by its type,
//
//   std::string to_onnx(const MyLayer*, drnet::OnnxScope& at, const std::string& x);
//
// which adds nodes that read x, a feature map of shape at.input(), and returns the name of the result, of
// shape MyLayer::output(at.input()). <drnet/io/onnx_layers.hpp> has those of the library's layers.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/io/onnx_graph.hpp>
#include <drnet/layers/network.hpp>

#include <concepts>
#include <span>
#include <string_view>

namespace drnet::inline DRNET_ISA {

/// Builds the graph of one network with one of its banks.
class OnnxBuilder {
 public:
  /// `network` must outlive the builder. Throws Error for a bank that it does not have, and for two tensors
  /// of one name.
  template <class Net>
  OnnxBuilder(const Net& network, int bank) : bank_(bank), banks_(Net::kBanks) {
    static_assert(std::same_as<typename Net::Scalar, float>,
                  "an ONNX graph holds floats: export a network whose scalar is float");
    if (bank < 0 || bank >= banks_)
      throw Error("ONNX graph: bank", "0 to " + std::to_string(banks_ - 1), std::to_string(bank));
    for (const TensorSpec& t : Net::tensors())
      if (!tensors_.emplace(t.name, Tensor{{t.shape.begin(), t.shape.end()}, network.values(t)}).second)
        throw Error("ONNX graph", "another name for each tensor", "two of the name '" + t.name + "'");
  }

  [[nodiscard]] int bank() const { return bank_; }
  [[nodiscard]] int banks() const { return banks_; }

  /// Adds a node and returns its name: `name`, with a number where that is taken.
  std::string node(const std::string& name, std::string op, std::vector<std::string> inputs,
                   OnnxAttributes attributes) {
    graph_.nodes.push_back({std::move(op), unused(name), std::move(inputs), std::move(attributes)});
    return graph_.nodes.back().output;
  }
  /// Adds a constant and returns its name, made like that of a node.
  std::string constant(const std::string& name, OnnxConstant value) {
    return graph_.constants.emplace(unused(name), std::move(value)).first->first;
  }
  /// Adds a tensor of the network; `dims`: another shape of the same size. Throws Error for an unknown name.
  std::string tensor(const std::string& name, const OnnxInts& dims) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw Error("ONNX graph", "a tensor of the network", "'" + name + "'");
    const auto& [shape, values] = found->second;
    return constant(name, {dims.empty() ? shape : dims, std::vector<float>(values.begin(), values.end())});
  }

  /// A feature map of one pixel as rows, N x C.
  std::string rows(const std::string& name, const std::string& x) {
    const auto found = rows_.find(x);
    return found != rows_.end() ? found->second
                                : node(joined_name(name, "Flatten"), "Flatten", {x}, {{"axis", 1}});
  }
  /// The inverse of rows(); it costs nothing where only rows are read.
  std::string pixels(const std::string& name, const std::string& x) {
    const std::string axes = constant(joined_name(name, "axes"), {{2}, OnnxInts{2, 3}});
    const std::string y = node(joined_name(name, "Unsqueeze"), "Unsqueeze", {x, axes}, {});
    rows_[y] = x;
    return y;
  }
  /// Says which shape the result of a layer has.
  void describe(const std::string& value, Shape shape) { graph_.shapes.emplace(value, shape); }

  /// The graph whose output is y, as rows of logits.
  [[nodiscard]] OnnxGraph finish(const std::string& y, Shape input, Shape output) {
    const std::string logits = rows("", y);
    for (OnnxNode& node : graph_.nodes) {
      std::replace(node.inputs.begin(), node.inputs.end(), logits, std::string(OnnxGraph::kOutput));
      if (node.output == logits) node.output = OnnxGraph::kOutput;
    }
    graph_.input = input;
    graph_.classes = output.channels;
    prune(graph_);
    return std::move(graph_);
  }

 private:
  struct Tensor {
    OnnxInts shape;
    std::span<const float> values;
  };

  std::string unused(const std::string& wanted) {
    std::string name = wanted;
    for (int number = 2; !names_.insert(name).second; ++number) name = wanted + "_" + std::to_string(number);
    return name;
  }

  int bank_, banks_;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> rows_;  ///< by the pixels made of them
  std::set<std::string> names_{OnnxGraph::kInput, OnnxGraph::kOutput};
  OnnxGraph graph_;
};

class OnnxScope;

/// A layer that has a function to_onnx().
template <class L>
concept OnnxLayer = requires(const L* layer, OnnxScope& at, const std::string& x) {
  { to_onnx(layer, at, x) } -> std::same_as<std::string>;
};

/// Where a layer stands in its network, and what it may add to the graph there.
class OnnxScope {
 public:
  OnnxScope(OnnxBuilder& graph, std::string name, Shape input)
      : graph_(graph), name_(std::move(name)), input_(input) {}

  /// Shape of what the layer reads.
  [[nodiscard]] Shape input() const { return input_; }
  /// The bank to show, and how many there are.
  [[nodiscard]] int bank() const { return graph_.bank(); }
  [[nodiscard]] int banks() const { return graph_.banks(); }

  /// The layer's tensor `field`, e.g. "weight", in its own shape or, where given, in another one: its name in
  /// the graph. Throws Error where the layer has none of this name.
  std::string tensor(std::string_view field, const OnnxInts& dims = {}) {
    return graph_.tensor(joined_name(name_, field), dims);
  }
  /// A list of integers that an operator takes as an input: its name.
  std::string constant(std::string_view field, const OnnxInts& values) {
    return graph_.constant(joined_name(name_, field), {{static_cast<std::int64_t>(values.size())}, values});
  }
  /// A number that an operator takes as an input: its name.
  std::string constant(std::string_view field, float value) {
    return graph_.constant(joined_name(name_, field), {{}, std::vector<float>{value}});
  }
  /// An operator of ONNX with one output: the name of its result.
  std::string node(const std::string& op, std::vector<std::string> inputs, OnnxAttributes attributes = {}) {
    return graph_.node(joined_name(name_, op), op, std::move(inputs), std::move(attributes));
  }
  /// A feature map of one pixel as rows, N x C, for operators that want them; and back.
  std::string rows(const std::string& x) { return graph_.rows(name_, x); }
  std::string pixels(const std::string& x) { return graph_.pixels(name_, x); }

  /// A layer inside of this one, whose name is `field` and which reads x of shape `in`: the name of its
  /// result.
  template <class L>
  std::string layer(std::string_view field, Shape in, const std::string& x) {
    static_assert(OnnxLayer<L>,
                  "a layer in an ONNX graph needs a function to_onnx(): see drnet/io/onnx_scope.hpp");
    if constexpr (OnnxLayer<L>) {
      OnnxScope inner(graph_, joined_name(name_, field), in);
      const std::string y = to_onnx(static_cast<const L*>(nullptr), inner, x);
      graph_.describe(y, L::output(in));
      return y;
    }
  }

 private:
  OnnxBuilder& graph_;
  std::string name_;
  Shape input_;
};

}  // namespace drnet::inline DRNET_ISA
