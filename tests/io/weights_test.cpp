// Weights of networks in files: names, banks, and one case for every way in which a file does not fit.
#include <support/catch.hpp>
#include <support/temp_dir.hpp>
#include <support/tiny_network.hpp>

#include <drnet/io/checkpoint.hpp>

#include <algorithm>
#include <functional>

namespace {

using namespace drnet;
using Net = support::TinyNet<float>;
using support::Snapshot;
using NoChoice = DynamicNetwork<support::TinyClassifier, NoPredictor, Resolutions<24>>;

/// A file's tensors as owned values, to change before they are written again.
struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using Tensors = std::vector<Tensor>;

Tensors tensors_of(const std::filesystem::path& path) {
  const SafeTensors file = SafeTensors::read(path);
  Tensors tensors;
  for (const std::string& name : file.names())
    tensors.push_back({name, file.info(name).shape, file.values<float>(name)});
  return tensors;
}
void write(const std::filesystem::path& path, const Tensors& tensors) {
  std::vector<NamedTensor> views;
  for (const Tensor& t : tensors)
    views.push_back(named_tensor(t.name, t.shape, std::span<const float>(t.values)));
  write_safetensors(path, views);
}
Tensor& find(Tensors& tensors, const std::string& name) {
  const auto at =
      std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == name; });
  REQUIRE(at != tensors.end());
  return *at;
}
void remove(Tensors& tensors, const std::string& part) {
  std::erase_if(tensors, [&](const Tensor& t) { return t.name.find(part) != std::string::npos; });
}

/// Loading throws an Error with these words that names the file, and leaves the network as it was.
template <class Network>
void check_refused(Network& net, const std::filesystem::path& path, const std::string& words,
                   LoadOptions options = {}) {
  CAPTURE(words);
  const Snapshot<float> before(net);
  std::string message = "no error";
  try {
    load(net, path, options);
  } catch (const Error& e) {
    message = e.what();
    CHECK(e.place().find(path.string()) == 0);
  }
  CHECK_THAT(message, support::contains(words));
  CHECK(Snapshot<float>(net) == before);
}

/// A saved network whose tensors were changed is refused with these words.
void check_change_refused(const std::function<void(Tensors&)>& change, const std::string& words) {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  save(Net(1), path);
  Tensors tensors = tensors_of(path);
  change(tensors);
  write(path, tensors);
  Net net(2);
  check_refused(net, path, words);
}

}  // namespace

TEST_CASE("What was saved is loaded, to the bit") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  Net from(1);
  from.classifier().statistics()[3] = 0.25F;
  from.predictor().statistics()[1] = -7;
  save(from, path, {{"model", "tiny"}});
  CHECK(SafeTensors::read(path).metadata().at("model") == "tiny");
  Net to(2);
  CHECK_FALSE(Snapshot<float>(to) == Snapshot<float>(from));
  load(to, path);
  CHECK(Snapshot<float>(to) == Snapshot<float>(from));
  CHECK(folder.entries() == 1);
}

TEST_CASE("The tensors of a file carry bank and predictor in their names") {
  const support::TempDir folder;
  save(Net(1), folder / "net.safetensors");
  const SafeTensors file = SafeTensors::read(folder / "net.safetensors");
  for (const char* name :
       {"conv1.weight", "bn1.bn_0.weight", "bn1.bn_2.running_var", "layer1.downsample.1.bn_1.bias", "fc.bias",
        "predictor.conv1.weight", "predictor.bn1.running_mean", "predictor.fc.weight"})
    CHECK(file.contains(name));
  CHECK(file.info("predictor.fc.weight").shape == std::vector<std::int64_t>{3, 8});
}

TEST_CASE("A file with one set of batch norms fills every bank") {
  const support::TempDir folder;
  const auto path = folder / "one.safetensors";
  NoChoice from(1);
  for (float& v : from.classifier().statistics().span()) v += 0.5F;
  save(from, path);
  REQUIRE(SafeTensors::read(path).contains("bn1.weight"));

  Net net(2);
  const Net before(2);
  load(net, path, {.predictor = false});
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    const std::string name = weights_detail::unbanked(t.name);
    const auto& specs = NoChoice::ClassifierNetwork::tensors();
    const auto source =
        std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& s) { return s.name == name; });
    REQUIRE(source != specs.end());
    CHECK(support::same_bits(net.classifier().values(t), from.classifier().values(*source)));
  }
  CHECK(support::same_bits(net.predictor().parameters().span(), before.predictor().parameters().span()));
  check_refused(net, path, "predictor.conv1.weight");  // by default the predictor must be there
}

TEST_CASE("Banks do not fit into a network without them") {
  const support::TempDir folder;
  const auto path = folder / "three.safetensors";
  save(Net(1), path);
  NoChoice net(2);
  check_refused(net, path, "bn1.weight");
}

