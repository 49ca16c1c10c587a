// MobileNetV2 with published weights on real pictures: the preprocessing that belongs to these weights,
// logits, and accuracy at one resolution.
#pragma once

#include <support/catch.hpp>
#include <support/reference.hpp>

#include <drnet/data/augment.hpp>
#include <drnet/data/image_folder.hpp>
#include <drnet/data/loader.hpp>
#include <drnet/data/preparation.hpp>
#include <drnet/inference/session.hpp>
#include <drnet/io/weights.hpp>
#include <drnet/models/mobilenet_v2.hpp>

namespace support {

template <int Resolution>
using MobileNet = drnet::DynamicNetwork<drnet::models::MobileNetV2<1000>, drnet::NoPredictor,
                                        drnet::Resolutions<Resolution>>;

/// The middle 224 x 224 pixels, prepared as the weights' file says: turned by 180 degrees, as these weights
/// were trained with padding at one side only, which turned kernels on turned pictures make the usual
/// symmetric one.
inline drnet::Transform mobilenet_transform(const drnet::SafeTensors& weights) {
  return drnet::preparation_of(weights.metadata(), weights.place())({drnet::center_crop(224)});
}

/// Calls f(batch, results, logits [images][1000]) for the pictures of the sample in batches; stops where f
/// returns false.
template <int Resolution, class F>
void classify_sample(const std::filesystem::path& weights, const std::filesystem::path& data, F&& f) {
  MobileNet<Resolution> net;
  const auto file = drnet::SafeTensors::read(weights / "mobilenet_v2_imagenet.safetensors");
  drnet::load(net, file);
  const drnet::Session<MobileNet<Resolution>> session(net);
  auto workspace = session.make_workspace();
  const drnet::ImageFolder pictures(data / "imagenet-sample" / "images",
                                    {.list = {}, .classes = data / "imagenet-sample" / "classes.txt"});
  const drnet::Loader loader(pictures, mobilenet_transform(file),
                             {.batch = 8, .shuffle = false, .threads = 1});
  std::vector<drnet::Classification> results;
  std::vector<float> logits;
  for (const drnet::Batch& batch : loader.epoch(0)) {
    results.resize(batch.labels.size());
    logits.resize(results.size() * 1000);
    session.classify(batch.view(), results, workspace, logits);
    if (!f(batch, results, logits)) return;
  }
}

/// Accuracy over the whole sample equals the recorded one within two pictures.
template <int Resolution>
void check_sample_accuracy() {
  const auto weights = reference_or_skip("weights"), data = reference_or_skip("data");
  if (!weights || !data) return;
  const auto recorded = load_json(*weights / "mobilenet_v2_accuracy.json");
  drnet::Index correct = 0, images = 0;
  classify_sample<Resolution>(*weights, *data, [&](const auto& batch, const auto& results, const auto&) {
    for (std::size_t i = 0; i < results.size(); ++i) correct += results[i].label == batch.labels[i];
    images += static_cast<drnet::Index>(results.size());
    return true;
  });
  const auto count = recorded.at("images").template get<drnet::Index>();
  const double accuracy = recorded.at("accuracy").at(std::to_string(Resolution)).template get<double>();
  CAPTURE(Resolution, correct, accuracy);
  CHECK(images == count);
  CHECK(std::abs(static_cast<double>(correct) - accuracy * static_cast<double>(count)) <= 2.01);
}

/// The logits of the first eight pictures are the stored ones within 1e-3 of each row's largest magnitude.
template <int Resolution>
void check_sample_logits() {
  const auto weights = reference_or_skip("weights"), data = reference_or_skip("data");
  if (!weights || !data) return;
  const auto stored = drnet::SafeTensors::read(*weights / "mobilenet_v2_logits.safetensors")
                          .values<double>("logits_" + std::to_string(Resolution));
  REQUIRE(stored.size() == 8 * 1000);
  classify_sample<Resolution>(
      *weights, *data, [&](const auto&, const auto&, const std::vector<float>& logits) {
        for (std::size_t row = 0; row < 8; ++row) {
          CAPTURE(Resolution, row);
          const auto part = [row](const auto& values) {
            return std::vector<double>(values.begin() + static_cast<std::ptrdiff_t>(row) * 1000,
                                       values.begin() + static_cast<std::ptrdiff_t>(row + 1) * 1000);
          };
          CHECK(disagreement(part(logits), part(stored), 1e-3) == "");
        }
        return false;
      });
}

}  // namespace support
