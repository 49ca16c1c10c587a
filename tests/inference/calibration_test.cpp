// Batch norms measured on images: unfolding leaves the function, calibration gives each bank its own
// statistics.
#include <inference/trained_net.hpp>
#include <kernels/oracle.hpp>

#include <drnet/inference/calibration.hpp>

namespace {

using namespace drnet;
using support::Net;
using support::Pictures;

/// Logits of all images at candidate J in training mode, as one batch.
template <int J>
std::vector<float> training_logits(Net net, const ImageBatch<float>& images, Statistics statistics) {
  using At = Activations<Net::Classifier, Net::kInput<J>, float>;
  At activations(images.count);
  Buffer<float> scratch(At::scratch(images.count));
  ImageScaler<float> scaler;
  for (Index i = 0; i < images.count; ++i) scaler(images, i, activations.input().from(i));
  const Serial serial;
  activations.forward({.policy = serial,
                       .n = images.count,
                       .capacity = images.count,
                       .bank = J,
                       .banks = Net::kCount,
                       .statistics = statistics},
                      net.classifier(), scratch.data());
  std::vector<float> logits(static_cast<std::size_t>(images.count * Net::kClasses));
  to_planar(activations.output(), logits.data(), images.count);
  return logits;
}

/// Largest difference as a share of the largest magnitude of `b`.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0, scale = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(double(a[i]) - double(b[i])));
    scale = std::max(scale, std::abs(double(b[i])));
  }
  return most / scale;
}

template <class F>
void for_each_candidate(F&& f) {
  unroll<Net::kCount>([&](auto j) {
    CAPTURE(static_cast<int>(j));
    f(j);
  });
}

std::span<const float> tensor(const Net& net, const std::string& name) {
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.name == name) return net.classifier().values(t);
  FAIL("no tensor " << name);
  return {};
}

/// A network whose batch norms were folded away: identities with a bias, in every bank.
Net folded_net() {
  Net net = support::trained_net();
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    for (float& v : net.classifier().values(t)) {
      if (t.role == Role::running_mean) v = 0;
      if (t.role == Role::bn_weight) v = 1;
      if (t.role == Role::running_var) v = static_cast<float>(1 - t.eps);
    }
  return net;
}

}  // namespace

TEST_CASE("Unfolding leaves the logits at inference and makes training mode agree with them") {
  const Pictures<float> pictures(20);
  Net net = folded_net();
  const Net before = net;
  unfold_batch_norm(net, pictures.batch(), {}, {.batch = 8});
  for_each_candidate([&](auto j) {
    const auto wanted = training_logits<j>(before, pictures.batch(), Statistics::running);
    CHECK(difference(training_logits<j>(net, pictures.batch(), Statistics::running), wanted) < 1e-5);
    CHECK(difference(training_logits<j>(net, pictures.batch(), Statistics::batch), wanted) < 1e-3);
    CHECK(difference(training_logits<j>(before, pictures.batch(), Statistics::batch), wanted) > 0.1);
  });
}

TEST_CASE(
    "Unfolding gives kernels whose batch norms were folded away the length sqrt(2), and leaves others") {
  const Pictures<float> pictures(20);
  const auto length = [](std::span<const float> kernel) {
    double square = 0;
    for (const float w : kernel) square += double(w) * double(w);
    return std::sqrt(square);
  };
  Net net = folded_net();
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.name == "conv1.weight")  // one channel is dead, one is short, one is long
      for (std::size_t k = 0; k < 27; ++k) {
        const auto w = net.classifier().values(t);
        w[k] = 0;
        w[27 + k] *= 1e-3F;
        w[54 + k] *= 50;
      }
  const Net before = net;
  unfold_batch_norm(net, pictures.batch(), {}, {.batch = 8});
  for_each_candidate([&](auto j) {
    CHECK(difference(training_logits<j>(net, pictures.batch(), Statistics::running),
                     training_logits<j>(before, pictures.batch(), Statistics::running)) < 1e-5);
  });
  std::size_t kernels = 0;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.role == Role::weight && t.shape.size() == 4) {
      const auto size = static_cast<std::size_t>(t.size) / static_cast<std::size_t>(t.shape[0]);
      for (std::size_t c = 0; c < static_cast<std::size_t>(t.shape[0]); ++c, ++kernels) {
        CAPTURE(t.name, c);
        const bool dead = t.name == "conv1.weight" && c == 0;
        CHECK(length(net.classifier().values(t).subspan(c * size, size)) ==
              Approx(dead ? 0 : std::sqrt(2)).epsilon(1e-6));
      }
    }
  CHECK(kernels > 20);

  Net trained = support::trained_net();
  const Net start = trained;
  unfold_batch_norm(trained, pictures.batch(), {}, {.batch = 8});
  CHECK(std::ranges::equal(tensor(trained, "conv1.weight"), tensor(start, "conv1.weight")));
}

