// Files in the layout of the MindSpore code that the authors of DRNet published.
#include <support/official_layout.hpp>
#include <support/temp_dir.hpp>
#include <support/tiny_network.hpp>

#include <drnet/io/weights.hpp>
#include <drnet/models/resnet.hpp>

#include <set>

namespace {

using namespace drnet;
using Net = support::OfficialNet;
using support::Snapshot;
using support::StoredTensors;

constexpr LoadOptions kMindSpore{.names = WeightNames::mindspore};

template <class Network>
std::span<const float> values(const Network& network, const std::string& name) {
  for (const TensorSpec& t : Network::tensors())
    if (t.name == name) return network.values(t);
  FAIL("no tensor " + name);
  return {};
}

/// Loading these tensors throws an Error with these words and leaves the network as it was.
void check_refused(const StoredTensors& tensors, const std::string& words, LoadOptions options = kMindSpore) {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  support::write_tensors(path, tensors);
  Net net(2);
  const Snapshot<float> before(net);
  CHECK_THROWS_WITH(load(net, path, options), support::contains(words));
  CHECK(Snapshot<float>(net) == before);
}

}  // namespace

TEST_CASE("MindSpore's names are mapped to ours") {
  const support::TempDir folder;
  const StoredTensors file = support::official_tensors();
  support::write_tensors(folder / "net.safetensors", file);
  Net net(2);
  load(net, folder / "net.safetensors", kMindSpore);
  const auto check = [&](const auto& network, const char* ours, const char* theirs) {
    CAPTURE(ours, theirs);
    CHECK(support::same_bits(values(network, ours), file.at(theirs).values));
  };
  check(net.classifier(), "conv1.weight", "conv1.weight");
  check(net.classifier(), "bn1.bn_0.weight", "bn1.bn_0.gamma");
  check(net.classifier(), "bn1.bn_1.bias", "bn1.bn_1.beta");
  check(net.classifier(), "bn1.bn_2.running_mean", "bn1.bn_2.moving_mean");
  check(net.classifier(), "layer1.1.bn3.bn_2.running_var", "layer1.1.bn3.bn_2.moving_variance");
  check(net.classifier(), "layer1.0.downsample.0.weight", "layer1.0.down_sample_layer.0.weight");
  check(net.classifier(), "layer1.0.downsample.1.bn_1.weight", "layer1.0.down_sample_layer.1.bn_1.gamma");
  check(net.classifier(), "fc.weight", "end_point.weight");
  check(net.classifier(), "fc.bias", "end_point.bias");
  check(net.predictor(), "bn1.running_var", "predictor.bn1.moving_variance");
  check(net.predictor(), "layer2.0.downsample.1.bias", "predictor.layer2.0.down_sample_layer.1.beta");
  check(net.predictor(), "fc.weight", "predictor.end_point.weight");
}

TEST_CASE("The projections' batch norms take bank 0 where that is asked for") {
  const support::TempDir folder;
  const StoredTensors file = support::official_tensors();
  support::write_tensors(folder / "net.safetensors", file);
  Net net(2), paper(3);
  load(net, folder / "net.safetensors", {.names = WeightNames::mindspore, .projections_use_bank_0 = true});
  load(paper, folder / "net.safetensors", kMindSpore);
  int shared = 0;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    const bool differs = !support::same_bits(net.classifier().values(t), paper.classifier().values(t));
    const bool projection = t.name.starts_with("layer1.0.downsample.1.") && t.bank > 0;
    CHECK(differs == projection);
    shared += projection;
  }
  CHECK(shared == 8);
  for (const char* bank : {"bn_1", "bn_2"})
    CHECK(support::same_bits(
        values(net.classifier(), "layer1.0.downsample.1." + std::string(bank) + ".running_mean"),
        file.at("layer1.0.down_sample_layer.1.bn_0.moving_mean").values));
}

TEST_CASE("Plain batch norms under MindSpore's names fill every bank") {
  support::LayoutMaker make;
  make.tensors = support::official_tensors();
  for (const char* bank : {"bn_0.", "bn_1.", "bn_2."})
    std::erase_if(make.tensors,
                  [&](const auto& entry) { return entry.first.find(bank) != std::string::npos; });
  make.batch_norm("bn1", 8);
  for (const char* block : {"layer1.0", "layer1.1"}) {
    make.batch_norm(std::string(block) + ".bn1", 4);
    make.batch_norm(std::string(block) + ".bn2", 4);
    make.batch_norm(std::string(block) + ".bn3", 16);
  }
  make.batch_norm("layer1.0.down_sample_layer.1", 16);
  const support::TempDir folder;
  support::write_tensors(folder / "net.safetensors", make.tensors);
  Net net(2);
  load(net, folder / "net.safetensors", kMindSpore);
  for (const char* name : {"bn1.bn_0.weight", "bn1.bn_1.weight", "bn1.bn_2.weight"})
    CHECK(support::same_bits(values(net.classifier(), name), make.tensors.at("bn1.gamma").values));
}

