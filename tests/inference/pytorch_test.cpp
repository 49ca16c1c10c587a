// Weights to and from PyTorch: torchvision's model loads an exported candidate by name and gives the same
// logits, and so does a network that loads torchvision's state dict. Runs where a python3 with torch and
// torchvision is found (Debian: python3-torch, python3-torchvision).
#include <support/catch.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include <drnet/inference/session.hpp>
#include <drnet/io/weights.hpp>
#include <drnet/models/resnet.hpp>

#include <cstdlib>

namespace {

using namespace drnet;
using Net = DynamicNetwork<models::ResNet18<1000>, NoPredictor, Resolutions<96, 64>>;

constexpr Index kImages = 2;
constexpr int kCandidate = 1, kSide = Net::Candidates::kValues[kCandidate];

/// Reads ours.safetensors and x.safetensors; writes ours.f32 (logits of a model with those weights),
/// theirs.safetensors (the state dict of a model of torchvision's own) and theirs.f32. The format is read and
/// written by hand, as Debian 12 has no package of it.
constexpr const char* kScript = R"(
import json, struct
import numpy, torch, torchvision

def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32"
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.copy())
    return tensors

def write(path, tensors):
    header, parts, end = {}, [], 0
    for name, tensor in tensors.items():
        values = tensor.numpy()
        begin, end = end, end + values.nbytes
        dtype = {"float32": "F32", "int64": "I64"}[str(values.dtype)]
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [begin, end]}
        parts.append(values.tobytes())
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))

torch.set_num_threads(1)
torch.manual_seed(1)
x = read("x.safetensors")["x"]
with torch.no_grad():
    model = torchvision.models.resnet18()
    model(x)  # in training mode: running statistics that are not the initial ones
    model.eval()
    write("theirs.safetensors", model.state_dict())
    model(x).numpy().astype("<f4").tofile("theirs.f32")
    model.load_state_dict(read("ours.safetensors"), strict=True)
    model(x).numpy().astype("<f4").tofile("ours.f32")
)";

/// A command that starts a Python with PyTorch, if there is one.
std::optional<std::string> python_with_torch() {
  for (const std::string python : {"python3", "/usr/bin/python3"})
    if (std::system((python + " -c 'import numpy, torch, torchvision' >/dev/null 2>&1").c_str()) == 0)
      return python;
  return std::nullopt;
}

/// Batch norms with statistics of their own in every bank.
Net network() {
  Net net(3);
  std::uint32_t draw = 0;
  const Random random(4, Purpose::check);
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    for (float& v : net.classifier().values(t)) {
      if (t.role == Role::running_mean || t.role == Role::bn_bias) v = random.uniform(draw++, -0.3F, 0.3F);
      if (t.role == Role::running_var || t.role == Role::bn_weight) v = random.uniform(draw++, 0.5F, 1.5F);
    }
  return net;
}

std::vector<float> logits_of(const Net& net, const std::vector<float>& x) {
  const Session<Net> session(net, Serial{}, {.router = FixedRouter{kCandidate}});
  auto workspace = session.make_workspace();
  std::vector<Classification> results(kImages);
  std::vector<float> logits(kImages * 1000);
  session.classify({x.data(), kImages, 3, kSide, kSide}, results, workspace, logits);
  return logits;
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::string bytes = read_text(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

TEST_CASE("PyTorch and drnet load each other's weights by name and give the same logits", "[slow]") {
  const auto python = python_with_torch();
  if (!python) return support::print_skipped("there is no python3 with torch and torchvision");
  const support::TempDir folder;
  const auto x = support::fill<float>("pytorch.x", kImages * 3 * kSide * kSide, -2, 2);
  Net net = network();
  export_candidate(net, kCandidate, folder / "ours.safetensors");
  const NamedTensor input = named_tensor("x", {kImages, 3, kSide, kSide}, std::span<const float>(x));
  write_safetensors(folder / "x.safetensors", {&input, 1});
  folder.write("logits.py", kScript);
  const std::string command = "cd '" + folder.path().string() + "' && " + *python + " logits.py";
  REQUIRE(std::system(command.c_str()) == 0);

  CHECK(support::disagreement(logits_of(net, x), read_floats(folder / "ours.f32"), 1e-4) == "");
  load(net, folder / "theirs.safetensors");
  CHECK(support::disagreement(logits_of(net, x), read_floats(folder / "theirs.f32"), 1e-4) == "");
}