TEST_CASE("Unfolding measures mean and variance of what a batch norm reads") {
  const Pictures<float> pictures(7);
  Net net = support::trained_net();
  constexpr Shape in = Net::kInput<0>;
  std::vector<double> y(static_cast<std::size_t>(7 * 8 * in.pixels()));
  const auto weights = tensor(net, "conv1.weight");
  oracle::for_each_product(7, in, 8, Window{3, 1, 1}, 1, [&](std::size_t o, std::size_t i, std::size_t k) {
    y[o] += double(pictures.batch().data[i]) * double(weights[k]);
  });
  unfold_batch_norm(net, pictures.batch(), {}, {.batch = 3});
  for (std::size_t c = 0; c < 8; ++c) {
    double sum = 0, square = 0;
    const auto plane = static_cast<std::size_t>(in.pixels());
    for (std::size_t i = 0; i < 7 * plane; ++i) {
      const double v = y[(i / plane * 8 + c) * plane + i % plane];
      sum += v, square += v * v;
    }
    const double m = static_cast<double>(7 * plane), mean = sum / m;
    CHECK(double(tensor(net, "bn1.bn_0.running_mean")[c]) == Approx(mean).margin(1e-5));
    CHECK(double(tensor(net, "bn1.bn_0.running_var")[c]) == Approx(square / m - mean * mean).epsilon(1e-4));
  }
}

TEST_CASE("A calibrated bank normalizes as a batch of the same images does") {
  const Pictures<float> pictures(16);
  Net net = support::trained_net();
  const Net before = net;
  calibrate_banks(net, pictures.batch(), {}, {.native = 1, .batch = 16});
  for_each_candidate([&](auto j) {
    const auto at_inference = training_logits<j>(net, pictures.batch(), Statistics::running);
    if (j == 1)
      CHECK(at_inference == training_logits<j>(before, pictures.batch(), Statistics::running));
    else
      CHECK(difference(at_inference, training_logits<j>(before, pictures.batch(), Statistics::batch)) < 1e-4);
  });
  CHECK(std::ranges::equal(tensor(net, "bn1.bn_0.weight"), tensor(before, "bn1.bn_0.weight")));
}

TEST_CASE(
    "Matching gives every channel the native mean and variance, also where batch norms were folded away") {
  const Pictures<float> pictures(16);
  Net net = folded_net();
  const Net before = net;
  calibrate_banks(net, pictures.batch(), {}, {.native = 0, .match_native = true, .batch = 16});
  CHECK(difference(training_logits<0>(net, pictures.batch(), Statistics::running),
                   training_logits<0>(before, pictures.batch(), Statistics::running)) < 1e-5);
  for (const char* bank : {"bn_1", "bn_2"})
    for (const char* name : {"weight", "bias"}) {
      const auto path = [&](const char* of) {
        return std::string("layer1.bn2.").append(of).append(".").append(name);
      };
      CHECK(std::ranges::equal(tensor(net, path(bank)), tensor(net, path("bn_0"))));
    }
  CHECK(difference(training_logits<2>(net, pictures.batch(), Statistics::running),
                   training_logits<2>(net, pictures.batch(), Statistics::batch)) < 1e-4);
}

TEST_CASE("Folded batch norms are seen, and matched without being asked") {
  const Pictures<float> pictures(16);
  Net folded = folded_net(), trained = support::trained_net(), fresh{};
  CHECK(has_folded_batch_norms(folded.classifier(), 0));
  CHECK_FALSE(has_folded_batch_norms(trained.classifier(), 0));
  CHECK_FALSE(has_folded_batch_norms(fresh.classifier(), 0));
  Net matched = folded;
  calibrate_banks(folded, pictures.batch(), {}, {.batch = 16});
  calibrate_banks(matched, pictures.batch(), {}, {.match_native = true, .batch = 16});
  CHECK(support::Snapshot<float>(folded) == support::Snapshot<float>(matched));
}

TEST_CASE("No image is left alone in a batch that normalizes itself") {
  const Pictures<float> pictures(3);
  Net uneven = support::trained_net(), together = support::trained_net();
  calibrate_banks(uneven, pictures.batch(), {}, {.batch = 2});
  calibrate_banks(together, pictures.batch(), {}, {.batch = 3});
  CHECK(support::Snapshot<float>(uneven) == support::Snapshot<float>(together));
}

