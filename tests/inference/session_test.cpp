// Sessions: the same answers as the layers give, in the order of the images, from any number of threads.
#include <inference/trained_net.hpp>
#include <support/policies.hpp>

#include <drnet/training/trainer.hpp>

#include <thread>

using namespace drnet;
using support::Answers;
using support::check_answer;
using support::classify;
using support::Net;
using support::Pictures;

TEST_CASE("A session gives the layers' answers for each image, in the order of the images") {
  const Pictures<float> pictures(23);
  Net net = support::trained_net(pictures.batch());
  const Answers answers = classify(Session<Net>(net), pictures.batch());
  std::vector<int> used(Net::kCount);
  for (Index i = 0; i < 23; ++i) {
    check_answer(net, pictures.batch(), answers, i);
    const int candidate = answers.results[static_cast<std::size_t>(i)].candidate;
    const auto choice = support::frozen_output<Net::PredictorTopology, Net::kPredictorInput>(
        net.predictor(), 0, pictures.batch(), i);
    CHECK(candidate == argmax<float>(choice));
    ++used[static_cast<std::size_t>(candidate)];
  }
  CAPTURE(used);
  CHECK(std::count(used.begin(), used.end(), 0) < Net::kCount - 1);  // else there is no order to keep
}

TEST_CASE("Answers do not depend on the other images, the chunk, or the call") {
  const Pictures<float> pictures(13);
  const Net net = support::trained_net(pictures.batch());
  const Answers all = classify(Session<Net>(net), pictures.batch());
  for (const Index chunk : {1, 2, 5, 64}) {
    CAPTURE(chunk);
    CHECK(classify(Session<Net>(net, Serial{}, {.chunk = chunk}), pictures.batch()) == all);
  }
  Session<Net> session(net);
  for (Index i = 0; i < 13; ++i) {
    const auto results = session.classify({pictures.batch().image(i), 1, 3, 24, 24});
    REQUIRE(results.size() == 1);
    CHECK(results[0].label == all.results[static_cast<std::size_t>(i)].label);
    CHECK(results[0].probability == all.results[static_cast<std::size_t>(i)].probability);
  }
}

TEST_CASE("A random router draws for the number of an image, not for its place in the call") {
  const Pictures<float> pictures(40);
  Session<Net> session(support::trained_net(pictures.batch()), Serial{}, {.router = RandomRouter{5}});
  const auto all = session.classify(pictures.batch());
  std::vector<int> used(Net::kCount);
  for (Index i = 0; i < 40; ++i) {
    const int candidate = all[static_cast<std::size_t>(i)].candidate;
    CHECK(session.classify({pictures.batch().image(i), 1, 3, 24, 24}, i).front().candidate == candidate);
    ++used[static_cast<std::size_t>(candidate)];
  }
  CHECK(std::count(used.begin(), used.end(), 0) == 0);
}

TEST_CASE("Element-wise layers with nothing before them to fold into infer as passes of their own") {
  using Branch = Sequential<BatchNorm, ReLU, Conv2d<ConvOptions{.out = 8, .kernel = 3}>, BatchNorm>;
  using PreActivation = Sequential<Conv2d<ConvOptions{.out = 8, .kernel = 3}>, Residual<Branch>,
                                   Residual<Sequential<ReLU, Conv2d<ConvOptions{.out = 8, .kernel = 1}>>>,
                                   Identity, GlobalAveragePool, Linear<10>>;
  using Small = DynamicNetwork<PreActivation, NoPredictor, Resolutions<12, 8>>;
  const Pictures<float> pictures(6);
  Small net(3);
  Trainer<Small> trainer(net, Serial{}, 6, {.schedule = {.base = 0.05, .warmup = 0, .total = 2}});
  const std::vector<int> labels{0, 1, 2, 3, 4, 5};
  const std::vector<Index> samples{0, 1, 2, 3, 4, 5};
  trainer.step(pictures.batch(), labels, samples, 0, 0.0);
  unroll<2>([&](auto j) {
    Session<Small> session(net, Serial{}, {.router = FixedRouter{j}});
    auto workspace = session.make_workspace();
    std::vector<Classification> results(6);
    std::vector<float> logits(60);
    session.classify(pictures.batch(), results, workspace, logits);
    for (Index i = 0; i < 6; ++i) {
      const auto expected =
          support::frozen_output<PreActivation, Small::kInput<j>>(net.classifier(), j, pictures.batch(), i);
      for (std::size_t k = 0; k < 10; ++k)
        CHECK(logits[static_cast<std::size_t>(i) * 10 + k] == Approx(expected[k]).margin(1e-5));
    }
  });
}

TEST_CASE("Answers have the same bits under every policy and number of threads", "[threads]") {
  const Net net = support::trained_net(Pictures<float>(17).batch());
  for (const Index count : {1, 2, 17}) {  // fewer chunks than threads, and more
    const Pictures<float> pictures(count);
    const Answers serial = classify(Session<Net>(net, Serial{}, {.chunk = 4}), pictures.batch());
    for (const auto& [name, policy] : support::policies())
      for (const bool all : {false, true}) {
        CAPTURE(count, name, all);
        for (const Index least : {Index{0}, SessionOptions{}.least_shared_macs}) {
          const Session<Net> session(net, policy,
                                     {.chunk = 4, .compute_all = all, .least_shared_macs = least});
          CHECK(classify(session, pictures.batch()) == serial);
        }
      }
  }
}

