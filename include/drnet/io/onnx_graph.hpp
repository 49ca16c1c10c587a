// An ONNX graph as plain data, before it becomes a file, and what is simplified in it. Feature maps are
// N x C x H x W with N free, as in PyTorch. (Operators: github.com/onnx/onnx, docs/Operators.md.)
#pragma once

#include <drnet/tensor/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace drnet::inline DRNET_ISA {

using OnnxInts = std::vector<std::int64_t>;
using OnnxAttribute = std::variant<std::int64_t, float, OnnxInts, std::string>;
/// A node's attributes by name.
using OnnxAttributes = std::vector<std::pair<std::string, OnnxAttribute>>;

/// An operator with one output, which gives the node its name.
struct OnnxNode {
  std::string op, output;
  std::vector<std::string> inputs;
  OnnxAttributes attributes;
};

/// Weights, or what an operator wants as a tensor of integers.
struct OnnxConstant {
  OnnxInts dims;
  std::variant<std::vector<float>, OnnxInts> values;
};

/// Nodes in an order in which they can be run. One input, of shape N x `input`; one output, N x `classes`.
struct OnnxGraph {
  static constexpr const char *kInput = "images", *kOutput = "logits";

  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxConstant> constants;
  std::map<std::string, Shape> shapes;  ///< of feature maps, as far as they are known
  Shape input;
  int classes = 0;
};

/// Removes what the output does not depend on.
inline void prune(OnnxGraph& graph) {
  std::set<std::string> read{OnnxGraph::kOutput}, made;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node)
    if (read.contains(node->output)) {
      read.insert(node->inputs.begin(), node->inputs.end());
      made.insert(node->output);
    }
  std::erase_if(graph.nodes, [&](const OnnxNode& node) { return !made.contains(node.output); });
  std::erase_if(graph.constants, [&](const auto& entry) { return !read.contains(entry.first); });
  std::erase_if(graph.shapes, [&](const auto& entry) { return !made.contains(entry.first); });
}

namespace onnx_detail {

/// A batch norm and the convolution before it, with the tensors of both.
struct BatchNormFold {
  using Floats = std::vector<float>;
  Floats *gamma, *beta, *mean, *var, *weights;
  Floats* bias;          ///< nullptr where the convolution has none
  std::int64_t outputs;  ///< of the convolution
  double eps;

  /// Whether the tensors are there and fit together; a graph with faults is left to ONNX's checker.
  [[nodiscard]] bool possible() const {
    for (const auto* tensor : {gamma, beta, mean, var, weights})
      if (tensor == nullptr) return false;
    const std::size_t count = gamma->size();
    return count > 0 && std::cmp_equal(count, outputs) && beta->size() == count && mean->size() == count &&
           var->size() == count && weights->size() % count == 0 && (bias == nullptr || bias->size() == count);
  }
  /// weights = k W, beta = k (b - mean) + beta.
  void run() const {
    const std::size_t count = gamma->size(), taps = weights->size() / count;
    for (std::size_t o = 0; o < count; ++o) {
      const double k = static_cast<double>((*gamma)[o]) / std::sqrt(static_cast<double>((*var)[o]) + eps);
      for (std::size_t i = o * taps; i < (o + 1) * taps; ++i)
        (*weights)[i] = static_cast<float>(k * static_cast<double>((*weights)[i]));
      const double b = bias == nullptr ? 0 : static_cast<double>((*bias)[o]);
      (*beta)[o] =
          static_cast<float>(k * (b - static_cast<double>((*mean)[o])) + static_cast<double>((*beta)[o]));
    }
  }
};

/// The epsilon of a BatchNormalization, or the default that ONNX has for it.
[[nodiscard]] inline double epsilon(const OnnxNode& norm) {
  for (const auto& [name, value] : norm.attributes)
    if (name == "epsilon" && std::holds_alternative<float>(value))
      return static_cast<double>(std::get<float>(value));
  return 1e-5;
}

}  // namespace onnx_detail

/// Folds each batch norm into the convolution before it, unless something else reads what would change. With
/// k = gamma / sqrt(var + eps), k (W * x + b - mean) + beta = (k W) * x + (k (b - mean) + beta), in double;
/// the bias takes the place of beta.
inline void fold_batch_norms(OnnxGraph& graph) {
  std::map<std::string, int> readers;
  for (const OnnxNode& node : graph.nodes)
    for (const std::string& input : node.inputs) ++readers[input];
  const auto constant = [&](const OnnxNode& node, std::size_t input) -> OnnxConstant* {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = graph.constants.find(node.inputs[input]);
    return found == graph.constants.end() ? nullptr : &found->second;
  };
  const auto floats = [&](const OnnxNode& node, std::size_t input) {
    OnnxConstant* const found = constant(node, input);
    return found == nullptr ? nullptr : std::get_if<std::vector<float>>(&found->values);
  };
  const auto own_floats = [&](const OnnxNode& node, std::size_t input) {
    return input < node.inputs.size() && readers[node.inputs[input]] == 1 ? floats(node, input) : nullptr;
  };
  const auto outputs = [&](const OnnxNode& conv) {
    const OnnxConstant* const weights = constant(conv, 1);
    return weights == nullptr || weights->dims.empty() ? 0 : weights->dims.front();
  };

  std::map<std::string, OnnxNode*> convolutions;  // by their outputs
  std::map<std::string, std::string> renamed;
  for (OnnxNode& node : graph.nodes) {
    for (std::string& input : node.inputs)
      if (const auto found = renamed.find(input); found != renamed.end()) input = found->second;
    if (node.op == "Conv") convolutions[node.output] = &node;
    if (node.op != "BatchNormalization" || node.inputs.empty() || node.output == OnnxGraph::kOutput) continue;
    const auto found = convolutions.find(node.inputs[0]);
    if (found == convolutions.end() || readers[node.inputs[0]] > 1) continue;
    OnnxNode& conv = *found->second;
    const onnx_detail::BatchNormFold fold{.gamma = floats(node, 1),
                                          .beta = own_floats(node, 2),
                                          .mean = floats(node, 3),
                                          .var = floats(node, 4),
                                          .weights = own_floats(conv, 1),
                                          .bias = floats(conv, 2),
                                          .outputs = outputs(conv),
                                          .eps = onnx_detail::epsilon(node)};
    if (!fold.possible() || (conv.inputs.size() > 2 && fold.bias == nullptr)) continue;
    fold.run();
    conv.inputs = {conv.inputs[0], conv.inputs[1], node.inputs[2]};
    renamed[node.output] = conv.output;
    readers[conv.output] = readers[node.output];
  }
  prune(graph);
}

}  // namespace drnet::inline DRNET_ISA
