// A linear probe against the features that a Session gives away: a head that picks some of them shows them as
// its logits.
#include <support/catch.hpp>
#include <support/policies.hpp>
#include <support/tiny_network.hpp>

#include <drnet/inference/session.hpp>
#include <drnet/training/linear_probe.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace {

using namespace drnet;
using Net = support::TinyNet<float>;
using support::Pictures;
constexpr Index kImages = 60;
constexpr std::size_t kFeatures = 12, kClasses = 10;

const TensorSpec& tensor(const std::string& name) {
  const auto& all = Net::ClassifierNetwork::tensors();
  return *std::ranges::find(all, name, &TensorSpec::name);
}

/// Banks that differ, with statistics that an inference can use.
Net network() {
  Net net(7);
  const Random random(3, Purpose::check);
  std::uint32_t k = 0;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.bank >= 0)
      for (float& v : net.classifier().values(t)) v += random.uniform<float>(k++, 0.0F, 0.3F);
  return net;
}

/// Features of every image at every candidate, [image][candidate][12].
std::vector<double> features_of(Net net, const Pictures<float>& pictures) {
  const auto weights = net.classifier().values(tensor("fc.weight"));
  const auto bias = net.classifier().values(tensor("fc.bias"));
  std::vector<double> features(kImages * Net::kCount * kFeatures);
  for (const std::size_t first : {std::size_t{0}, kFeatures - kClasses}) {
    std::ranges::fill(weights, 0.0F);
    std::ranges::fill(bias, 0.0F);
    for (std::size_t k = 0; k < kClasses; ++k) weights[k * kFeatures + first + k] = 1;
    const Session<Net> session(net, Serial{});
    auto workspace = session.make_workspace();
    std::vector<float> logits(kImages * kClasses);
    for (int j = 0; j < Net::kCount; ++j) {
      session.logits_at(j, pictures.batch(), logits, workspace);
      for (std::size_t i = 0; i < kImages; ++i)
        for (std::size_t k = 0; k < kClasses; ++k)
          features[(i * Net::kCount + static_cast<std::size_t>(j)) * kFeatures + first + k] =
              static_cast<double>(logits[i * kClasses + k]);
    }
  }
  return features;
}

LinearProbeReport probe(Net& net, const Pictures<float>& pictures, const LinearProbeOptions& options,
                        const Policy& policy = Serial{}) {
  LinearProbe<Net> fitting(net, policy, kImages, options);
  fitting.note(pictures.batch(), pictures.labels);
  return fitting.fit();
}

}  // namespace

TEST_CASE("A linear probe finds the head of least loss and changes nothing else", "[training]") {
  const Pictures<float> pictures(kImages);
  const Net before = network();
  Net net = before;
  const LinearProbeOptions options{
      .weight_decay = 0.01, .label_smoothing = 0.1, .solver = {.iterations = 500, .tolerance = 1e-5}};
  const LinearProbeReport report = probe(net, pictures, options);
  CHECK(report.images == kImages);
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (!t.name.starts_with("fc."))
      CHECK(support::same_bits(net.classifier().values(t), before.classifier().values(t)));

  const std::vector<double> f = features_of(before, pictures);
  const std::size_t rows = kImages * Net::kCount;
  std::vector<double> mean(kFeatures), deviation(kFeatures);
  for (std::size_t c = 0; c < kFeatures; ++c) {
    for (std::size_t r = 0; r < rows; ++r) mean[c] += f[r * kFeatures + c] / rows;
    for (std::size_t r = 0; r < rows; ++r) deviation[c] += std::pow(f[r * kFeatures + c] - mean[c], 2) / rows;
    deviation[c] = std::sqrt(deviation[c] + 1e-5);
  }
  const auto w = net.classifier().values(tensor("fc.weight"));
  const auto b = net.classifier().values(tensor("fc.bias"));
  double loss = 0, right = 0;
  std::vector<double> slope(kClasses * (kFeatures + 1));  // of the loss, by V and c
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<double> p(kClasses);
    double sum = 0;
    for (std::size_t k = 0; k < kClasses; ++k) {
      p[k] = static_cast<double>(b[k]);
      for (std::size_t c = 0; c < kFeatures; ++c)
        p[k] += static_cast<double>(w[k * kFeatures + c]) * f[r * kFeatures + c];
    }
    const auto label = static_cast<std::size_t>(pictures.labels[r / Net::kCount]);
    right += std::ranges::max_element(p) - p.begin() == static_cast<std::ptrdiff_t>(label) ? 1 : 0;
    for (double& v : p) sum += v = std::exp(v);
    for (std::size_t k = 0; k < kClasses; ++k) {
      const double q = 0.1 / kClasses + (k == label ? 0.9 : 0),
                   d = (p[k] / sum - q) / static_cast<double>(rows);
      loss -= q * std::log(p[k] / sum) / static_cast<double>(rows);
      for (std::size_t c = 0; c < kFeatures; ++c)
        slope[k * kFeatures + c] += d * (f[r * kFeatures + c] - mean[c]) / deviation[c];
      slope[kClasses * kFeatures + k] += d;
    }
  }
  for (std::size_t at = 0; at < kClasses * kFeatures; ++at)
    slope[at] += 0.01 * static_cast<double>(w[at]) * deviation[at % kFeatures];
  for (const double s : slope) CHECK(s == Approx(0).margin(2e-5));
  CHECK(report.loss == Approx(loss).epsilon(1e-5));
  CHECK(report.accuracy == Approx(right / static_cast<double>(rows)));
  CHECK(report.loss < 0.95 * std::log(10.0));
}

