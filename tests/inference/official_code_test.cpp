// The published MindSpore code's evaluation, reproduced from a file in its layout, and each of its departures
// from the paper as a switch of its own.
#include <support/official_layout.hpp>
#include <support/temp_dir.hpp>
#include <support/tiny_network.hpp>

#include <drnet/official_code.hpp>

namespace {

using namespace drnet;
using Net = support::OfficialNet;
using support::PlainMap;

constexpr Index kImages = 24;
constexpr std::uint64_t kSeed = 5;

PlainMap crop(const ImageBatch<float>& images, Index i) {
  PlainMap map(3, 24, 24);
  std::copy_n(images.image(i), map.values.size(), map.values.begin());
  return map;
}

/// The layout with the predictor's bias such that each of its logits has mean 0 over these images: then no
/// candidate is the choice for all of them.
support::StoredTensors tensors_for(const ImageBatch<float>& images) {
  support::StoredTensors tensors = support::official_tensors();
  const support::OfficialEvaluation published(tensors);
  auto& bias = tensors.at("predictor.end_point.bias").values;
  for (Index i = 0; i < images.count; ++i) {
    const auto logits = published.predict(crop(images, i));
    for (std::size_t j = 0; j < logits.size(); ++j)
      bias[j] -= static_cast<float>(logits[j] / static_cast<double>(images.count));
  }
  return tensors;
}

/// Gumbel noise of image `i`, candidate `j`.
double noise(Index i, std::size_t j) {
  const double u = Random(kSeed, Purpose::routing, 0, static_cast<std::uint32_t>(i))
                       .uniform<double>(static_cast<std::uint32_t>(j)) +
                   0x1p-25;
  return -std::log(-std::log(u));
}

/// h: one where the logits plus noise are largest.
std::vector<double> gate(const std::vector<double>& logits, Index i) {
  std::vector<double> noisy(logits.size()), h(logits.size(), 0.0);
  for (std::size_t j = 0; j < logits.size(); ++j) noisy[j] = logits[j] + noise(i, j);
  h[static_cast<std::size_t>(std::max_element(noisy.begin(), noisy.end()) - noisy.begin())] = 1;
  return h;
}

OfficialCode official(std::uint64_t seed = kSeed) {
  OfficialCode code;
  std::get<GumbelRouter>(code.session.router).seed = seed;
  return code;
}

struct Answers {
  std::vector<Classification> results;
  std::vector<float> logits;
  std::vector<Index> macs;
  [[nodiscard]] std::vector<int> candidates() const {
    std::vector<int> list;
    for (const Classification& result : results) list.push_back(result.candidate);
    return list;
  }
};

/// Loads the layout and classifies the pictures as the options say.
Answers answer(const OfficialCode& code, const ImageBatch<float>& images) {
  const support::TempDir folder;
  support::write_tensors(folder / "net.safetensors", tensors_for(images));
  Net net(1);
  load(net, folder / "net.safetensors", code.load);
  const Session<Net> session(net, Serial{}, code.session);
  auto workspace = session.make_workspace();
  Answers answers{std::vector<Classification>(static_cast<std::size_t>(images.count)),
                  std::vector<float>(static_cast<std::size_t>(images.count) * 10),
                  {}};
  session.classify(images, answers.results, workspace, answers.logits);
  for (const Classification& result : answers.results) answers.macs.push_back(session.macs(result));
  return answers;
}

}  // namespace

TEST_CASE("The published evaluation is reproduced from a file in its layout") {
  const support::Pictures<float> pictures(kImages);
  const Answers answers = answer(official(), pictures.batch());
  const support::OfficialEvaluation published(tensors_for(pictures.batch()));
  std::vector<int> used(3);
  for (Index i = 0; i < kImages; ++i) {
    CAPTURE(i);
    const PlainMap image = crop(pictures.batch(), i);
    const std::vector<double> h = gate(published.predict(image), i);
    std::vector<double> expected(10);
    for (std::size_t j = 0; j < 3; ++j) {
      const auto part = published.classify(image, static_cast<std::size_t>(Net::Candidates::kValues[j]),
                                           static_cast<int>(j));
      for (std::size_t k = 0; k < 10; ++k) expected[k] += h[j] * part[k];
    }
    const auto& result = answers.results[static_cast<std::size_t>(i)];
    REQUIRE(h[static_cast<std::size_t>(result.candidate)] == 1);
    ++used[static_cast<std::size_t>(result.candidate)];
    CHECK(result.label == std::max_element(expected.begin(), expected.end()) - expected.begin());
    double largest = 0;
    for (const double v : expected) largest = std::max(largest, std::abs(v));
    for (std::size_t k = 0; k < 10; ++k)
      CHECK(double(answers.logits[static_cast<std::size_t>(i) * 10 + k]) ==
            Approx(expected[k]).margin(1e-5 * largest));
  }
  CAPTURE(used);
  CHECK(std::count(used.begin(), used.end(), 0) == 0);  // every bank was looked at
}

