// A program that uses drnet as any user would: it classifies images with a network of its own topology, once
// on one thread and once on two. The same file is built in four ways.
#include <drnet/drnet.hpp>

#include <iostream>
#include <vector>

using Tiny =
    drnet::Sequential<drnet::Conv2d<drnet::ConvOptions{.out = 16, .kernel = 3}>, drnet::BatchNorm,
                      drnet::ReLU, drnet::BasicBlock<16>, drnet::GlobalAveragePool, drnet::Linear<10>>;
using Predictor = drnet::models::ResolutionPredictor<16, drnet::models::PredictorOptions{
                                                             .widths = {16, 0, 0, 0}, .small_stem = true}>;
using Net = drnet::DynamicNetwork<Tiny, Predictor, drnet::Resolutions<32, 16>>;

static_assert(drnet::macs<Tiny, 32> > 3 * drnet::macs<Tiny, 16>);

int main() {
  constexpr int kImages = 6, kSide = 32;
  const drnet::Random random(7, drnet::Purpose::synthetic);
  std::vector<float> pixels(kImages * 3 * kSide * kSide);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = random.uniform(static_cast<std::uint32_t>(i), -1.0F, 1.0F);
  const drnet::ImageBatch<float> images{pixels.data(), kImages, 3, kSide, kSide};

  const Net net(1);
  drnet::Session<Net> session(net);
  const auto results = session.classify(images);
  for (const auto& r : results) {
    std::cout << "class " << r.label << " with probability " << r.probability << " at " << r.resolution
              << '\n';
    if (r.label < 0 || r.label >= 10 || r.probability < 0.1F || (r.resolution != 32 && r.resolution != 16))
      return 1;
  }

#if DRNET_WITH_OPENMP
  drnet::Session<Net> threaded(net, drnet::OpenMP{2});
  const auto again = threaded.classify(images);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (again[i].label != results[i].label || again[i].probability != results[i].probability) return 2;
#endif

  try {
    static_cast<void>(session.classify(drnet::ImageBatch<float>{pixels.data(), kImages, 1, kSide, kSide}));
  } catch (const drnet::Error& error) {
    std::cout << error.what() << '\n';
    return 0;
  }
  return 3;
}
