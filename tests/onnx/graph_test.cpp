// The graphs themselves: operators, names, shapes, folded and kept batch norms, and what is refused.
#include <onnx/networks.hpp>
#include <support/catch.hpp>

#include <drnet/models/cifar_resnet.hpp>

using namespace onnx_test;

namespace {

std::map<std::string, int> operators(const onnx::ModelProto& model) {
  std::map<std::string, int> count;
  for (const auto& node : model.graph().node()) ++count[node.op_type()];
  return count;
}

const onnx::TensorProto* constant(const onnx::ModelProto& model, const std::string& name) {
  for (const auto& tensor : model.graph().initializer())
    if (tensor.name() == name) return &tensor;
  return nullptr;
}

/// "N x 3 x 32 x 32".
std::string shape(const onnx::ValueInfoProto& value) {
  std::vector<std::string> extents;
  for (const auto& d : value.type().tensor_type().shape().dim())
    extents.push_back(d.has_dim_param() ? d.dim_param() : std::to_string(d.dim_value()));
  return join(extents, " x ");
}

std::map<std::string, std::string> metadata(const onnx::ModelProto& model) {
  std::map<std::string, std::string> entries;
  for (const auto& entry : model.metadata_props()) entries[entry.key()] = entry.value();
  return entries;
}

/// The operators of ResNet-20 with its batch norms folded.
const std::map<std::string, int> kFolded{
    {"Add", 9}, {"Conv", 19}, {"Flatten", 1}, {"Gemm", 1}, {"GlobalAveragePool", 1},
    {"Pad", 2}, {"Relu", 19}, {"Slice", 2}};

constexpr Shape kCifar{3, 32, 32};
using ResNet20 = Network<models::CifarResNet20<10>, float, 3>;

}  // namespace

TEST_CASE("A graph reads images of any number and gives their logits") {
  const auto model = onnx_model<kCifar>(ResNet20(1), 0);
  CHECK(model.producer_name() == "drnet");
  REQUIRE(model.graph().input_size() == 1);
  REQUIRE(model.graph().output_size() == 1);
  CHECK(model.graph().input(0).name() == "images");
  CHECK(shape(model.graph().input(0)) == "N x 3 x 32 x 32");
  CHECK(model.graph().output(0).name() == "logits");
  CHECK(shape(model.graph().output(0)) == "N x 10");
}

TEST_CASE("The shape of every value is known, and is that of the layer") {
  const auto model = onnx_model<Shape{3, 24, 20}>(ResNet20(1), 0, {.fold_batch_norm = false});
  std::map<std::string, std::string> shapes;
  for (const auto& value : model.graph().value_info()) shapes[value.name()] = shape(value);
  for (const auto& node : model.graph().node())
    if (node.output(0) != "logits") CHECK(shapes.contains(node.output(0)));
  CHECK(shapes.at("conv1.Conv") == "N x 16 x 24 x 20");
  CHECK(shapes.at("layer2.0.downsample.Pad") == "N x 32 x 12 x 10");
  CHECK(shapes.at("layer3.2.Add") == "N x 64 x 6 x 5");
}

TEST_CASE("Kept batch norms stay as they are, under their state-dict names and with their own bank") {
  ResNet20 net(1);
  vary(net, 1);
  const auto model = onnx_model<kCifar>(net, 2, {.fold_batch_norm = false});
  auto kept = kFolded;
  kept["BatchNormalization"] = 19;
  CHECK(operators(model) == kept);
  CHECK(metadata(model) == std::map<std::string, std::string>{{"batch_norm", "kept"}});
  std::size_t found = 0;
  for (const TensorSpec& t : ResNet20::tensors()) {
    CAPTURE(t.name);
    const auto* tensor = constant(model, t.name);
    CHECK((tensor != nullptr) == (t.bank == -1 || t.bank == 2));
    if (tensor == nullptr) continue;
    ++found;
    CHECK(std::equal(t.shape.begin(), t.shape.end(), tensor->dims().begin(), tensor->dims().end()));
    const auto values = net.values(t);
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    CHECK(tensor->raw_data() == bytes);
  }
  CHECK(found == 19 + 2 + 4 * 19);
}

TEST_CASE("Folded batch norms leave a convolution with a bias") {
  ResNet20 net(1);
  vary(net, 1);
  const auto model = onnx_model<kCifar>(net, 1);
  CHECK(operators(model) == kFolded);
  CHECK(metadata(model) == std::map<std::string, std::string>{{"batch_norm", "folded"}});
  CHECK(constant(model, "bn1.bn_1.weight") == nullptr);
  CHECK(constant(model, "bn1.bn_0.bias") == nullptr);
  const auto value = [&](const std::string& name, std::size_t at) {
    for (const TensorSpec& t : ResNet20::tensors())
      if (t.name == name) return static_cast<double>(net.values(t)[at]);
    throw std::out_of_range(name);
  };
  const auto folded = [&](const std::string& name, std::size_t at) {
    float result = 0;
    std::memcpy(&result, constant(model, name)->raw_data().data() + at * sizeof(float), sizeof(float));
    return static_cast<double>(result);
  };
  const double k = value("bn1.bn_1.weight", 3) / std::sqrt(value("bn1.bn_1.running_var", 3) + 1e-5);
  CHECK(folded("conv1.weight", 3 * 27 + 5) == Approx(k * value("conv1.weight", 3 * 27 + 5)).epsilon(1e-6));
  CHECK(folded("bn1.bn_1.bias", 3) ==
        Approx(value("bn1.bn_1.bias", 3) - k * value("bn1.bn_1.running_mean", 3)).epsilon(1e-5));
}