TEST_CASE("Many threads may classify with one session, each with its workspace", "[threads]") {
  const Pictures<float> pictures(9);
  const Net net = support::trained_net(pictures.batch());
  const Session<Net> session(net);
  const Answers expected = classify(session, pictures.batch());
  std::vector<int> same(6);
  std::vector<std::jthread> callers;
  for (int& mine : same)
    callers.emplace_back([&] {
      for (int i = 0; i < 4; ++i) mine += classify(session, pictures.batch()) == expected;
    });
  callers.clear();  // joins
  CHECK(same == std::vector<int>(6, 4));
}

TEST_CASE("A fixed router uses its candidate") {
  Net net = support::trained_net();
  const Pictures<float> pictures(6);
  for (int j = 0; j < Net::kCount; ++j) {
    const Session<Net> session(net, Serial{}, {.router = FixedRouter{j}});
    const Answers answers = classify(session, pictures.batch());
    for (Index i = 0; i < 6; ++i) {
      CHECK(answers.results[static_cast<std::size_t>(i)].candidate == j);
      check_answer(net, pictures.batch(), answers, i);
    }
  }
}

TEST_CASE("A random router keeps to its shares and its seed") {
  const Net net = support::trained_net();
  const Pictures<float> pictures(200);
  const auto counts = [&](const RandomRouter& router) {
    std::vector<int> count(Net::kCount);
    const Session<Net> session(net, Serial{}, {.router = router});
    const Answers answers = classify(session, pictures.batch());
    for (const Classification& result : answers.results) ++count[static_cast<std::size_t>(result.candidate)];
    CHECK(classify(session, pictures.batch()) == answers);
    return count;
  };
  for (const int count : counts({.seed = 1, .shares = {}}))
    CHECK(std::abs(count - 200 / 3.0) < 30);  // 4.5 sigma
  CHECK(counts({.seed = 1, .shares = {}}) != counts({.seed = 2, .shares = {}}));
  CHECK(counts({.seed = 1, .shares = {0, 1, 0}}) == std::vector<int>{0, 200, 0});
}

TEST_CASE("The multiply-adds of an answer include the predictor where it was asked") {
  const Net net = support::trained_net();
  const Pictures<float> pictures(2);
  Session<Net> predicted(net), fixed(net, Serial{}, {.router = FixedRouter{1}});
  const auto result = predicted.classify(pictures.batch()).front();
  CHECK(predicted.macs(result) ==
        Net::kMacs[static_cast<std::size_t>(result.candidate)] + Net::kPredictorMacs);
  CHECK(fixed.macs(fixed.classify(pictures.batch()).front()) == Net::kMacs[1]);
}

TEST_CASE("No images have no answers") {
  Session<Net> session(support::trained_net());
  CHECK(session.classify({nullptr, 0, 3, 24, 24}).empty());
  CHECK(session.classify({nullptr, 0, 3, 0, 0}).empty());
}

TEST_CASE("Images of any size are resized to the candidates") {
  Net net = support::trained_net();
  const Session<Net> session(net);
  for (const int side : {1, 2, 7, 16, 33, 100}) {
    const Pictures<float> pictures(3, side);
    const Answers answers = classify(session, pictures.batch());
    for (Index i = 0; i < 3; ++i) check_answer(net, pictures.batch(), answers, i);
  }
  const std::vector<float> values(3 * 5 * 41, 0.5F);  // and of any aspect
  const ImageBatch<float> wide{values.data(), 1, 3, 5, 41};
  check_answer(net, wide, classify(session, wide), 0);
}

TEST_CASE("A session refuses images and results that do not fit") {
  Session<Net> session(support::trained_net());
  const Pictures<float> pictures(2);
  const auto images = pictures.batch();
  for (const ImageBatch<float>& bad :
       {ImageBatch<float>{images.data, -1, 3, 24, 24}, ImageBatch<float>{images.data, 1, 1, 24, 24},
        ImageBatch<float>{images.data, 1, 3, 0, 24}, ImageBatch<float>{images.data, 1, 3, 24, -2}})
    CHECK_THROWS_AS(static_cast<void>(session.classify(bad)), Error);
  auto workspace = session.make_workspace();
  std::vector<Classification> one(1), two(2);
  std::vector<float> logits(19);
  CHECK_THROWS_AS(session.classify(images, one, workspace), Error);
  CHECK_THROWS_AS(session.classify(images, two, workspace, logits), Error);
}

TEST_CASE("A session refuses routers and options that its network cannot serve") {
  const Net net = support::trained_net();
  const auto refused = [&](const SessionOptions& options) {
    CHECK_THROWS_AS(Session<Net>(net, Serial{}, options), Error);
  };
  refused({.chunk = 0});
  refused({.chunk = -4});
  refused({.router = FixedRouter{3}});
  refused({.router = FixedRouter{-1}});
  for (const std::vector<double>& shares :
       {std::vector{0.5, 0.5}, {0.5, -0.5, 1.0}, {0.5, std::nan(""), 0.5}, {0.5, 0.5, 0.5}, {0.0, 0.0, 0.0}})
    refused({.router = RandomRouter{.seed = 0, .shares = shares}});
  using Fixed = DynamicNetwork<support::TinyClassifier, NoPredictor, support::TinyCandidates>;
  const Fixed fixed;
  CHECK_THROWS_AS(Session<Fixed>(fixed), Error);
  CHECK_NOTHROW(Session<Fixed>(fixed, Serial{}, {.router = FixedRouter{1}}));
}

TEST_CASE("A network with one candidate needs no router") {
  using Single = DynamicNetwork<support::TinyClassifier, NoPredictor, Resolutions<16>>;
  Session<Single> session{Single()};
  const Pictures<float> pictures(2);
  const auto results = session.classify(pictures.batch());
  REQUIRE(results.size() == 2);
  CHECK(results[1].resolution == 16);
  CHECK(session.macs(results[1]) == Single::kMacs[0]);
}
