// One joint step of a dynamic network against PyTorch, for both gradient estimators
// (reference/dynamic_step.json).
#include <models/reference_models.hpp>

#include <drnet/models/resolution_predictor.hpp>
#include <drnet/training/dynamic_step.hpp>

namespace {

using namespace drnet;
using Net =
    DynamicNetwork<models::ResNet18<10>, models::ResolutionPredictor<64>, Resolutions<128, 96, 64>, double>;

void check_estimator(const support::ReferenceFile& reference, const std::string& mode, Estimator estimator) {
  const auto& json = reference.json;
  REQUIRE(json.at("resolutions").get<std::vector<int>>() ==
          std::vector<int>(Net::Candidates::kValues.begin(), Net::Candidates::kValues.end()));
  REQUIRE(json.at("predictor_input") == Net::kPredictorInput.height);
  const auto n = json.at("batch").get<Index>();
  Net net;
  support::fill_network(net.classifier());
  support::fill_network(net.predictor());
  const auto x = support::fill<double>("dynamic.input", static_cast<std::size_t>(n) * 3 * 128 * 128, -2, 2);
  const auto noise = [&] {  // as the script makes it, in double
    auto g = support::fill<double>("dynamic.u", static_cast<std::size_t>(n) * 3, 1e-3, 1 - 1e-3);
    for (double& u : g) u = -std::log(-std::log(u));
    return g;
  }();
  CHECK(support::disagreement(noise, reference.tensors.values<double>("noise"), 1e-6) == "");

  DynamicStep<Net> step(n);
  const Serial serial;
  const auto losses =
      step.joint(serial, net, {x.data(), n, 3, 128, 128}, json.at("target").get<std::vector<int>>(), noise,
                 {.estimator = estimator,
                  .tau = support::number(json, "tau"),
                  .eta = support::number(json, "eta"),
                  .alpha = support::number(json, "alpha_gmacs")});

  const auto& expected = json.at(mode);
  const auto close = [](double actual, double wanted) {
    return std::abs(actual - wanted) <= 1e-9 * std::abs(wanted);
  };
  CHECK(close(losses.cross_entropy, support::number(expected, "cross_entropy")));
  CHECK(close(losses.flops, support::number(expected, "flops_loss")));
  CHECK(close(losses.total, support::number(expected, "loss")));
  const auto tensor = [&](const char* name) { return reference.tensors.values<double>(mode + "/" + name); };
  CHECK(support::disagreement(step.predictor_logits(), tensor("predictor_logits"), 1e-6) == "");
  CHECK(support::disagreement(step.soft(), tensor("soft"), 1e-6) == "");
  CHECK(step.hard() == tensor("hard"));
  CHECK(support::disagreement(step.classifier_logits(), tensor("classifier_logits"), 1e-6) == "");

  const auto part = [](Buffer<double>& from, const TensorSpec& t) {
    return from.span().subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size));
  };
  const double scale = support::largest_norm(expected.at("classifier_gradients"));
  CHECK(support::probe_disagreement<Net::ClassifierNetwork>(
            expected.at("classifier_gradients"), scale, 1e-6, true,
            [&](const TensorSpec& t) { return part(step.gradients(), t); }) == "");
  CHECK(support::probe_disagreement<Net::ClassifierNetwork>(
            expected.at("classifier_running"), scale, 1e-6, false,
            [&](const TensorSpec& t) { return part(net.classifier().statistics(), t); }) == "");
  CHECK(support::probe_disagreement<Net::PredictorNetwork>(
            expected.at("predictor_gradients"), support::largest_norm(expected.at("predictor_gradients")),
            1e-6, true, [&](const TensorSpec& t) { return part(step.predictor_gradients(), t); }) == "");
}

}  // namespace

TEST_CASE("The sparse estimator makes the reference's joint step", "[reference]") {
  if (const auto reference = support::load_or_skip("dynamic_step"))
    check_estimator(*reference, "sparse", Estimator::sparse);
}

TEST_CASE("The dense estimator makes the reference's joint step", "[reference]") {
  if (const auto reference = support::load_or_skip("dynamic_step"))
    check_estimator(*reference, "dense", Estimator::dense);
}