TEST_CASE("Only batch norms that alone read a convolution are folded") {
  const Network<PreActivation> net(1);
  const auto model = onnx_model<Shape{3, 12, 12}>(net, 0);
  std::vector<std::string> kept;
  for (const auto& node : model.graph().node())
    if (node.op_type() == "BatchNormalization") kept.push_back(node.name());
  CHECK(kept == std::vector<std::string>{"block1.bn1.BatchNormalization", "bn3.BatchNormalization",
                                         "bn4.BatchNormalization"});
}

TEST_CASE("A batch norm without banks has PyTorch's names") {
  const auto model = onnx_model<Shape{3, 20, 14}>(Network<Convolutions>(1), 0, {.fold_batch_norm = false});
  for (const char* name : {"bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "stem.bias"})
    CHECK(constant(model, name) != nullptr);
}

TEST_CASE("Nodes have names of their own, even where layers have none") {
  using Nameless = Sequential<Named<"", Sequential<ReLU, Conv2d<ConvOptions{.out = 4}>, ReLU>>,
                              Named<"", Sequential<ReLU, GlobalAveragePool>>>;
  const auto model = onnx_model<Shape{3, 4, 4}>(Network<Nameless>(1), 0);
  std::vector<std::string> names;
  for (const auto& node : model.graph().node()) names.push_back(node.name());
  CHECK(names ==
        std::vector<std::string>{"0.Relu", "1.Conv", "2.Relu", "0.Relu_2", "1.GlobalAveragePool", "logits"});
}

TEST_CASE("A user's layer is part of a graph through its own to_onnx()") {
  const auto model = onnx_model<Shape{3, 8, 8}>(Network<OwnLayer>(1), 0);
  CHECK(operators(model) == std::map<std::string, int>{{"Add", 1},
                                                       {"Conv", 1},
                                                       {"Flatten", 1},
                                                       {"Gemm", 1},
                                                       {"GlobalAveragePool", 1},
                                                       {"Mul", 1},
                                                       {"Relu", 1}});
  REQUIRE(constant(model, "affine.weight") != nullptr);
  CHECK(constant(model, "affine.weight")->dims_size() == 3);
}

TEST_CASE("Metadata are kept in the model") {
  const auto model = onnx_model<Shape{3, 8, 8}>(Network<OwnLayer>(1), 0, {.metadata = {{"model", "own"}}});
  CHECK(metadata(model) == std::map<std::string, std::string>{{"batch_norm", "folded"}, {"model", "own"}});
}

TEST_CASE("The same network gives the same bytes") {
  const auto bytes = [] { return onnx_model<kCifar>(ResNet20(7), 1).SerializeAsString(); };
  CHECK(bytes() == bytes());
}

// ---- what is refused

namespace {

std::string refusal(const std::function<void()>& call) {
  try {
    call();
    return "no error";
  } catch (const Error& e) {
    return e.what();
  }
}

/// A layer whose function uses something that is not there.
template <int Fault>
struct Wrong : Identity {
  static bool identity(Shape) { return false; }
};
template <int Fault>
std::string to_onnx(const Wrong<Fault>*, OnnxScope& at, const std::string& x) {
  if constexpr (Fault == 0)
    return at.node("Relu", {x, at.tensor("gamma")});
  else if constexpr (Fault == 1)
    return at.node("Rectify", {x});
  else if constexpr (Fault == 2)
    return at.node("Relu", {"nothing"});
  else
    return at.node("GlobalAveragePool", {x});
}
template <int Fault>
std::string wrong() {
  using Topology = Sequential<Named<"own", Wrong<Fault>>, GlobalAveragePool>;
  return refusal([] { static_cast<void>(onnx_model<Shape{3, 4, 4}>(Network<Topology>(1), 0)); });
}

}  // namespace

TEST_CASE("A bank that a network does not have is refused") {
  const ResNet20 net(1);
  for (const int bank : {-1, 3})
    CHECK_THAT(refusal([&] { static_cast<void>(onnx_model<kCifar>(net, bank)); }),
               support::contains("expected 0 to 2, got " + std::to_string(bank)));
}

TEST_CASE("Two tensors of one name are refused") {
  using Twice = Sequential<Named<"conv", Conv2d<ConvOptions{.out = 4}>>,
                           Named<"conv", Conv2d<ConvOptions{.out = 4}>>, GlobalAveragePool>;
  CHECK_THAT(refusal([] {
               static_cast<void>(onnx_model<Shape{3, 4, 4}>(Network<Twice>(1), 0));
             }),
             support::contains("'conv.weight'"));
}

TEST_CASE("ONNX's checker finds what a user's layer did wrong") {
  CHECK_THAT(wrong<0>(), support::contains("'own.gamma'"));
  CHECK_THAT(wrong<1>(), support::contains("Rectify"));
  CHECK_THAT(wrong<2>(), support::contains("nothing"));
  CHECK_THAT(wrong<3>(), support::contains("own.GlobalAveragePool"));
  for (const std::string& message : {wrong<1>(), wrong<3>()}) CHECK(message.find('\n') == std::string::npos);
}
