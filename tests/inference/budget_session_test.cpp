// What the solver foresees is what a session does: the same right answers, shares and multiply-adds.
#include <inference/trained_net.hpp>
#include <support/policies.hpp>

#include <drnet/inference/budget.hpp>
#include <drnet/inference/collect_outputs.hpp>

using namespace drnet;
using support::Net;
using support::Pictures;

namespace {

/// Outputs of a network in batches of seven.
Outputs outputs_of(const Session<Net>& session, const Pictures<float>& pictures) {
  auto workspace = session.make_workspace();
  Outputs outputs;
  const auto images = pictures.batch();
  for (Index at = 0; at < images.count; at += 7) {
    const Index count = std::min<Index>(7, images.count - at);
    collect_outputs(
        session, {images.image(at), count, 3, images.height, images.width},
        std::span(pictures.labels).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(count)),
        workspace, outputs);
  }
  return outputs;
}

}  // namespace

TEST_CASE("Outputs are the logits of every candidate and of the predictor", "[budget]") {
  const Pictures<float> pictures(16);
  const Net net = support::trained_net(pictures.batch());
  const Session<Net> session(net);
  const Outputs outputs = outputs_of(session, pictures);
  CHECK_NOTHROW(outputs.check());
  CHECK(outputs.images() == 16);
  CHECK(outputs.labels == pictures.labels);
  for (int j = 0; j < 3; ++j) {
    const auto expected =
        support::classify(Session<Net>(net, Serial{}, {.router = FixedRouter{j}}), pictures.batch());
    for (Index i = 0; i < 16; ++i)
      CHECK(support::same_bits(outputs.at(i, j),
                               std::span(expected.logits).subspan(static_cast<std::size_t>(i) * 10, 10)));
  }
  const auto chosen = support::classify(session, pictures.batch());
  for (Index i = 0; i < 16; ++i)
    CHECK(argmax<float>(outputs.choice(i)) == chosen.results[static_cast<std::size_t>(i)].candidate);
  auto workspace = session.make_workspace();
  Outputs bad = outputs;
  const std::vector<int> few{1}, out_of_range(16, 10);
  CHECK_THROWS_AS(collect_outputs(session, pictures.batch(), few, workspace, bad), Error);
  CHECK_THROWS_AS(collect_outputs(session, pictures.batch(), out_of_range, workspace, bad), Error);
  CHECK(bad.images() == 16);
  bad.candidates = 2;
  CHECK_THROWS_AS(collect_outputs(session, pictures.batch(), pictures.labels, workspace, bad), Error);
}

TEST_CASE("A session with a solved setting does what the solver foresaw", "[budget][threads]") {
  Pictures<float> pictures(60);
  const Net net = support::trained_net(pictures.batch());
  for (std::size_t i = 0; i < 60; ++i) {  // every candidate is right about some that others are not
    Session<Net> session(net, Serial{}, {.router = FixedRouter{static_cast<int>(i % 3)}});
    pictures.labels[i] =
        session.classify({pictures.batch().image(static_cast<Index>(i)), 1, 3, 24, 24}).front().label;
  }
  const Outputs outputs = outputs_of(Session<Net>(net), pictures);
  const Costs costs = counted_costs<Net>();
  const std::vector<double> temperatures{0.5, 0.8, 0.7};
  std::size_t mixed = 0;
  for (const Router& router : {Router(PredictorRouter{}), Router(CascadeRouter{{}, temperatures})})
    for (const BudgetPoint& point : solve_budgets(router, outputs, costs, spread_budgets(router, costs, 6)))
      for (const auto& [name, policy] : {support::policies().front(), support::policies().back()}) {
        CAPTURE(point.budget, name);
        Session<Net> session(net, policy, {.router = point.router, .chunk = 4});
        Index correct = 0, macs = 0;
        std::vector<Index> chosen(3);
        const auto results = session.classify(pictures.batch());
        for (std::size_t i = 0; i < results.size(); ++i) {
          correct += results[i].label == pictures.labels[i];
          macs += session.macs(results[i]);
          ++chosen[static_cast<std::size_t>(results[i].candidate)];
        }
        CHECK(correct == point.correct);
        CHECK(static_cast<double>(macs) / 60 == Approx(point.cost).epsilon(1e-12));
        CHECK(static_cast<double>(macs) / 60 <= point.budget * (1 + 1e-12));
        for (std::size_t j = 0; j < 3; ++j)
          CHECK(static_cast<double>(chosen[j]) / 60 == Approx(point.shares[j]));
        mixed += std::count(chosen.begin(), chosen.end(), 0) < 2;
      }
  CHECK(mixed > 4);  // else no choice was tested
}
