// Cascades and offsets in sessions: the answers are those of the candidates asked one by one, whatever the
// policy, the chunk and the call.
#include <inference/trained_net.hpp>
#include <support/policies.hpp>

using namespace drnet;
using support::Answers;
using support::classify;
using support::Net;
using support::Pictures;

namespace {

/// What every candidate says of every image, [candidate].
std::vector<Answers> ask_all(const Net& net, const ImageBatch<float>& images) {
  std::vector<Answers> all;
  for (int j = 0; j < Net::kCount; ++j)
    all.push_back(classify(Session<Net>(net, Serial{}, {.router = FixedRouter{j}}), images));
  return all;
}

std::span<const float> logits_of(const Answers& answers, std::size_t i) {
  return std::span(answers.logits).subspan(i * 10, 10);
}

/// A threshold for each candidate that about half of the images reach.
CascadeRouter halving_router(const std::vector<Answers>& all, std::vector<double> temperatures) {
  CascadeRouter router{std::vector<double>(Net::kCount), std::move(temperatures)};
  for (std::size_t j = 1; j < all.size(); ++j) {
    std::vector<double> confidences;
    for (std::size_t i = 0; i < all[j].results.size(); ++i)
      confidences.push_back(top_probability(logits_of(all[j], i), router.temperature(static_cast<int>(j))));
    std::sort(confidences.begin(), confidences.end());
    router.thresholds[j] = confidences[confidences.size() / 2];
  }
  return router;
}

}  // namespace

TEST_CASE("A cascade takes the smallest candidate whose confidence reaches its threshold", "[cascade]") {
  const Pictures<float> pictures(40);
  const Net net = support::trained_net();
  const auto all = ask_all(net, pictures.batch());
  for (const std::vector<double>& temperatures : {std::vector<double>{}, {0.5, 1.5, 0.25}}) {
    const CascadeRouter router = halving_router(all, temperatures);
    const Session<Net> session(net, Serial{}, {.router = router, .chunk = 3});
    const Answers answers = classify(session, pictures.batch());
    std::vector<int> used(Net::kCount);
    for (std::size_t i = 0; i < 40; ++i) {
      std::size_t j = 2;
      while (j > 0 && top_probability(logits_of(all[j], i), router.temperature(static_cast<int>(j))) <
                          router.thresholds[j])
        --j;
      CAPTURE(i, j);
      const Classification& result = answers.results[i];
      const Classification& expected = all[j].results[i];
      CHECK(result.candidate == static_cast<int>(j));
      CHECK(result.label == expected.label);
      CHECK(result.probability == expected.probability);
      CHECK(result.resolution == expected.resolution);
      CHECK(support::same_bits(logits_of(answers, i), logits_of(all[j], i)));
      Index macs = 0;
      for (std::size_t k = j; k < 3; ++k) macs += Net::kMacs[k];
      CHECK(session.macs(result) == macs);
      ++used[j];
    }
    CAPTURE(used);
    CHECK(std::count(used.begin(), used.end(), 0) == 0);
  }
}

TEST_CASE("A cascade's first and last candidate", "[cascade]") {
  const Pictures<float> pictures(5);
  const Net net = support::trained_net();
  const auto all = ask_all(net, pictures.batch());
  const auto with = [&](std::vector<double> thresholds) {
    return classify(Session<Net>(net, Serial{}, {.router = CascadeRouter{std::move(thresholds), {}}}),
                    pictures.batch());
  };
  CHECK(with({0, 0, 0}) == all[2]);
  CHECK(with({1, 0, 0}) == all[2]);
  CHECK(with({0, 0, 1}) == all[1]);
  CHECK(with({0, 1, 1}) == all[0]);
  CHECK(with({1, 1, 1}) == all[0]);  // the largest always answers
}

TEST_CASE("A cascade has the same bits under every policy, chunk and call", "[cascade][threads]") {
  const Net net = support::trained_net();
  for (const Index count : {1, 2, 17}) {
    const Pictures<float> pictures(count);
    const CascadeRouter router = halving_router(ask_all(net, pictures.batch()), {0.7, 1.3, 0.9});
    const Answers serial =
        classify(Session<Net>(net, Serial{}, {.router = router, .chunk = 4}), pictures.batch());
    for (const auto& [name, policy] : support::policies())
      for (const bool every : {false, true})
        for (const Index chunk : {1, 5}) {
          CAPTURE(count, name, every, chunk);
          const Session<Net> session(
              net, policy, {.router = router, .chunk = chunk, .compute_all = every, .least_shared_macs = 0});
          CHECK(classify(session, pictures.batch()) == serial);
        }
    Session<Net> session(net, Serial{}, {.router = router});
    for (Index i = 0; i < count; ++i) {
      const auto one = session.classify({pictures.batch().image(i), 1, 3, 24, 24}).front();
      const Classification& expected = serial.results[static_cast<std::size_t>(i)];
      CHECK(one.candidate == expected.candidate);
      CHECK(one.label == expected.label);
      CHECK(one.probability == expected.probability);
    }
  }
}

