// A network is a type made of layers. Its shapes and multiply-adds are constants, and a dynamic network of it
// is one line more: candidates, predictor, classifier.
#include <drnet/drnet.hpp>

#include <cstdio>

using namespace drnet;

// 3 x 3 convolutions with residual blocks, a stride of 2 half way, and a head for 4 classes.
using Tiny =
    Sequential<Conv2d<ConvOptions{.out = 16, .kernel = 3}>, BatchNorm, ReLU, Repeat<2, BasicBlock<16>>,
               BasicBlock<32, BlockOptions{.stride = 2}>, GlobalAveragePool, Linear<4>>;

using Candidates = Resolutions<32, 16>;
using Predictor =
    models::ResolutionPredictor<16, models::PredictorOptions{
                                        .widths = {8, 16, 0, 0}, .depth = 1, .small_stem = true}>;
using Net = DynamicNetwork<Tiny, Predictor, Candidates>;

// What a layer costs is known before anything runs: output pixels x kernel x channels in x channels out.
static_assert(macs<Conv2d<ConvOptions{.out = 16, .kernel = 3}>, 32> == 32 * 32 * 9 * 3 * 16);
// Four layers in a row that fit, and three that do not: Linear reads 1 x 1 pixels.
static_assert(valid<Tiny, Shape{3, 32, 32}>);
static_assert(
    !valid<Sequential<Conv2d<ConvOptions{.out = 16, .kernel = 3}>, ReLU, Linear<4>>, Shape{3, 32, 32}>);

int main() {
  const Net net(/*seed=*/1);
  std::printf("%lld parameters, predictor included\n", static_cast<long long>(Net::kParameters));
  for (std::size_t j = 0; j < Net::kMacs.size(); ++j)
    std::printf("%d px: %lld multiply-adds\n", Candidates::kValues[j], static_cast<long long>(Net::kMacs[j]));
  std::printf("predictor: %lld\n", static_cast<long long>(Net::kPredictorMacs));
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.name.starts_with("1."))
      std::printf("%s [%s]\n", t.name.c_str(), join(t.shape).c_str());  // both banks
}
