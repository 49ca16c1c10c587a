// Stage 1 with ensemble distillation: the whole step against differences of its loss, and runs that stop.
#include <support/catch.hpp>
#include <support/temp_dir.hpp>
#include <support/tiny_network.hpp>

#include <drnet/io/checkpoint.hpp>
#include <drnet/training/trainer.hpp>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>;
using support::Pictures;
constexpr Index kImages = 4;

/// Logits of every candidate in training mode, [candidate][image][class], and the gradient that classifiers
/// have for given gradients of those.
struct Candidates {
  std::array<std::vector<double>, Net::kCount> logits;
  Buffer<double> gradients{Net::ClassifierNetwork::kParameters};

  template <class Gradient>
  void run(Net net, const Pictures<double>& pictures, Gradient gradient) {
    unroll<Net::kCount>([&](auto j) {
      Activations<Net::Classifier, Net::kInput<j>, double> activations(kImages);
      Buffer<double> scratch(activations.scratch(kImages));
      ImageScaler<double> scale;
      for (Index i = 0; i < kImages; ++i) scale(pictures.batch(), i, activations.input().from(i));
      const Serial serial;
      const Pass pass{.policy = serial, .n = kImages, .capacity = kImages, .bank = j, .banks = Net::kBanks};
      activations.forward(pass, net.classifier(), scratch.data());
      logits[j].resize(kImages * Net::kClasses);
      to_planar(activations.output(), logits[j].data(), kImages);
      const std::vector<double> d = gradient(j);
      if (d.empty()) return;
      from_planar(d.data(), activations.output_gradient(), kImages);
      activations.backward(pass, net.classifier(), gradients.data(), scratch.data());
    });
  }
};

TrainerOptions options_of(FirstStage first_stage) {
  return {.first_stage = first_stage,
          .distillation = {.temperature = 2},
          .schedule = {.decay = Decay::constant, .base = 0.05, .warmup = 0},
          .seed = 3};
}

}  // namespace

TEST_CASE("A distilled step of stage 1 makes the gradients of every candidate's logits", "[training]") {
  const Pictures<double> pictures(kImages);
  Net net(7);
  DynamicStep<Net> step(kImages + 1);
  EnsembleDistillation<double> ensemble(Net::kCount, {.temperature = 2});
  ensemble.scores()[0] = 0.5;
  const auto losses = step.stage1_distilled(Serial{}, net, pictures.batch(), pictures.labels, ensemble, 0.1);

  Candidates forward, backward;
  forward.run(Net(7), pictures, [](int) { return std::vector<double>(); });
  EnsembleDistillation<double> expected(Net::kCount, {.temperature = 2});
  expected.scores()[0] = 0.5;
  expected.begin();
  auto gradients = forward.logits;
  double total = 0;
  for (std::size_t i = 0; i < kImages; ++i) {
    std::vector<std::span<const double>> z;
    std::vector<std::span<double>> dz;
    for (std::size_t j = 0; j < Net::kCount; ++j) {
      z.push_back(std::span(forward.logits[j]).subspan(i * Net::kClasses, Net::kClasses));
      dz.push_back(std::span(gradients[j]).subspan(i * Net::kClasses, Net::kClasses));
    }
    total += expected.add(z, pictures.labels[i], 0.1, 1.0 / kImages, dz).total() / kImages;
  }
  CHECK(losses.total == Approx(total).epsilon(1e-12));
  CHECK(losses.total == losses.cross_entropy + losses.distillation);
  CHECK(losses.distillation > 0);
  CHECK(losses.samples == kImages * Net::kCount);
  CHECK(losses.chosen == std::vector<Index>(Net::kCount, kImages));
  CHECK(ensemble.gradient() == expected.gradient());
  backward.run(Net(7), pictures, [&](int j) { return gradients[static_cast<std::size_t>(j)]; });
  CHECK(support::same_bits(step.gradients().span(), backward.gradients.span()));

  Net plain(7);
  const auto without = step.stage1(Serial{}, plain, pictures.batch(), pictures.labels, 0.1);
  CHECK(losses.cross_entropy == Approx(without.cross_entropy).epsilon(1e-12));
  CHECK(losses.correct == without.correct);
  CHECK(losses.macs == without.macs);
  CHECK(support::Snapshot<double>(plain) == support::Snapshot<double>(net));  // the same running statistics
}