TEST_CASE("A cascade that computes everything costs everything", "[cascade]") {
  const Net net = support::trained_net();
  const Pictures<float> pictures(2);
  Session<Net> session(net, Serial{}, {.router = CascadeRouter{{0, 0, 0}, {}}, .compute_all = true});
  CHECK(session.macs(session.classify(pictures.batch()).front()) ==
        Net::kMacs[0] + Net::kMacs[1] + Net::kMacs[2]);
}

TEST_CASE("Offsets move the predictor's choice", "[offsets]") {
  const Pictures<float> pictures(23);
  const Net net = support::trained_net(pictures.batch());
  const Session<Net> plain(net);
  auto workspace = plain.make_workspace();
  std::vector<float> choices(23 * 3);
  plain.predictor_logits(pictures.batch(), choices, workspace);
  for (const std::vector<double>& offsets :
       {std::vector<double>{}, {0, 0, 0}, {0, 0.02, -0.01}, {0, 100, 0}, {5, 5, -5}}) {
    const Session<Net> session(net, Serial{}, {.router = PredictorRouter{offsets}});
    const Answers answers = classify(session, pictures.batch());
    for (std::size_t i = 0; i < 23; ++i) {
      int best = 0;
      const auto score = [&](int j) {
        return static_cast<double>(choices[i * 3 + static_cast<std::size_t>(j)]) +
               (offsets.empty() ? 0 : offsets[static_cast<std::size_t>(j)]);
      };
      for (int j = 1; j < 3; ++j)
        if (score(j) > score(best)) best = j;
      CHECK(answers.results[i].candidate == best);
    }
  }
  CHECK(PredictorRouter{{0, 1, 1}}.candidate<float>(std::vector<float>{2, 1, 1}) == 0);  // the first largest
  CHECK(PredictorRouter{{0, 1, 1}}.candidate<float>(std::vector<float>{1, 1, 1}) == 1);
}

TEST_CASE("A session gives logits at every candidate, whatever its router", "[cascade]") {
  const Pictures<float> pictures(9);
  const Net net = support::trained_net();
  const auto all = ask_all(net, pictures.batch());
  for (const auto& [name, policy] : support::policies()) {
    const Session<Net> session(net, policy, {.router = RandomRouter{}, .chunk = 4});
    auto workspace = session.make_workspace();
    std::vector<float> logits(90);
    for (int j = 0; j < 3; ++j) {
      session.logits_at(j, pictures.batch(), logits, workspace);
      CHECK(support::same_bits(logits, all[static_cast<std::size_t>(j)].logits));
    }
    std::vector<float> few(89), choices(26);
    CHECK_THROWS_AS(session.logits_at(0, pictures.batch(), few, workspace), Error);
    CHECK_THROWS_AS(session.logits_at(3, pictures.batch(), logits, workspace), Error);
    CHECK_THROWS_AS(session.logits_at(-1, pictures.batch(), logits, workspace), Error);
    CHECK_THROWS_AS(session.predictor_logits(pictures.batch(), choices, workspace), Error);
  }
}

TEST_CASE("A session refuses cascades and offsets that make no sense", "[cascade]") {
  const Net net = support::trained_net();
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const auto refused = [&](const Router& router) {
    CHECK_THROWS_AS(Session<Net>(net, Serial{}, {.router = router}), Error);
  };
  for (const std::vector<double>& thresholds :
       {std::vector<double>{}, {0.5, 0.5}, {0, 0.5, -0.1}, {0, 1.1, 0.5}, {0, nan, 0.5}, {nan, 0.5, 0.5}})
    refused(CascadeRouter{thresholds, {}});
  for (const std::vector<double>& temperatures :
       {std::vector<double>{1, 1}, {1, 0, 1}, {1, -1, 1}, {1, nan, 1}, {1, 1, infinity}})
    refused(CascadeRouter{{0, 0.5, 0.5}, temperatures});
  for (const std::vector<double>& offsets : {std::vector<double>{1, 1}, {0, nan, 0}, {0, 0, infinity}})
    refused(PredictorRouter{offsets});
  using Fixed = DynamicNetwork<support::TinyClassifier, NoPredictor, support::TinyCandidates>;
  CHECK_NOTHROW(Session<Fixed>(Fixed(), Serial{}, {.router = CascadeRouter{{0, 0.5, 0.5}, {}}}));
}
