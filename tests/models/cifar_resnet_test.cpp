// The CIFAR residual networks: counts of He et al. (2016), and published weights on real pictures.
#include <support/catch.hpp>
#include <support/reference.hpp>

#include <drnet/data/cifar10.hpp>
#include <drnet/data/loader.hpp>
#include <drnet/inference/session.hpp>
#include <drnet/io/weights.hpp>
#include <drnet/models/cifar_resnet.hpp>

#include <set>

namespace {

using namespace drnet;
static_assert(parameter_count<models::CifarResNet20<10>> == 269'722);
static_assert(parameter_count<models::CifarResNet32<10>> == 464'154);
static_assert(parameter_count<models::CifarResNet44<10>> == 658'586);
static_assert(parameter_count<models::CifarResNet56<10>> == 853'018);
static_assert(parameter_count<models::CifarResNet14<10>> == 172'506);
static_assert(macs<models::CifarResNet14<10>, 32> == 26'395'264);
static_assert(macs<models::CifarResNet20<10>, 32> == 40'551'040);
static_assert(macs<models::CifarResNet20<10>, 24> == 22'810'240);
static_assert(macs<models::CifarResNet20<10>, 16> == 10'138'240);

// A bank more costs the parameters of the batch norms, no others: 2 x (16 + 6 x 16 + 6 x 32 + 6 x 64).
static_assert(parameter_count<models::CifarResNet20<10>, 3> - parameter_count<models::CifarResNet20<10>, 1> ==
              2 * 2 * 688);

using Net = DynamicNetwork<models::CifarResNet20<10>, NoPredictor, Resolutions<32>>;
static_assert(sizeof(Net) <= 256, "the parameters are on the heap");

Index correct_answers(const Session<Net>& session, const Dataset& dataset) {
  const Loader loader(dataset, eval_transform({.size = 32, .resize_shorter = 0}),
                      {.batch = 250, .shuffle = false, .threads = 0});
  auto workspace = session.make_workspace();
  std::vector<Classification> results;
  Index correct = 0;
  for (const Batch& batch : loader.epoch(0)) {
    results.resize(batch.labels.size());
    session.classify(batch.view(), results, workspace);
    for (std::size_t i = 0; i < results.size(); ++i) correct += results[i].label == batch.labels[i];
  }
  return correct;
}

}  // namespace

TEST_CASE("A ResNet-20 with published weights is as accurate as recorded", "[reference]") {
  const auto weights = support::reference_or_skip("weights"), data = support::reference_or_skip("data");
  if (!weights || !data) return;
  const auto recorded = support::load_json(*weights / "cifar10_accuracy.json").at("resnet20");
  const Cifar10 test(*data / "cifar10", Split::test);
  REQUIRE(recorded.at("of") == test.size());

  Net net;
  load(net, *weights / "resnet20_cifar10.safetensors");
  const Index correct = correct_answers(Session<Net>(net), test);
  CAPTURE(correct, recorded.at("correct"));
  CHECK(std::abs(correct - recorded.at("correct").get<Index>()) <= 2);
}

TEST_CASE("The tensors of a CIFAR ResNet have the published names and no shortcut tensors") {
  std::set<std::string> names;
  for (const auto& t : Net::ClassifierNetwork::tensors()) names.insert(t.name);
  CHECK(names.size() == 19 + 19 * 4 + 2);  // 19 convolutions, as many batch norms, one linear layer
  for (const char* name : {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer1.2.bn2.bias",
                           "layer2.0.conv1.weight", "layer3.2.conv2.weight", "linear.weight", "linear.bias"})
    CHECK(names.count(name) == 1);
}
