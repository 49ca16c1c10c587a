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
    const std::string name = weights_detail::plain_name(t);
    const auto& specs = NoChoice::ClassifierNetwork::tensors();
    const auto source =
        std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& s) { return s.name == name; });
    REQUIRE(source != specs.end());
    CHECK(support::same_bits(net.classifier().values(t), from.classifier().values(*source)));
  }
  CHECK(support::same_bits(net.predictor().parameters().span(), before.predictor().parameters().span()));
  check_refused(net, path, "predictor.conv1.weight");  // by default the predictor must be there
}

TEST_CASE("A file may be written and read without the predictor") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  DynamicNetwork<support::TinyClassifier, NoPredictor, support::TinyCandidates> fixed(3);
  const Net from(1);
  save(from, path);
  check_refused(fixed, path, "extra: 'predictor.conv1.weight'");  // nothing is passed over unasked
  load(fixed, path, {.predictor = false});
  CHECK(support::same_bits(fixed.classifier().parameters().span(), from.classifier().parameters().span()));

  save(from, path, {}, {.predictor = false});
  CHECK_FALSE(holds_predictor(SafeTensors::read(path)));
  Net to(2);
  const Net drawn(2);
  check_refused(to, path, "missing: 'predictor.conv1.weight'");
  load(to, path, {.predictor = false});
  CHECK(support::same_bits(to.classifier().parameters().span(), from.classifier().parameters().span()));
  CHECK(support::same_bits(to.predictor().parameters().span(), drawn.predictor().parameters().span()));
}

TEST_CASE("Another number of banks is refused with both numbers") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  using Two = DynamicNetwork<support::TinyClassifier, support::TinyPredictor, Resolutions<24, 16>>;
  NoChoice one(2);
  Two two(2);
  Net three(2);
  save(three, path);
  check_refused(one, path, "got batch norms in 3 banks instead of 1; ");
  check_refused(two, path, "got batch norms in 3 banks instead of 2; ");
  check_refused(two, path, "16 extra: ", {.predictor = false, .head = false});  // four batch norms of four
  save(two, path);
  check_refused(three, path, "got batch norms in 2 banks instead of 3; 16 missing: 'bn1.bn_2.weight', ");
  check_refused(one, path, "got batch norms in 2 banks instead of 1; ");
}

TEST_CASE("Banks are all there or none: a part of one is named, and plain ones do not fill the gap") {
  check_change_refused([](Tensors& t) { remove(t, "bn1.bn_1.running_var"); },
                       "got 2 missing: 'bn1.bn_1.running_var', 'layer1.bn1.bn_1.running_var'");
  check_change_refused(
      [](Tensors& t) {
        remove(t, "layer1.bn2.bn_0");
        for (const char* word : {"weight", "bias", "running_mean", "running_var"})
          t.push_back({"layer1.bn2." + std::string(word), {12}, std::vector<float>(12, 1.0F)});
      },
      "got 4 missing: 'layer1.bn2.bn_0.weight', 'layer1.bn2.bn_0.bias', 'layer1.bn2.bn_0.running_mean', "
      "'layer1.bn2.bn_0.running_var'; 4 extra: 'layer1.bn2.weight', ");
  check_change_refused(
      [](Tensors& t) {
        t.push_back({"bn1.bn_99999999999.weight", {8}, std::vector<float>(8)});
      },
      "got 1 extra: 'bn1.bn_99999999999.weight'");
}

TEST_CASE("One bank is as good as a plain batch norm") {
  const support::TempDir folder;
  const auto path = folder / "one.safetensors";
  const NoChoice from(1);
  save(from, path);
  Tensors tensors = tensors_of(path);
  for (const std::string name : {"bn1.", "layer1.bn1.", "layer1.bn2.", "layer1.downsample.1."})
    for (Tensor& t : tensors)
      if (t.name.starts_with(name)) t.name.insert(name.size(), "bn_0.");
  write(path, tensors);
  REQUIRE(SafeTensors::read(path).contains("layer1.downsample.1.bn_0.weight"));
  NoChoice to(2);
  load(to, path);
  CHECK(Snapshot<float>(to) == Snapshot<float>(from));
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
  check_change_refused([](Tensors& t) { remove(t, "layer1.bn2.bn_1.running_var"); },
                       "got 1 missing: 'layer1.bn2.bn_1.running_var'");
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

TEST_CASE("A head for other classes becomes zeros where that is asked for") {
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
  const Net from(1);
  check_refused(net, path, "2 misshapen: 'fc.weight' of shape [7, 12] instead of [10, 12], 'fc.bias'");
  load(net, path, {.head = false});
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    const auto values = net.classifier().values(t);
    if (t.name.starts_with("fc."))
      CHECK(std::count(values.begin(), values.end(), 0.0F) == t.size);
    else
      CHECK(support::same_bits(values, from.classifier().values(t)));
  }
  find(tensors, "fc.bias").shape = {10};  // where a part of it is for others, all of it is new
  find(tensors, "fc.bias").values.resize(10, 1.0F);
  write(path, tensors);
  Net again(2);
  load(again, path, {.head = false});
  CHECK(Snapshot<float>(again) == Snapshot<float>(net));
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
  check_refused(net, path, "; 1 not in F32, F16 or BF16: 'conv1.weight' in I32");
}

