// Which images pass through the classifier at which candidate, seen by a layer that counts them.
#include <support/catch.hpp>

#include <drnet/inference/session.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/sequential.hpp>

#include <map>

namespace {

using namespace drnet;

/// The identity; notes how many images of each height it inferred.
struct CountImages : PlainLayer {
  static constexpr std::string_view kName = "CountImages";
  static inline std::map<int, Index> seen;
  static constexpr Shape output(Shape in) { return in; }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, elements(x));
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>) assign(pass, dx, elements(dy));
  }
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T*, T*) {
    assign(pass, y, elements(x));
    seen[X::kShape.height] += pass.n;
  }
};

using Topology =
    Sequential<CountImages, Conv2d<ConvOptions{.out = 4, .kernel = 3}>, GlobalAveragePool, Linear<3>>;
using Net = DynamicNetwork<Topology, NoPredictor, Resolutions<16, 12, 8>>;

std::map<int, Index> counted(Session<Net> session, const ImageBatch<float>& images) {
  CountImages::seen.clear();
  static_cast<void>(session.classify(images));
  return CountImages::seen;
}

}  // namespace

TEST_CASE("An image passes through its candidate alone, or through all where all are computed") {
  const Net net(1);
  const std::vector<float> pixels(7 * 3 * 16 * 16, 0.5F);
  const ImageBatch<float> images{pixels.data(), 7, 3, 16, 16};
  const auto with = [&](Router router, bool all) {
    return Session(net, Serial{}, {.router = std::move(router), .compute_all = all});
  };
  CHECK(counted(with(FixedRouter{1}, false), images) == std::map<int, Index>{{12, 7}});
  CHECK(counted(with(FixedRouter{1}, true), images) == std::map<int, Index>{{16, 7}, {12, 7}, {8, 7}});
  const auto shared = counted(with(RandomRouter{.seed = 3}, false), images);
  Index sum = 0;
  for (const auto& [height, count] : shared) sum += count;
  CHECK(sum == 7);
  CHECK(shared.size() > 1);
}