TEST_CASE("A linear probe gives the same bits with any policy", "[training]") {
  constexpr Index kBatch = 7;
  const Pictures<float> pictures(kImages);
  std::optional<Net> serial;
  for (const auto& [name, policy] : support::policies()) {
    CAPTURE(name);
    Net net = network();
    LinearProbe<Net> fitting(net, policy, kBatch, {});
    for (Index from = 0; from < kImages; from += kBatch) {
      ImageBatch<float> part = pictures.batch();
      part.data = part.image(from);
      part.count = std::min(kBatch, kImages - from);
      fitting.note(part, std::span(pictures.labels)
                             .subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(part.count)));
    }
    fitting.fit();
    if (!serial) serial = net;
    CHECK(support::same_bits(net.classifier().parameters().span(), serial->classifier().parameters().span()));
  }
}

TEST_CASE("A feature that never changes does no harm to a linear probe", "[training]") {
  const Pictures<float> pictures(kImages);
  Net net = network();
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.name.starts_with("layer1.") && t.shape.front() == 12) net.classifier().values(t)[3] = 0;
  const LinearProbeReport report = probe(net, pictures, {});
  CHECK(std::isfinite(report.loss));
  const auto weights = net.classifier().values(tensor("fc.weight"));
  for (std::size_t k = 0; k < kClasses; ++k) CHECK(weights[k * kFeatures + 3] == 0);
  for (const float v : net.classifier().parameters().span()) CHECK(std::isfinite(v));
}

TEST_CASE("A linear probe says what it cannot work on", "[training]") {
  const Pictures<float> pictures(kImages);
  Net net = network();
  const Net before = net;
  LinearProbe<Net> fitting(net, Serial{}, kImages, {});
  CHECK_THROWS_WITH(fitting.fit(), support::contains("linear probe: expected at least one image"));
  std::vector<int> labels = pictures.labels;
  labels[4] = 10;
  CHECK_THROWS_WITH(fitting.note(pictures.batch(), labels), support::contains("expected 0 to 9, got 10"));
  labels.pop_back();
  CHECK_THROWS_WITH(fitting.note(pictures.batch(), labels), support::contains("expected 59"));
  CHECK_THROWS_AS(LinearProbe<Net>(net, Serial{}, 0, {}), Error);
  CHECK_THROWS_AS(LinearProbe<Net>(net, Serial{}, 4, {.weight_decay = -1}), Error);
  CHECK_THROWS_AS(LinearProbe<Net>(net, Serial{}, 4, {}).note(pictures.batch(), pictures.labels), Error);
  CHECK(support::same_bits(net.classifier().parameters().span(), before.classifier().parameters().span()));
  fitting.note(pictures.batch(), pictures.labels);
  fitting.fit();
  CHECK_THROWS_AS(fitting.fit(), Error);  // what was noted is used up
}
