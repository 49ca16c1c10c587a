// Networks as ONNX models (component drnet::onnx). Each candidate is a model of its own, with its batch-norm
// bank, and so is the predictor:
//
//   images   N x channels x R x R floats, normalized as in training
//   logits   N x classes; of the predictor: N x candidates
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/onnx_layers.hpp>

#include <onnx/onnx_pb.h>

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <bit>
#include <exception>
#include <filesystem>
#include <system_error>

namespace drnet::inline DRNET_ISA {

/// Named options of an export.
struct OnnxOptions {
  bool fold_batch_norm = true;                    ///< into the weights of the convolutions before
  std::map<std::string, std::string> metadata{};  ///< to be kept in the model
};

/// The versions written: operators and file format of ONNX 1.9 (2021).
inline constexpr int kOnnxOpset = 14, kOnnxIrVersion = 7;

namespace onnx_detail {

static_assert(std::endian::native == std::endian::little, "ONNX keeps tensors in little-endian order");

inline void set_attribute(onnx::AttributeProto& to, const std::string& name, const OnnxAttribute& value) {
  to.set_name(name);
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(*i);
  } else if (const auto* f = std::get_if<float>(&value)) {
    to.set_type(onnx::AttributeProto::FLOAT);
    to.set_f(*f);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    to.set_type(onnx::AttributeProto::STRING);
    to.set_s(*text);
  } else {
    to.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t each : std::get<OnnxInts>(value)) to.add_ints(each);
  }
}

inline void set_constant(onnx::TensorProto& to, const std::string& name, const OnnxConstant& constant) {
  to.set_name(name);
  for (const std::int64_t extent : constant.dims) to.add_dims(extent);
  const auto set = [&](const auto& values, auto type) {
    to.set_data_type(type);
    to.set_raw_data(values.data(), values.size() * sizeof(values[0]));
  };
  if (const auto* floats = std::get_if<std::vector<float>>(&constant.values))
    set(*floats, onnx::TensorProto::FLOAT);
  else
    set(std::get<OnnxInts>(constant.values), onnx::TensorProto::INT64);
}

/// A tensor of floats for N images.
inline void set_value(onnx::ValueInfoProto& to, const std::string& name, const OnnxInts& extents) {
  to.set_name(name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t extent : extents) type.mutable_shape()->add_dim()->set_dim_value(extent);
}

inline void set_graph(onnx::GraphProto& to, const OnnxGraph& graph) {
  to.set_name("drnet");
  set_value(*to.add_input(), OnnxGraph::kInput,
            {graph.input.channels, graph.input.height, graph.input.width});
  set_value(*to.add_output(), OnnxGraph::kOutput, {graph.classes});
  for (const auto& [name, constant] : graph.constants) set_constant(*to.add_initializer(), name, constant);
  for (const auto& [name, shape] : graph.shapes)
    set_value(*to.add_value_info(), name, {shape.channels, shape.height, shape.width});
  for (const OnnxNode& node : graph.nodes) {
    onnx::NodeProto& added = *to.add_node();
    added.set_name(node.output);
    added.set_op_type(node.op);
    for (const std::string& input : node.inputs) added.add_input(input);
    added.add_output(node.output);
    for (const auto& [name, value] : node.attributes) set_attribute(*added.add_attribute(), name, value);
  }
}

/// What ONNX's own checker and shape inference say; they throw exceptions of many types. Adds the shapes that
/// were missing.
inline void check(onnx::ModelProto& model) {
  try {
    onnx::checker::check_model(model);
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       {/*check_type=*/true, /*strict=*/1});
  } catch (const std::exception& e) {
    std::string message = e.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    throw Error("ONNX graph", "one that ONNX's checker accepts", message);
  }
}

}  // namespace onnx_detail