TEST_CASE("A tensor of another shape is refused with both shapes") {
  check_change_refused(
      [](Tensors& t) {
        find(t, "fc.weight").shape = {12, 10};
      },
      "expected the tensors of this network, got 1 misshapen: 'fc.weight' of shape [12, 10] instead of [10, "
      "12]");
  check_change_refused(
      [](Tensors& t) {
        find(t, "conv1.weight").shape = {8, 27};
      },
      "instead of [8, 3, 3, 3]");
  check_change_refused(
      [](Tensors& t) {
        find(t, "predictor.fc.bias").shape = {2};
        find(t, "predictor.fc.bias").values.resize(2);
      },
      "'predictor.fc.bias' of shape [2] instead of [3]");
}

TEST_CASE("A missing tensor is named") {
  check_change_refused([](Tensors& t) { remove(t, "layer1.conv2.weight"); }, "layer1.conv2.weight");
  check_change_refused([](Tensors& t) { remove(t, "bn1.bn_1.running_var"); }, "bn1.");
  check_change_refused([](Tensors& t) { remove(t, "predictor.fc.bias"); }, "predictor.fc.bias");
  check_change_refused([](Tensors& t) { t.clear(); }, "conv1.weight");
}

TEST_CASE("A tensor that the network does not have is named") {
  check_change_refused(
      [](Tensors& t) {
        t.push_back({"layer9.weight", {1}, {1}});
      },
      "got 1 extra: 'layer9.weight'");
  check_change_refused(
      [](Tensors& t) {
        t.push_back({"predictor.layer9.weight", {1}, {1}});
      },
      "got 1 extra: 'predictor.layer9.weight'");
  check_change_refused(
      [](Tensors& t) {
        t.push_back({"bn1.bn_3.weight", {8}, std::vector<float>(8)});
      },
      "bn1.bn_3.weight");
}

TEST_CASE("All that does not fit is listed at once") {
  check_change_refused(
      [](Tensors& t) {
        remove(t, "fc.bias");
        find(t, "conv1.weight").shape = {8, 27};
        t.push_back({"layer9.weight", {1}, {1}});
        t.push_back({"layer9.bias", {1}, {1}});
      },
      "got 2 missing: 'fc.bias', 'predictor.fc.bias'; 2 extra: 'layer9.weight', 'layer9.bias'; 1 misshapen: "
      "'conv1.weight' of shape [8, 27] instead of [8, 3, 3, 3]");
}

TEST_CASE("A head for other classes keeps its values where that is asked for") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  save(Net(1), path);
  Tensors tensors = tensors_of(path);
  const auto other_classes = [&](const std::string& layer) {
    find(tensors, layer + ".weight").shape[0] = 7;
    find(tensors, layer + ".weight")
        .values.resize(static_cast<std::size_t>(7 * find(tensors, layer + ".weight").shape[1]));
    find(tensors, layer + ".bias").shape = {7};
    find(tensors, layer + ".bias").values.resize(7);
  };
  other_classes("fc");
  write(path, tensors);
  Net net(2);
  const Net before(2), from(1);
  check_refused(net, path, "2 misshapen: 'fc.weight' of shape [7, 12] instead of [10, 12], 'fc.bias'");
  load(net, path, {.head = false});
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    const Net& source = t.name.starts_with("fc.") ? before : from;
    CHECK(support::same_bits(net.classifier().values(t), source.classifier().values(t)));
  }
  find(tensors, "conv1.weight").shape = {8, 27};  // no other layer may differ
  write(path, tensors);
  check_refused(net, path, "1 misshapen: 'conv1.weight'", {.head = false});
  tensors = tensors_of(path);
  other_classes("predictor.fc");  // nor the predictor's
  write(path, tensors);
  check_refused(net, path, "'predictor.fc.weight'", {.head = false});
}

TEST_CASE("Weights of 16 bits are converted") {
  const support::TempDir folder;
  const auto path = folder / "half.safetensors";
  const Net from(1);
  save(from, path);
  const Tensors tensors = tensors_of(path);
  const auto check = [&]<class Half>(DType dtype) {
    std::vector<std::vector<Half>> halves;
    std::vector<NamedTensor> views;
    for (const Tensor& t : tensors) {
      auto& half = halves.emplace_back();
      for (const float v : t.values) half.push_back(static_cast<Half>(v));
      views.push_back({t.name, dtype, t.shape, std::as_bytes(std::span<const Half>(half))});
    }
    write_safetensors(path, views);
    Net net(2);
    load(net, path);
    for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
      const auto got = net.classifier().values(t);
      const auto exact = from.classifier().values(t);
      for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(got[i] == static_cast<float>(static_cast<Half>(exact[i])));
    }
  };
  check.template operator()<Eigen::half>(DType::f16);
  check.template operator()<Eigen::bfloat16>(DType::bf16);
}

TEST_CASE("PyTorch's batch counters are passed over") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  const Net from(1);
  save(from, path);
  Tensors tensors = tensors_of(path);
  tensors.push_back({"bn1.bn_0.num_batches_tracked", {}, {7}});
  write(path, tensors);
  Net net(2);
  load(net, path);
  CHECK(Snapshot<float>(net) == Snapshot<float>(from));
}