TEST_CASE("Weights of 64 bits are for networks of double") {
  const support::TempDir folder;
  const auto path = folder / "net.safetensors";
  using Doubles = support::TinyNet<double>;
  const Doubles from(1);
  save(from, path);
  REQUIRE(SafeTensors::read(path).info("conv1.weight").dtype == DType::f64);
  Net net(2);
  check_refused(net, path, "expected the tensors of this network, got ");
  check_refused(net, path, " not in F32, F16 or BF16: 'conv1.weight' in F64, 'bn1.bn_0.weight' in F64, ");
  check_refused(net, path, "'predictor.fc.bias' in F64");
  const Snapshot<float> before(net);
  CHECK_THROWS_WITH(load_checkpoint(path, net, {}), support::contains("'conv1.weight' in F64"));
  CHECK(Snapshot<float>(net) == before);

  Doubles to(2);
  load(to, path);
  CHECK(Snapshot<double>(to) == Snapshot<double>(from));
  save(net, path);  // and what has fewer bits fits into double
  load(to, path);
  const auto values = to.classifier().parameters().span();
  CHECK(std::equal(values.begin(), values.end(), net.classifier().parameters().span().begin(),
                   [](double a, float b) { return a == static_cast<double>(b); }));
}

TEST_CASE("A checkpoint of a network of double is restored to the bit") {
  const support::TempDir folder;
  const auto path = folder / "checkpoint.safetensors";
  const support::TinyNet<double> from(1);
  std::vector<double> velocity{1.0 / 3, 2, 3}, read(3);
  save_checkpoint(path, from, {{"velocity", velocity}}, {});
  support::TinyNet<double> to(2);
  load_checkpoint(path, to, {{"velocity", read}});
  CHECK(Snapshot<double>(to) == Snapshot<double>(from));
  CHECK(read == velocity);
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
  Net bad(1);  // the last tensor of all: the classifier, read before, stays as it was
  bad.predictor().parameters().span().back() = std::numeric_limits<float>::infinity();
  save(bad, path);
  Net net(2);
  check_refused(net, path, "tensor 'predictor.fc.bias': expected finite values");
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
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 4);
  check_refused(net, path, "is the file truncated?");
  std::filesystem::resize_file(path, size / 2);
  check_refused(net, path, "data inside the buffer of ");
}

TEST_CASE("One candidate is exported as a plain state dict") {
  const support::TempDir folder;
  const auto path = folder / "candidate.safetensors";
  Net net(1);
  std::uint32_t i = 0;
  for (float& v : net.classifier().statistics().span())
    v = Random(1, Purpose::check).uniform(i++, 0.5F, 1.5F);
  for (int j = 0; j < Net::kCount; ++j) {
    export_candidate(net, j, path, {{"classes", "[]"}});
    const SafeTensors file = SafeTensors::read(path);
    CHECK(file.metadata().at("classes") == "[]");
    std::size_t count = 0;
    for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
      if (t.bank >= 0 && t.bank != j) continue;
      ++count;
      std::string name = t.name;
      if (const std::string bank = ".bn_" + std::to_string(j); name.find(bank) != std::string::npos)
        name.erase(name.find(bank), bank.size());
      CAPTURE(name);
      REQUIRE(file.contains(name));
      CHECK(support::same_bits(file.values<float>(name), net.classifier().values(t)));
    }
    CHECK(file.names().size() == count);
    NoChoice fixed(2);
    CHECK_NOTHROW(load(fixed, path));
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("A candidate that is not there is not exported") {
  const support::TempDir folder;
  const auto path = folder / "candidate.safetensors";
  for (const int candidate : {-1, 3})
    CHECK_THROWS_WITH(export_candidate(Net(1), candidate, path),
                      support::contains(path.string() + ": expected a candidate from 0 to 2, got " +
                                        std::to_string(candidate)));
  CHECK(folder.entries() == 0);
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