TEST_CASE("An error says whose names a file has") {
  const StoredTensors tensors = support::official_tensors();
  check_refused(tensors, "got MindSpore's names instead of torchvision's; ", {});
  check_refused(tensors, "missing: 'bn1.bn_0.weight'", {});
  const support::TempDir folder;
  save(Net(1), folder / "ours.safetensors");
  Net net(2);
  CHECK_THROWS_WITH(load(net, folder / "ours.safetensors", kMindSpore),
                    support::contains("got torchvision's names instead of MindSpore's; ") &&
                        support::contains("'layer1.0.down_sample_layer.1.bn_2.moving_variance'"));
}

TEST_CASE("A file in MindSpore's layout that does not fit is refused with its own names") {
  StoredTensors tensors = support::official_tensors();
  SECTION("missing") {
    tensors.erase("layer1.0.bn2.bn_1.gamma");
    tensors.erase("predictor.end_point.bias");
    check_refused(tensors, "got 2 missing: 'layer1.0.bn2.bn_1.gamma', 'predictor.end_point.bias'");
  }
  SECTION("extra: what else a training left in the checkpoint") {
    tensors["moments.conv1.weight"] = tensors.at("conv1.weight");
    check_refused(tensors, "got 1 extra: 'moments.conv1.weight'");
  }
  SECTION("misshapen") {
    tensors.at("end_point.weight").shape = {16, 10};
    check_refused(tensors, "got 1 misshapen: 'end_point.weight' of shape [16, 10] instead of [10, 16]");
  }
  SECTION("a bank too few") {
    std::erase_if(tensors, [](const auto& entry) { return entry.first.find("bn_2.") != std::string::npos; });
    check_refused(tensors, "got batch norms in 2 banks instead of 3; 32 missing: 'bn1.bn_2.gamma'");
  }
  SECTION("without the predictor") {
    std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("predictor."); });
    check_refused(tensors, "missing: 'predictor.conv1.weight'");
    const support::TempDir folder;
    support::write_tensors(folder / "net.safetensors", tensors);
    Net net(2);
    CHECK_NOTHROW(
        load(net, folder / "net.safetensors", {.predictor = false, .names = WeightNames::mindspore}));
  }
}

TEST_CASE("A head for other classes becomes zeros under MindSpore's names, too") {
  StoredTensors tensors = support::official_tensors();
  tensors.at("end_point.weight") = {{7, 16}, std::vector<float>(7 * 16)};
  tensors.at("end_point.bias") = {{7}, std::vector<float>(7)};
  const support::TempDir folder;
  support::write_tensors(folder / "net.safetensors", tensors);
  Net net(2);
  load(net, folder / "net.safetensors", {.head = false, .names = WeightNames::mindspore});
  for (const float weight : values(net.classifier(), "fc.weight")) CHECK(weight == 0);
  CHECK(support::same_bits(values(net.classifier(), "conv1.weight"), tensors.at("conv1.weight").values));
}

TEST_CASE("Every tensor of a DR-ResNet-50 has its name in the published checkpoints") {
  // The layout as its classes build it: stages of 3, 4, 6 and 3 bottlenecks, three banks everywhere.
  std::set<std::string> expected{"conv1.weight", "end_point.weight", "end_point.bias"};
  const auto banks = [&](const std::string& name) {
    for (const char* bank : {".bn_0", ".bn_1", ".bn_2"})
      for (const char* word : {".gamma", ".beta", ".moving_mean", ".moving_variance"})
        expected.insert(name + bank + word);
  };
  banks("bn1");
  const std::vector<int> depths{3, 4, 6, 3};
  for (std::size_t stage = 0; stage < depths.size(); ++stage)
    for (int block = 0; block < depths[stage]; ++block) {
      const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(block) + ".";
      for (const char* part : {"1", "2", "3"}) {
        expected.insert(name + "conv" + part + ".weight");
        banks(name + "bn" + part);
      }
      if (block == 0) {
        expected.insert(name + "down_sample_layer.0.weight");
        banks(name + "down_sample_layer.1");
      }
    }
  using Classifier = Network<models::ResNet50<1000>, float, 3>;
  std::set<std::string> got;
  const weights_detail::Naming naming{WeightNames::mindspore, 3, "fc."};
  for (const TensorSpec& t : Classifier::tensors()) got.insert(naming(t));
  CHECK(got == expected);
}
