// Which batch norms are folded, and into what, on graphs made by hand: 1 x 1 convolutions of one channel.
#include <drnet/io/onnx_graph.hpp>
#include <support/catch.hpp>

using namespace drnet;

namespace {

/// y = 3 x, or 3 x + 5, named "conv", of "images".
OnnxGraph convolution(bool bias) {
  OnnxGraph graph;
  graph.constants["weight"] = {{1, 1, 1, 1}, std::vector<float>{3}};
  graph.constants["bias"] = {{1}, std::vector<float>{5}};
  graph.nodes.push_back({"Conv", "conv", {OnnxGraph::kInput, "weight"}, {}});
  if (bias) graph.nodes.back().inputs.push_back("bias");
  return graph;
}

/// y = 2 (x - 1) + 7 with eps = 0.25: gamma / sqrt(var + eps) = 4 / 2.
void add_norm(OnnxGraph& graph, const std::string& name, const std::string& x) {
  const std::vector<std::pair<std::string, float>> tensors{
      {name + ".gamma", 4.0F}, {name + ".beta", 7.0F}, {name + ".mean", 1.0F}, {name + ".var", 3.75F}};
  OnnxNode norm{"BatchNormalization", name, {x}, {{"epsilon", 0.25F}}};
  for (const auto& [tensor, value] : tensors) {
    graph.constants[tensor] = {{1}, std::vector<float>{value}};
    norm.inputs.push_back(tensor);
  }
  graph.nodes.push_back(norm);
}

void add(OnnxGraph& graph, const std::string& op, const std::string& name, std::vector<std::string> inputs) {
  graph.nodes.push_back({op, name, std::move(inputs), {}});
}

float value(const OnnxGraph& graph, const std::string& constant) {
  return std::get<std::vector<float>>(graph.constants.at(constant).values).at(0);
}

std::vector<std::string> operators(const OnnxGraph& graph) {
  std::vector<std::string> list;
  for (const OnnxNode& node : graph.nodes) list.push_back(node.op);
  return list;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("A batch norm is folded into a convolution with and without a bias") {
  for (const bool bias : {false, true}) {
    OnnxGraph graph = convolution(bias);
    add_norm(graph, "norm", "conv");
    add(graph, "Flatten", OnnxGraph::kOutput, {"norm"});
    fold_batch_norms(graph);
    REQUIRE(operators(graph) == List{"Conv", "Flatten"});
    CHECK(graph.nodes[0].inputs == List{OnnxGraph::kInput, "weight", "norm.beta"});
    CHECK(graph.nodes[1].inputs == List{"conv"});
    CHECK(value(graph, "weight") == 6);                         // 2 * 3
    CHECK(value(graph, "norm.beta") == (bias ? 15.0F : 5.0F));  // 2 (b - 1) + 7
    CHECK(graph.constants.size() == 2);
  }
}

TEST_CASE("Two batch norms in a row are folded one after the other") {
  OnnxGraph graph = convolution(false);
  add_norm(graph, "norm1", "conv");
  add_norm(graph, "norm2", "norm1");
  add(graph, "Flatten", OnnxGraph::kOutput, {"norm2"});
  fold_batch_norms(graph);
  REQUIRE(operators(graph) == List{"Conv", "Flatten"});
  CHECK(value(graph, "weight") == 12);
  CHECK(value(graph, "norm2.beta") == 15);  // 2 (5 - 1) + 7
}

TEST_CASE("A convolution that is read elsewhere, too, stays as it is") {
  OnnxGraph graph = convolution(false);
  add_norm(graph, "norm", "conv");
  add(graph, "Add", "sum", {"norm", "conv"});
  add(graph, "Flatten", OnnxGraph::kOutput, {"sum"});
  fold_batch_norms(graph);
  CHECK(operators(graph) == List{"Conv", "BatchNormalization", "Add", "Flatten"});
  CHECK(value(graph, "weight") == 3);
}

TEST_CASE("Weights that two convolutions share stay as they are") {
  OnnxGraph graph = convolution(false);
  add_norm(graph, "norm", "conv");
  add(graph, "Conv", "again", {"norm", "weight"});
  add(graph, "Flatten", OnnxGraph::kOutput, {"again"});
  fold_batch_norms(graph);
  CHECK(operators(graph) == List{"Conv", "BatchNormalization", "Conv", "Flatten"});
  CHECK(value(graph, "weight") == 3);
}

TEST_CASE("A batch norm whose result many read is folded once") {
  OnnxGraph graph = convolution(false);
  add_norm(graph, "norm1", "conv");
  add_norm(graph, "norm2", "norm1");
  add(graph, "Add", "sum", {"norm1", "norm2"});
  add(graph, "Flatten", OnnxGraph::kOutput, {"sum"});
  fold_batch_norms(graph);
  CHECK(operators(graph) == List{"Conv", "BatchNormalization", "Add", "Flatten"});
  CHECK(graph.nodes[1].inputs.front() == "conv");
  CHECK(graph.nodes[2].inputs == List{"conv", "norm2"});
  CHECK(value(graph, "weight") == 6);
}

TEST_CASE("Nodes with faults are left to ONNX's checker") {
  const auto stays = [](OnnxGraph graph) {
    add(graph, "Flatten", OnnxGraph::kOutput, {graph.nodes.back().output});
    fold_batch_norms(graph);
    return std::ranges::count(graph.nodes, "BatchNormalization", &OnnxNode::op) == 1;
  };
  OnnxGraph without_var = convolution(false);
  add_norm(without_var, "norm", "conv");
  without_var.nodes.back().inputs.pop_back();
  CHECK(stays(without_var));
  OnnxGraph without_inputs = convolution(false);
  add(without_inputs, "BatchNormalization", "norm", {});
  CHECK(stays(without_inputs));
  OnnxGraph without_weights = convolution(false);
  add_norm(without_weights, "norm", "conv");
  without_weights.nodes.front().inputs.pop_back();
  CHECK(stays(without_weights));
  OnnxGraph computed_bias = convolution(true);
  add_norm(computed_bias, "norm", "conv");
  computed_bias.constants.erase("bias");
  CHECK(stays(computed_bias));
  OnnxGraph other_size = convolution(false);
  add_norm(other_size, "norm", "conv");
  other_size.constants["norm.mean"] = {{2}, std::vector<float>{1, 2}};
  CHECK(stays(other_size));
  OnnxGraph more_outputs = convolution(false);
  add_norm(more_outputs, "norm", "conv");
  more_outputs.constants["weight"] = {{2, 1, 1, 1}, std::vector<float>{3, 4}};
  CHECK(stays(more_outputs));
}

TEST_CASE("What the output does not depend on is removed") {
  OnnxGraph graph = convolution(true);
  add(graph, "Relu", "unread", {"conv"});
  add(graph, "Flatten", OnnxGraph::kOutput, {"conv"});
  graph.constants["unread"] = {{1}, OnnxInts{1}};
  graph.shapes = {{"conv", Shape{1, 2, 2}}, {"unread", Shape{1, 2, 2}}};
  prune(graph);
  CHECK(operators(graph) == List{"Conv", "Flatten"});
  CHECK(graph.constants.size() == 2);
  CHECK(graph.shapes.size() == 1);
}