TEST_CASE("A trainer learns the ensemble's weights, and distillation teaches another network", "[training]") {
  const Pictures<double> pictures(kImages);
  Net distilled(7), plain(7);
  Trainer<Net> a(distilled, Serial{}, kImages, options_of(FirstStage::distilled));
  Trainer<Net> b(plain, Serial{}, kImages, options_of(FirstStage::summed));
  const std::vector<double> start(a.state()[1].second.begin(), a.state()[1].second.end());
  CHECK(a.state()[1].first == "ensemble_scores");
  for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
    a.step(pictures.batch(), pictures.labels, pictures.indices, epoch, epoch);
    b.step(pictures.batch(), pictures.labels, pictures.indices, epoch, epoch);
  }
  CHECK_FALSE(support::same_bits(a.state()[1].second, start));
  CHECK_FALSE(support::Snapshot<double>(distilled) == support::Snapshot<double>(plain));
  CHECK(a.state().size() == 3);
  CHECK(b.state().size() == 1);
}

TEST_CASE("A distilled run goes on from a checkpoint to the bit", "[training]") {
  const Pictures<double> pictures(kImages);
  const auto train = [&](Trainer<Net>& trainer, std::uint32_t from, std::uint32_t to) {
    for (; from < to; ++from) trainer.step(pictures.batch(), pictures.labels, pictures.indices, from, from);
  };
  Net whole(7), first(7), second(99);
  Trainer<Net> uninterrupted(whole, Serial{}, kImages, options_of(FirstStage::distilled));
  train(uninterrupted, 0, 4);
  const support::TempDir folder;
  {
    Trainer<Net> trainer(first, Serial{}, kImages, options_of(FirstStage::distilled));
    train(trainer, 0, 2);
    save_checkpoint(folder / "run.safetensors", first, trainer.state(), {});
  }
  Trainer<Net> trainer(second, Serial{}, kImages, options_of(FirstStage::distilled));
  load_checkpoint(folder / "run.safetensors", second, trainer.state());
  train(trainer, 2, 4);
  CHECK(support::Snapshot<double>(second) == support::Snapshot<double>(whole));
  for (std::size_t i = 0; i < trainer.state().size(); ++i)
    CHECK(support::same_bits(trainer.state()[i].second, uninterrupted.state()[i].second));
}

TEST_CASE("One candidate has nobody to learn from", "[training]") {
  using One = DynamicNetwork<support::TinyClassifier, NoPredictor, Resolutions<24>, double>;
  const Pictures<double> pictures(kImages);
  One distilled(7), summed(7);
  Trainer<One> a(distilled, Serial{}, kImages, options_of(FirstStage::distilled));
  Trainer<One> b(summed, Serial{}, kImages, options_of(FirstStage::summed));
  const auto losses = a.step(pictures.batch(), pictures.labels, pictures.indices, 0, 0);
  CHECK(losses.total == b.step(pictures.batch(), pictures.labels, pictures.indices, 0, 0).total);
  CHECK(support::Snapshot<double>(distilled) == support::Snapshot<double>(summed));
  CHECK(a.state().size() == b.state().size());
}

TEST_CASE("Distillation wants a temperature above 0", "[training]") {
  Net net(7);
  TrainerOptions options = options_of(FirstStage::distilled);
  options.distillation.temperature = 0;
  CHECK_THROWS_AS(Trainer<Net>(net, Serial{}, kImages, options), Error);
}
