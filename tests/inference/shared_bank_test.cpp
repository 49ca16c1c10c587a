// Inference, files and measured batch norms of a network whose candidates share one batch-norm bank, beside
// one with a bank for each, all of them alike.
#include <support/catch.hpp>
#include <support/temp_dir.hpp>
#include <support/tiny_network.hpp>

#include <drnet/inference/calibration.hpp>
#include <drnet/inference/session.hpp>
#include <drnet/io/weights.hpp>

namespace {

using namespace drnet;
using Shared = support::TinySharedNet<>;
using Banked = support::TinyNet<>;
using support::Pictures;
constexpr Index kImages = 7;

/// A network with batch norms that do something.
Shared varied_net() {
  Shared net(21);
  const Random random(3, Purpose::check);
  std::uint32_t draw = 0;
  for (const TensorSpec& t : Shared::ClassifierNetwork::tensors())
    for (float& v : net.classifier().values(t)) {
      ++draw;
      if (t.role == Role::running_mean || t.role == Role::bn_bias) v = random.uniform(draw, -0.3F, 0.3F);
      if (t.role == Role::running_var || t.role == Role::bn_weight) v = random.uniform(draw, 0.5F, 1.5F);
    }
  return net;
}

template <class Net>
std::vector<float> logits_at(const Net& net, const Pictures<float>& pictures, Router router) {
  const Session<Net> session(net, Serial{}, {.router = std::move(router)});
  auto workspace = session.make_workspace();
  std::vector<Classification> results(kImages);
  std::vector<float> logits(kImages * Net::kClasses);
  session.classify(pictures.batch(), results, workspace, logits);
  return logits;
}

std::vector<Router> routers() {
  std::vector<Router> list{PredictorRouter{}};
  for (int j = 0; j < Shared::kCount; ++j) list.emplace_back(FixedRouter{j});
  return list;
}

/// The moments of the three candidates' values together: mean of means, mean of squares.
void check_pooled(const Shared& shared, const Banked& banked) {
  const auto& tensors = Shared::ClassifierNetwork::tensors();
  for (std::size_t k = 0; k + 1 < tensors.size(); ++k) {
    if (tensors[k].role != Role::running_mean) continue;
    CAPTURE(tensors[k].name);
    const auto size = static_cast<std::size_t>(tensors[k].size);
    std::vector<double> mean(size), square(size);
    const auto& of = Banked::ClassifierNetwork::tensors();
    for (std::size_t i = 0; i < of.size(); ++i)
      for (std::size_t c = 0; c < size && support::is_bank_of(of[i], tensors[k]); ++c) {
        const double m = double(banked.classifier().values(of[i])[c]);
        mean[c] += m / Banked::kCount;
        square[c] += (double(banked.classifier().values(of[i + 1])[c]) + m * m) / Banked::kCount;
      }
    for (std::size_t c = 0; c < size; ++c) {
      CHECK(double(shared.classifier().values(tensors[k])[c]) == Approx(mean[c]).margin(1e-5));
      CHECK(double(shared.classifier().values(tensors[k + 1])[c]) ==
            Approx(square[c] - mean[c] * mean[c]).epsilon(1e-4));
    }
  }
}

}  // namespace

TEST_CASE("A session normalizes every candidate with the shared bank") {
  const Pictures<float> pictures(kImages);
  const Shared shared = varied_net();
  Banked banked(1);
  support::copy_to_banks(shared, banked);
  for (const Router& router : routers())
    CHECK(support::same_bits(logits_at(shared, pictures, router), logits_at(banked, pictures, router)));
}

TEST_CASE("Weights with a shared bank fill every bank, and those with several do not fit into one") {
  const support::TempDir folder;
  const Pictures<float> pictures(kImages);
  const Shared shared = varied_net();
  save(shared, folder / "shared.safetensors");
  Shared again(1);
  load(again, folder / "shared.safetensors");
  CHECK(support::Snapshot<float>(again) == support::Snapshot<float>(shared));
  Banked banked(1);
  load(banked, folder / "shared.safetensors");
  for (const Router& router : routers())
    CHECK(support::same_bits(logits_at(banked, pictures, router), logits_at(shared, pictures, router)));
  save(banked, folder / "banked.safetensors");
  CHECK_THROWS_WITH(load(again, folder / "banked.safetensors"),
                    support::contains("batch norms in 3 banks instead of 1"));
  // A candidate as a plain network: the same tensors for each.
  for (int j = 0; j < Shared::kCount; ++j) {
    export_candidate(shared, j, folder / "candidate.safetensors");
    DynamicNetwork<support::TinyClassifier, NoPredictor, Resolutions<24>> plain(1);
    load(plain, folder / "candidate.safetensors");
    CHECK(
        support::same_bits(plain.classifier().statistics().span(), shared.classifier().statistics().span()));
  }
}

TEST_CASE("Unfolding a shared bank measures it at all candidates and leaves the logits") {
  const Pictures<float> pictures(kImages);
  const Shared before = varied_net();
  Shared shared = before;
  Banked banked(1);
  support::copy_to_banks(before, banked);
  unfold_batch_norm(shared, pictures.batch(), {}, {.batch = 4});
  unfold_batch_norm(banked, pictures.batch(), {}, {.batch = 4});
  for (const Router& router : routers()) {
    const auto now = logits_at(shared, pictures, router), then = logits_at(before, pictures, router);
    for (std::size_t i = 0; i < now.size(); ++i) CHECK(now[i] == Approx(then[i]).margin(1e-4));
  }
  check_pooled(shared, banked);
}

TEST_CASE("Recalibrating a shared bank measures it at all candidates") {
  const Pictures<float> pictures(kImages);
  Shared shared = varied_net();
  Banked banked(1);
  support::copy_to_banks(shared, banked);
  recalibrate(shared, pictures.batch(), {}, {.batch = 4});
  recalibrate(banked, pictures.batch(), {}, {.batch = 4});
  check_pooled(shared, banked);
}

TEST_CASE("There is nothing to calibrate in a shared bank") {
  const Pictures<float> pictures(kImages);
  Shared net = varied_net();
  CHECK_THROWS_WITH(calibrate_banks(net, pictures.batch()), support::contains("a bank for each candidate"));
  CHECK(support::Snapshot<float>(net) == support::Snapshot<float>(varied_net()));
}