TEST_CASE("Each departure of the published code has a switch of its own") {
  const support::Pictures<float> pictures(kImages);
  const Answers all = answer(official(), pictures.batch());
  const auto differs = [&](const OfficialCode& code) {
    return answer(code, pictures.batch()).logits != all.logits;
  };
  OfficialCode code = official();
  CHECK_FALSE(differs(code));

  SECTION("projection shortcuts use bank 0") {
    code.load.projections_use_bank_0 = false;
    const Answers own = answer(code, pictures.batch());
    CHECK(own.candidates() == all.candidates());
    const support::OfficialEvaluation paper(tensors_for(pictures.batch()));
    for (std::size_t i = 0; i < static_cast<std::size_t>(kImages); ++i) {
      const int j = own.results[i].candidate;
      const auto expected =
          paper.classify(crop(pictures.batch(), static_cast<Index>(i)),
                         static_cast<std::size_t>(own.results[i].resolution), j, j);  // its own bank
      for (std::size_t k = 0; k < 10; ++k)
        CHECK(double(own.logits[i * 10 + k]) == Approx(expected[k]).margin(1e-4));
      const bool same = std::equal(own.logits.begin() + static_cast<std::ptrdiff_t>(i * 10),
                                   own.logits.begin() + static_cast<std::ptrdiff_t>(i * 10 + 10),
                                   all.logits.begin() + static_cast<std::ptrdiff_t>(i * 10));
      CHECK(same == (j == 0));
    }
  }
  SECTION("Gumbel noise at evaluation") {
    code.session.router = PredictorRouter{};
    const support::OfficialEvaluation paper(tensors_for(pictures.batch()));
    const Answers quiet = answer(code, pictures.batch());
    CHECK(quiet.candidates() != all.candidates());
    for (Index i = 0; i < kImages; ++i) {
      const auto logits = paper.predict(crop(pictures.batch(), i));
      CHECK(quiet.results[static_cast<std::size_t>(i)].candidate ==
            std::max_element(logits.begin(), logits.end()) - logits.begin());
    }
    CHECK(answer(official(kSeed + 1), pictures.batch()).candidates() != all.candidates());
  }
  SECTION("tau is accepted and has no effect") {
    for (const double tau : {0.01, 0.5, 10.0}) {
      std::get<GumbelRouter>(code.session.router).tau = tau;
      CHECK_FALSE(differs(code));
    }
  }
  SECTION("resizes have no half-pixel centres and no antialias") {
    for (const Resampling resampling : {Resampling::antialiased, Resampling::bilinear}) {
      code.session.resampling = resampling;
      CHECK(differs(code));
    }
  }
  SECTION("every resolution is computed, then masked") {
    code.session.compute_all = false;
    const Answers chosen = answer(code, pictures.batch());
    CHECK(support::same_bits(chosen.logits, all.logits));
    CHECK(chosen.candidates() == all.candidates());
    for (std::size_t i = 0; i < chosen.macs.size(); ++i) {
      CHECK(all.macs[i] == Net::kMacs[0] + Net::kMacs[1] + Net::kMacs[2] + Net::kPredictorMacs);
      CHECK(chosen.macs[i] ==
            Net::kMacs[static_cast<std::size_t>(chosen.results[i].candidate)] + Net::kPredictorMacs);
    }
  }
}

TEST_CASE("The defaults follow the paper") {
  CHECK_FALSE(LoadOptions{}.projections_use_bank_0);
  CHECK(LoadOptions{}.names == WeightNames::torchvision);
  CHECK(std::holds_alternative<PredictorRouter>(SessionOptions{}.router));
  CHECK(SessionOptions{}.resampling == Resampling::antialiased);
  CHECK_FALSE(SessionOptions{}.compute_all);
  CHECK(JointOptions{}.straight_through);
  CHECK_FALSE(OfficialCode{}.joint.straight_through);
}

TEST_CASE(
    "The noise of an image depends on its number, not on its place in the call, the chunk or the threads") {
  const support::Pictures<float> pictures(kImages);
  const ImageBatch<float> images = pictures.batch();
  OfficialCode code = official();
  const Answers all = answer(code, images);
  const Net net(1);
  const Answers other{Session<Net>(net, Serial{}, code.session).classify(images), {}, {}};
  for (const Index chunk : {1, 5}) {
    code.session.chunk = chunk;
    CHECK(answer(code, images).candidates() == all.candidates());
  }
  Session<Net> session(net, Serial{}, code.session);
  for (Index i = 0; i < kImages; ++i) {
    const auto alone = session.classify({images.image(i), 1, 3, 24, 24}, i);
    CHECK(alone.front().candidate == other.candidates()[static_cast<std::size_t>(i)]);
  }
}

TEST_CASE("A Gumbel router chooses with the predictor's probabilities") {
  const std::vector<float> logits{std::log(0.5F) + 3, std::log(0.3F) + 3, std::log(0.2F) + 3};
  std::vector<int> counts(3);
  for (std::uint32_t image = 0; image < 20'000; ++image)
    ++counts[static_cast<std::size_t>(GumbelRouter{}.candidate<float>(image, logits))];
  CHECK(std::abs(counts[0] - 10'000) < 320);  // 4.5 sigma
  CHECK(std::abs(counts[1] - 6'000) < 292);
}

TEST_CASE("A Gumbel router needs a predictor and a temperature above 0") {
  using Blind = DynamicNetwork<support::TinyClassifier, NoPredictor, support::TinyCandidates>;
  CHECK_THROWS_WITH((Session<Blind>(Blind(), Serial{}, {.router = GumbelRouter{}})),
                    support::contains("this network has no predictor, got gumbel"));
  const Net net;
  for (const double tau : {0.0, -1.0, std::nan(""), HUGE_VAL})
    CHECK_THROWS_WITH((Session<Net>(net, Serial{}, {.router = GumbelRouter{.tau = tau}})),
                      support::contains("gumbel router: expected a temperature above 0"));
}
