// The files of a dynamic network: all of them, whole, or none.
#include <onnx/networks.hpp>
#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <drnet/io/read_file.hpp>

using namespace onnx_test;
using support::TempDir;
using Net = support::TinyNet<float>;

namespace {

onnx::ModelProto read(const std::filesystem::path& path) {
  onnx::ModelProto model;
  REQUIRE(model.ParseFromString(drnet::read_text(path)));
  return model;
}

std::map<std::string, std::string> metadata(const onnx::ModelProto& model) {
  std::map<std::string, std::string> entries;
  for (const auto& entry : model.metadata_props()) entries[entry.key()] = entry.value();
  return entries;
}

std::string failure(const Net& net, const std::filesystem::path& folder) {
  try {
    export_onnx(net, folder);
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("A dynamic network becomes a model for each candidate and one for the predictor") {
  const TempDir folder;
  const Net net(1);
  const auto paths = export_onnx(net, folder / "made", {.metadata = {{"model", "tiny"}}});
  CHECK(paths == std::vector<std::filesystem::path>{
                     folder / "made/classifier_24.onnx", folder / "made/classifier_16.onnx",
                     folder / "made/classifier_12.onnx", folder / "made/predictor.onnx"});
  const auto entries = [](const std::string& resolution) {
    return std::map<std::string, std::string>{{"batch_norm", "folded"},
                                              {"candidates", "24,16,12"},
                                              {"classes", "10"},
                                              {"model", "tiny"},
                                              {"resolution", resolution}};
  };
  CHECK(metadata(read(paths[1])) == entries("16"));
  CHECK(metadata(read(paths[3])) == entries("16"));
  CHECK(read(paths[2]).graph().input(0).type().tensor_type().shape().dim(3).dim_value() == 12);
  CHECK(read(paths[3]).graph().output(0).type().tensor_type().shape().dim(1).dim_value() == 3);
  CHECK(read(paths[1]).SerializeAsString() ==
        onnx_model<Net::kInput<1>>(net.classifier(), 1, {.metadata = entries("16")}).SerializeAsString());
}

TEST_CASE("A shared batch-norm bank is part of every model") {
  const TempDir folder;
  const support::TinySharedNet<float> shared(1);
  Net banked(2);
  support::copy_to_banks(shared, banked);
  export_onnx(shared, folder / "shared");
  export_onnx(banked, folder / "banked");
  // The names of a banked network's tensors may tell the bank; their values are the same.
  const auto values = [](const std::filesystem::path& path) {
    const onnx::ModelProto model = read(path);
    std::vector<std::string> list;
    for (onnx::TensorProto tensor : model.graph().initializer()) {
      tensor.clear_name();
      list.push_back(tensor.SerializeAsString());
    }
    return list;
  };
  for (const char* name : {"classifier_24.onnx", "classifier_12.onnx", "predictor.onnx"}) {
    const auto expected = values(folder / "banked" / name);
    CHECK(expected.size() > 3);
    CHECK(values(folder / "shared" / name) == expected);
  }
}

TEST_CASE("Without a predictor there is no model of one") {
  const TempDir folder;
  const DynamicNetwork<support::TinyClassifier, NoPredictor, Resolutions<16>> net(1);
  CHECK(export_onnx(net, folder.path()).size() == 1);
  CHECK(folder.entries() == 1);
}

TEST_CASE("One network becomes one file") {
  const TempDir folder;
  const Network<OwnLayer> net(1);
  export_onnx<Shape{3, 8, 10}>(net, 0, folder / "own.onnx");
  CHECK(read(folder / "own.onnx").graph().input(0).type().tensor_type().shape().dim(3).dim_value() == 10);
  CHECK(folder.entries() == 1);
}

TEST_CASE("A second export takes the place of the first") {
  const TempDir folder;
  export_onnx(Net(1), folder.path());
  const std::string first = drnet::read_text(folder / "classifier_16.onnx");
  export_onnx(Net(2), folder.path(), {.fold_batch_norm = false});
  CHECK(drnet::read_text(folder / "classifier_16.onnx") != first);
  CHECK(folder.entries() == 4);
}

TEST_CASE("An export says why it cannot write, and leaves nothing behind") {
  const TempDir folder;
  const Net net(1);
  const auto file = folder.write("file", "kept");
  CHECK_THAT(failure(net, file), support::contains("expected a folder, or a place for one"));
  CHECK_THAT(failure(net, file / "below"), support::contains("Not a directory"));
  CHECK_THAT(failure(net, "/dev/null/x"), support::contains("expected a folder"));
  CHECK(folder.entries() == 1);

  // The last of the files cannot be replaced: the others stay as they were.
  const auto old = folder / "old";
  std::filesystem::create_directories(old / "predictor.onnx");
  std::ofstream(old / "classifier_24.onnx") << "kept";
  CHECK_THAT(failure(net, old), support::contains("predictor.onnx: expected a file or a free name"));
  CHECK(drnet::read_text(old / "classifier_24.onnx") == "kept");
  CHECK_FALSE(std::filesystem::exists(old / "classifier_16.onnx"));
  CHECK(std::distance(std::filesystem::directory_iterator(old), {}) == 2);
}

TEST_CASE("A folder that was made for an export that fails goes again") {
  const TempDir folder;
  using Twice = Sequential<Named<"conv", Conv2d<ConvOptions{.out = 4}>>,
                           Named<"conv", Conv2d<ConvOptions{.out = 4}>>, GlobalAveragePool>;
  const DynamicNetwork<Twice, NoPredictor, Resolutions<8>> net(1);
  CHECK_THROWS_AS(export_onnx(net, folder / "made/below"), Error);
  CHECK(folder.entries() == 0);
}
