// Stage 1 against its definition: one forward and backward pass per candidate, each with its own bank, the
// losses and gradients summed.
#include <models/reference_models.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/dynamic_step.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
constexpr Index kImages = 5;

/// Candidate J alone: adds its gradients and returns its loss.
template <int J>
double one_candidate(Net& net, const support::Pictures<double>& pictures, Buffer<double>& gradients) {
  constexpr Shape in = Net::kInput<J>;
  Activations<Net::Classifier, in, double> activations(kImages);
  Buffer<double> scratch(activations.scratch(kImages));
  ImageScaler<double> scale;
  for (Index i = 0; i < kImages; ++i) scale(pictures.batch(), i, activations.input().from(i));
  const Serial serial;
  const Pass pass{.policy = serial, .n = kImages, .capacity = kImages, .bank = J, .banks = Net::kCount};
  activations.forward(pass, net.classifier(), scratch.data());
  std::vector<double> logits(kImages * Net::kClasses), d;
  to_planar(activations.output(), logits.data(), kImages);
  const double loss = support::cross_entropy(logits, pictures.labels, d);
  from_planar(d.data(), activations.output_gradient(), kImages);
  activations.backward(pass, net.classifier(), gradients.data(), scratch.data());
  return loss;
}

}  // namespace

TEST_CASE("Stage 1 sums the losses and gradients of all candidates") {
  const support::Pictures<double> pictures(kImages);
  Net net(7), other(7);
  DynamicStep<Net> step(kImages + 2);  // a capacity above the batch changes nothing
  const StepLosses losses = step.stage1(Serial{}, net, pictures.batch(), pictures.labels);

  Buffer<double> gradients(Net::ClassifierNetwork::kParameters);
  double loss = 0;
  unroll<Net::kCount>([&](auto j) { loss += one_candidate<j>(other, pictures, gradients); });
  CHECK(losses.total == Approx(loss).epsilon(1e-12));
  CHECK(losses.cross_entropy == losses.total);
  CHECK(support::disagreement(step.gradients().span(), gradients.span(), 1e-12) == "");
  CHECK(support::largest_magnitude(gradients.span()) > 0.01);
  CHECK(support::disagreement(net.classifier().statistics().span(), other.classifier().statistics().span(),
                              1e-12) == "");
}

TEST_CASE("Stage 1 counts every candidate of every image") {
  const support::Pictures<double> pictures(kImages);
  Net net(7);
  DynamicStep<Net> step(kImages);
  const StepLosses losses = step.stage1(Serial{}, net, pictures.batch(), pictures.labels);
  CHECK(losses.samples == kImages * 3);
  CHECK(losses.chosen == std::vector<Index>{kImages, kImages, kImages});
  CHECK(losses.macs == Approx(double(Net::kMacs[0] + Net::kMacs[1] + Net::kMacs[2]) / 3));
}

TEST_CASE("Every bank learns in stage 1, and the predictor is left alone") {
  const support::Pictures<double> pictures(kImages);
  Net net(7);
  const auto predictor = net.predictor().statistics();
  DynamicStep<Net> step(kImages);
  static_cast<void>(step.stage1(Serial{}, net, pictures.batch(), pictures.labels));
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    if (t.role == Role::running_mean)
      CHECK(support::largest_magnitude(net.classifier().values(t)) > 0);
    else if (t.role == Role::bn_weight)
      CHECK(support::largest_magnitude(step.gradients().span().subspan(
                static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size))) > 0);
  }
  CHECK(support::same_bits(predictor.span(), net.predictor().statistics().span()));
}

TEST_CASE("Label smoothing changes the loss as its definition says") {
  const support::Pictures<double> pictures(kImages);
  Net net(7);
  DynamicStep<Net> step(kImages);
  const double s = 0.1;
  const double plain = step.stage1(Serial{}, net, pictures.batch(), pictures.labels).total;
  const double smooth = step.stage1(Serial{}, net, pictures.batch(), pictures.labels, s).total;
  double uniform = 0;  // mean over all labels = cross entropy against the uniform distribution
  for (int shift = 0; shift < Net::kClasses; ++shift) {
    std::vector<int> labels;
    for (const int label : pictures.labels) labels.push_back((label + shift) % Net::kClasses);
    uniform += step.stage1(Serial{}, net, pictures.batch(), labels).total / Net::kClasses;
  }
  CHECK(smooth == Approx((1 - s) * plain + s * uniform).epsilon(1e-12));
}
