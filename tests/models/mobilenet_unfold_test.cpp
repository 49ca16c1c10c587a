// Unfolding the batch norms of published MobileNetV2 weights, measured on real pictures.
#include <models/mobilenet_imagenet.hpp>

#include <drnet/inference/calibration.hpp>

namespace {

using Net = support::MobileNet<96>;

std::vector<float> logits(const Net& net, const drnet::ImageBatch<float>& images) {
  const drnet::Session<Net> session(net);
  auto workspace = session.make_workspace();
  std::vector<drnet::Classification> results(static_cast<std::size_t>(images.count));
  std::vector<float> values(results.size() * 1000);
  session.classify(images, results, workspace, values);
  return values;
}

}  // namespace

TEST_CASE("Unfolding published MobileNetV2 weights leaves their logits at 96", "[reference]") {
  const auto weights = support::reference_or_skip("weights"), data = support::reference_or_skip("data");
  if (!weights || !data) return;
  Net net;
  const auto file = drnet::SafeTensors::read(*weights / "mobilenet_v2_imagenet.safetensors");
  drnet::load(net, file);
  const auto sample = *data / "imagenet-sample";
  const drnet::ImageFolder pictures(sample / "images", {.list = {}, .classes = sample / "classes.txt"});
  const drnet::Loader loader(pictures, support::mobilenet_transform(file),
                             {.batch = 32, .seed = 1, .threads = 0});
  for (const drnet::Batch& batch : loader.epoch(0)) {
    const auto images = batch.view();
    REQUIRE(images.count == 32);
    auto checked = images;
    checked.count = 16;
    const auto expected = logits(net, checked);
    REQUIRE(drnet::has_folded_batch_norms(net.classifier(), 0));
    drnet::unfold_batch_norm(net, images);
    CHECK_FALSE(drnet::has_folded_batch_norms(net.classifier(), 0));
    const auto actual = logits(net, checked);
    for (std::size_t row = 0; row < 16; ++row) {
      CAPTURE(row);
      const auto part = [row](const std::vector<float>& values) {
        return std::span(values).subspan(row * 1000, 1000);
      };
      CHECK(support::disagreement(part(actual), part(expected), 1e-4) == "");
    }
    break;
  }
}