TEST_CASE("Integers are not weights") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  save(Net(1), path);
  Tensors tensors = tensors_of(path);
  remove(tensors, "conv1.weight");
  std::vector<NamedTensor> views;
  for (const Tensor& t : tensors)
    views.push_back(named_tensor(t.name, t.shape, std::span<const float>(t.values)));
  const std::vector<std::int32_t> integers(8 * 27);
  views.push_back(named_tensor("conv1.weight", {8, 3, 3, 3}, std::span<const std::int32_t>(integers)));
  write_safetensors(path, views);
  Net net(2);
  check_refused(net, path, "tensor 'conv1.weight': expected F32 values, got I32");
}

namespace {
using Wider =
    DynamicNetwork<Sequential<Named<"conv1", Conv2d<ConvOptions{.out = 16, .kernel = 3}>>,
                              Named<"bn1", BatchNorm>, ReLU, GlobalAveragePool, Named<"fc", Linear<10>>>,
                   support::TinyPredictor, support::TinyCandidates>;
}  // namespace

TEST_CASE("The checkpoint of another topology is refused") {
  const support::TempDir folder;
  const auto path = folder / "wider.safetensors";
  save_checkpoint(path, Wider(1), {}, {{"model", "wider"}});
  Net net(2);
  const support::Snapshot<float> before(net);
  CHECK_THROWS_WITH(load_checkpoint(path, net, {}),
                    support::contains("'conv1.weight' of shape [16, 3, 3, 3] instead of [8, 3, 3, 3]"));
  CHECK_THROWS_WITH(load_checkpoint(path, net, {}, {{"model", "tiny"}}),
                    support::contains("model: expected tiny, got wider"));
  CHECK(support::Snapshot<float>(net) == before);
}

TEST_CASE("Weights that are no numbers and variances below zero are refused") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  for (const auto& [name, value] : {std::pair("conv1.weight", std::numeric_limits<float>::quiet_NaN()),
                                    {"fc.bias", std::numeric_limits<float>::infinity()},
                                    {"bn1.bn_1.running_var", -0.5F}}) {
    Net bad(1);
    for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
      if (t.name == name) bad.classifier().values(t).back() = value;
    save(bad, path);
    Net net(2);
    check_refused(net, path, std::string("tensor '") + name + "': expected finite values");
  }
}

TEST_CASE("The weights of another topology are refused") {
  const support::TempDir folder;
  const auto path = folder / "wider.safetensors";
  save(Wider(1), path);
  Net net(2);
  check_refused(net, path, "'conv1.weight' of shape [16, 3, 3, 3] instead of [8, 3, 3, 3]");
}

TEST_CASE("A file that is missing, empty or cut off is refused") {
  const support::TempDir folder;
  Net net(2);
  check_refused(net, folder / "none.safetensors", "none.safetensors");
  check_refused(net, folder.write("empty.safetensors", ""), "empty.safetensors");
  const auto path = folder / "net.safetensors";
  save(net, path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
  check_refused(net, path, "net.safetensors");
}

TEST_CASE("A checkpoint is a file of weights, too, for who reads it as one") {
  const support::TempDir folder;
  const auto path = folder / "checkpoint.safetensors";
  Net from(1);
  std::vector<float> velocity{1, 2, 3}, read(3);
  save_checkpoint(path, from, {{"velocity", velocity}}, {{"epoch", "4"}});
  Net net(2);
  CHECK(load_checkpoint(path, net, {{"velocity", read}}).at("epoch") == "4");
  CHECK(Snapshot<float>(net) == Snapshot<float>(from));
  CHECK(read == velocity);
  Net other(3);
  load(other, path);
  CHECK(Snapshot<float>(other) == Snapshot<float>(from));
}

TEST_CASE("A checkpoint that does not fit is refused and changes nothing") {
  const support::TempDir folder;
  const auto path = folder / "checkpoint.safetensors";
  std::vector<float> velocity{1, 2, 3};
  save_checkpoint(path, Net(1), {{"velocity", velocity}}, {{"seed", "4"}});

  Net net(2);
  const Snapshot<float> before(net);
  std::vector<float> read(3), shorter(2);
  const auto refused = [&](const NamedArrays<float>& arrays,
                           const std::map<std::string, std::string>& required, const std::string& words) {
    std::string message = "no error";
    try {
      load_checkpoint(path, net, arrays, required);
    } catch (const Error& e) {
      message = e.what();
    }
    CHECK_THAT(message, support::contains(words));
    CHECK_THAT(message, support::contains(path.string()));
    CHECK(Snapshot<float>(net) == before);
    CHECK(read == std::vector<float>(3));
  };
  refused({{"velocity", read}}, {{"seed", "5"}}, "seed: expected 5, got 4");
  refused({{"velocity", read}}, {{"model", "tiny"}}, "'model'");
  refused({{"velocity", shorter}}, {}, "optimizer.velocity: expected 2 values, got 3");
  refused({{"momentum", read}}, {}, "optimizer.momentum");

  Tensors tensors = tensors_of(path);
  remove(tensors, "layer1.conv2.weight");
  write(path, tensors);
  refused({{"velocity", read}}, {}, "layer1.conv2.weight");
}
