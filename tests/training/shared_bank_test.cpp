// A network whose candidates share one batch-norm bank against one with a bank for each, all of them alike:
// the logits are the same, and what the banks would have learnt adds up in the one.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Shared = support::TinySharedNet<double>;
using Banked = support::TinyNet<double>;
using support::Pictures;
constexpr Index kImages = 6;

/// Whether every gradient of the shared network is the sum of those of the banks, added in their order.
void check_gradients(Buffer<double>& shared, Buffer<double>& banked) {
  const auto part = [](Buffer<double>& of, const TensorSpec& t) {
    return of.span().subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size));
  };
  for (const TensorSpec& s : Shared::ClassifierNetwork::tensors()) {
    if (!s.trained()) continue;
    CAPTURE(s.name);
    CHECK(s.bank == -1);
    std::vector<double> sum(static_cast<std::size_t>(s.size));
    for (const TensorSpec& t : Banked::ClassifierNetwork::tensors())
      if (t.trained() && support::is_bank_of(t, s))
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part(banked, t)[i];
    CHECK(support::same_bits(part(shared, s), sum));
  }
}

/// Running statistics after batches that moved each bank once from `start`: the shared one takes the steps in
/// turn, new = 0.9 old + 0.1 batch, where 0.1 batch is what the bank's own step added.
void check_statistics(const Shared& start, const Shared& shared, const Banked& banked) {
  for (const TensorSpec& s : Shared::ClassifierNetwork::tensors()) {
    if (s.trained()) continue;
    CAPTURE(s.name);
    const auto before = start.classifier().values(s), after = shared.classifier().values(s);
    std::vector<double> expected(before.begin(), before.end());
    for (const TensorSpec& t : Banked::ClassifierNetwork::tensors())
      if (support::is_bank_of(t, s))
        for (std::size_t i = 0; i < expected.size(); ++i)
          expected[i] = 0.9 * expected[i] + (banked.classifier().values(t)[i] - 0.9 * before[i]);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(after[i] == Approx(expected[i]).epsilon(1e-12));
  }
}

/// Both networks with the same numbers.
struct Pair {
  Shared shared{7};
  Banked banked{7};
  Pair() { support::copy_to_banks(shared, banked); }
};

}  // namespace

TEST_CASE("A shared bank is one set of batch norms without a bank in its names", "[training]") {
  CHECK(Shared::kCount == 3);
  CHECK(Shared::kBanks == 1);
  CHECK(Shared::bank(2) == 0);
  CHECK(Banked::kBanks == 3);
  CHECK(Banked::bank(2) == 2);
  // Two more banks of gamma and beta for 8, 12, 12 and 12 channels.
  CHECK(Banked::kParameters - Shared::kParameters == 2 * 2 * (8 + 12 + 12 + 12));
  for (const TensorSpec& t : Shared::ClassifierNetwork::tensors())
    CHECK(t.name.find("bn_") == std::string::npos);
}

TEST_CASE("Stage 1 teaches a shared bank at every candidate", "[training]") {
  const Pictures<double> pictures(kImages);
  Pair nets;
  const Shared start = nets.shared;
  DynamicStep<Shared> one(kImages);
  DynamicStep<Banked> many(kImages);
  const auto a = one.stage1(Serial{}, nets.shared, pictures.batch(), pictures.labels);
  const auto b = many.stage1(Serial{}, nets.banked, pictures.batch(), pictures.labels);
  CHECK(a.total == b.total);
  CHECK(a.correct == b.correct);
  check_gradients(one.gradients(), many.gradients());
  check_statistics(start, nets.shared, nets.banked);
}

TEST_CASE("A joint step sends images of several candidates to a shared bank", "[training]") {
  const Pictures<double> pictures(kImages);
  std::vector<double> noise(kImages * Shared::kCount);
  for (std::size_t i = 0; i < kImages; ++i) noise[i * Shared::kCount + i % Shared::kCount] = 1e3;
  for (const Estimator estimator : {Estimator::sparse, Estimator::dense}) {
    Pair nets;
    const Shared start = nets.shared;
    DynamicStep<Shared> one(kImages);
    DynamicStep<Banked> many(kImages);
    const JointOptions options{.estimator = estimator, .alpha = 1e-4};
    const auto a = one.joint(Serial{}, nets.shared, pictures.batch(), pictures.labels, noise, options);
    const auto b = many.joint(Serial{}, nets.banked, pictures.batch(), pictures.labels, noise, options);
    CHECK(a.total == b.total);
    CHECK(a.chosen == std::vector<Index>{2, 2, 2});
    check_gradients(one.gradients(), many.gradients());
    check_statistics(start, nets.shared, nets.banked);
    CHECK(support::same_bits(one.predictor_gradients().span(), many.predictor_gradients().span()));
  }
}

TEST_CASE("The optimizer never leaves out a shared bank", "[training]") {
  const Pictures<double> pictures(8);
  for (TrainerOptions options :
       {TrainerOptions{.stage = 2}, TrainerOptions{.stage = 1, .first_stage = FirstStage::sampled}}) {
    options.schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0};
    Shared net(11);
    Trainer<Shared> trainer(net, Serial{}, 1, options);
    std::vector<Index> sent(Shared::kCount);
    for (Index i = 0; i < 8; ++i) {
      const Shared before = net;
      const ImageBatch<double> image{pictures.batch().image(i), 1, 3, 24, 24};
      const std::vector<Index> sample{i};
      const std::vector<int> label{pictures.labels[static_cast<std::size_t>(i)]};
      const auto losses = trainer.step(image, label, sample, 0, 0);
      for (std::size_t j = 0; j < sent.size(); ++j) sent[j] += losses.chosen[j];
      for (const TensorSpec& t : Shared::ClassifierNetwork::tensors()) {
        CAPTURE(t.name, losses.chosen);
        CHECK_FALSE(support::same_bits(net.classifier().values(t), before.classifier().values(t)));
      }
    }
    CAPTURE(sent);
    CHECK(std::count(sent.begin(), sent.end(), 0) < 2);  // images went to several candidates
  }
}