/// A network for images of shape `In`, with one of its banks, as ONNX's own message; checked by ONNX. Throws
/// Error for a bank that it does not have, and where a to_onnx() made something that is no ONNX.
template <Shape In, class Net>
[[nodiscard]] onnx::ModelProto onnx_model(const Net& network, int bank, const OnnxOptions& options = {}) {
  using Topology = typename Net::Topology;
  check_topology<Topology, In>();
  static_assert(Topology::output(In).pixels() == 1, "an exported network must end in one row of logits");
  OnnxBuilder builder(network, bank);
  const std::string y = OnnxScope(builder, "", In).layer<Topology>("", In, OnnxGraph::kInput);
  OnnxGraph graph = builder.finish(y, In, Topology::output(In));
  if (options.fold_batch_norm) fold_batch_norms(graph);

  onnx::ModelProto model;
  model.set_ir_version(kOnnxIrVersion);
  model.set_producer_name("drnet");
  model.add_opset_import()->set_version(kOnnxOpset);
  auto metadata = options.metadata;
  metadata["batch_norm"] = options.fold_batch_norm ? "folded" : "kept";
  for (const auto& [key, value] : metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  onnx_detail::set_graph(*model.mutable_graph(), graph);
  onnx_detail::check(model);
  return model;
}

namespace onnx_detail {

/// onnx_model() as a file; `network` must live until it is written.
template <Shape In, class Net>
FileToWrite model_file(std::filesystem::path path, const Net& network, int bank, OnnxOptions options) {
  return {std::move(path), [&network, bank, options = std::move(options)](std::ostream& to) {
            const onnx::ModelProto model = onnx_model<In>(network, bank, options);
            if (!model.SerializeToOstream(&to) && to)  // the stream is not to blame: protobuf has a limit
              throw Error("ONNX graph", "less than 2 GiB", std::to_string(model.ByteSizeLong()) + " bytes");
          }};
}

/// A folder that was made, with those above it, if it was not there; what was made goes again unless it is
/// kept or something lies in it.
class OutputFolder {
 public:
  explicit OutputFolder(const std::filesystem::path& path) {
    std::error_code error;
    for (std::filesystem::path at = path; !at.empty() && !std::filesystem::exists(at, error);
         at = at.parent_path())
      made_.push_back(at);
    std::filesystem::create_directories(path, error);
    if (std::error_code none; !std::filesystem::is_directory(path, none))
      throw Error(path.string(), "a folder, or a place for one", error ? error.message() : "a file");
  }
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder() {
    std::error_code ignored;
    for (const auto& folder : made_) std::filesystem::remove(folder, ignored);
  }
  void keep() { made_.clear(); }

 private:
  std::vector<std::filesystem::path> made_;  ///< innermost first
};

}  // namespace onnx_detail

/// Writes onnx_model() into a file, which is there whole or not at all.
template <Shape In, class Net>
void export_onnx(const Net& network, int bank, const std::filesystem::path& file,
                 const OnnxOptions& options = {}) {
  write_atomically(file, onnx_detail::model_file<In>(file, network, bank, options).write);
}

/// Writes the classifier at each candidate and the predictor, if any: classifier_<resolution>.onnx and
/// predictor.onnx in `folder`, which is made where it is missing. All files are complete before the first
/// takes its name. The models tell, as metadata, the candidates ("224,168,112"), their own resolution and the
/// number of classes. Returns the paths.
template <class Classifier, class Predictor, class Candidates, class T, int Channels, Banks B>
std::vector<std::filesystem::path> export_onnx(
    const DynamicNetwork<Classifier, Predictor, Candidates, T, Channels, B>& net,
    const std::filesystem::path& folder, const OnnxOptions& options = {}) {
  using Net = DynamicNetwork<Classifier, Predictor, Candidates, T, Channels, B>;
  const auto options_at = [&](int resolution) {
    OnnxOptions at = options;
    at.metadata["candidates"] = join(Candidates::kValues, ",");
    at.metadata["classes"] = std::to_string(Net::kClasses);
    at.metadata["resolution"] = std::to_string(resolution);
    return at;
  };
  std::vector<FileToWrite> files;
  unroll<Net::kCount>([&](auto j) {
    constexpr int kResolution = Candidates::kValues[j];
    files.push_back(onnx_detail::model_file<Net::template kInput<j>>(
        folder / ("classifier_" + std::to_string(kResolution) + ".onnx"), net.classifier(), Net::bank(j),
        options_at(kResolution)));
  });
  if constexpr (Net::kHasPredictor)
    files.push_back(onnx_detail::model_file<Net::kPredictorInput>(folder / "predictor.onnx", net.predictor(),
                                                                  0, options_at(Predictor::kInput)));
  onnx_detail::OutputFolder output(folder);
  write_atomically(files);
  output.keep();
  std::vector<std::filesystem::path> paths;
  for (const FileToWrite& file : files) paths.push_back(file.path);
  return paths;
}

}  // namespace drnet::inline DRNET_ISA