TEST_CASE("Calibration refuses what nothing can be measured on, and leaves the network") {
  const Pictures<float> pictures(4);
  Net net = support::trained_net();
  const support::Snapshot<float> before(net);
  const auto none = ImageBatch<float>{pictures.batch().data, 0, 3, 24, 24};
  const auto grey = ImageBatch<float>{pictures.batch().data, 4, 1, 24, 24};
  CHECK_THROWS_AS(unfold_batch_norm(net, none), Error);
  CHECK_THROWS_AS(unfold_batch_norm(net, grey), Error);
  CHECK_THROWS_AS(calibrate_banks(net, ImageBatch<float>{pictures.batch().data, 1, 3, 24, 24}), Error);
  CHECK_THROWS_AS(calibrate_banks(net, pictures.batch(), {}, {.native = 3}), Error);
  CHECK_THROWS_AS(calibrate_banks(net, pictures.batch(), {}, {.batch = 1}), Error);
  CHECK(support::Snapshot<float>(net) == before);
}

TEST_CASE("Recalibration gives every bank the statistics of its own resolution, and changes nothing else") {
  const Pictures<float> pictures(16);
  Net net = support::trained_net();
  const Net before = net;
  recalibrate(net, pictures.batch(), {}, {.batch = 16});
  for_each_candidate([&](auto j) {
    CHECK(difference(training_logits<j>(net, pictures.batch(), Statistics::running),
                     training_logits<j>(before, pictures.batch(), Statistics::batch)) < 1e-4);
    CHECK(difference(training_logits<j>(before, pictures.batch(), Statistics::running),
                     training_logits<j>(before, pictures.batch(), Statistics::batch)) > 0.1);
  });
  CHECK(std::ranges::equal(net.classifier().parameters().span(), before.classifier().parameters().span()));

  Net native = before;
  calibrate_banks(native, pictures.batch(), {}, {.native = 1, .match_native = false, .batch = 16});
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors()) {
    CAPTURE(t.name);
    CHECK(std::ranges::equal(net.classifier().values(t), native.classifier().values(t)) ==
          (t.bank != 1 || (t.role != Role::running_mean && t.role != Role::running_var)));
  }
}

TEST_CASE("Recalibrated statistics do not depend on those before") {
  const Pictures<float> pictures(12);
  Net one = support::trained_net(), other = one;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.role == Role::running_mean || t.role == Role::running_var)
      for (float& v : other.classifier().values(t)) v = 7;
  recalibrate(one, pictures.batch(), {}, {.batch = 6});
  recalibrate(other, pictures.batch(), {}, {.batch = 6});
  CHECK(support::Snapshot<float>(one) == support::Snapshot<float>(other));
}

TEST_CASE("Recalibration says how far it has come, and stops where it is told to") {
  const Pictures<float> pictures(10);
  Net net = support::trained_net();
  const support::Snapshot<float> before(net);
  std::vector<Index> passed;
  CHECK_THROWS_AS(recalibrate(net, pictures.batch(), {},
                              {.batch = 4,
                               .progress =
                                   [&](Index images) {
                                     passed.push_back(images);
                                     if (images > 20) throw std::runtime_error("enough");
                                   }}),
                  std::runtime_error);
  CHECK(passed == std::vector<Index>{3, 6, 10, 13, 16, 20, 23});
  CHECK(support::Snapshot<float>(net) == before);
}

TEST_CASE("Recalibration refuses too few images and folded batch norms, and leaves the network") {
  const Pictures<float> pictures(4);
  Net net = support::trained_net(), folded = folded_net();
  const support::Snapshot<float> before(net), folded_before(folded);
  CHECK_THROWS_AS(recalibrate(net, ImageBatch<float>{pictures.batch().data, 1, 3, 24, 24}), Error);
  CHECK_THROWS_AS(recalibrate(net, pictures.batch(), {}, {.batch = 1}), Error);
  CHECK_THROWS_WITH(recalibrate(folded, pictures.batch()), support::contains("folded"));
  Net partly = net;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.name.starts_with("layer1.bn2.bn_1."))
      for (float& v : partly.classifier().values(t))
        v = t.role == Role::bn_weight ? 1 : t.role == Role::running_var ? static_cast<float>(1 - t.eps) : 0;
  CHECK_THROWS_WITH(recalibrate(partly, pictures.batch()), support::contains("in bank 1"));
  CHECK(support::Snapshot<float>(net) == before);
  CHECK(support::Snapshot<float>(folded) == folded_before);
}
