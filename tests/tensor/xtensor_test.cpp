#include <support/catch.hpp>

#include <drnet/tensor/xtensor.hpp>

#include <numeric>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>

namespace {

using namespace drnet;

/// Images whose element (n, c, y, x) is its row-major index plus one.
template <class T>
PlanarTensor<T> counted(std::array<std::size_t, 4> shape) {
  PlanarTensor<T> images(shape);
  std::iota(images.begin(), images.end(), T(1));
  return images;
}

}  // namespace

TEMPLATE_TEST_CASE("A feature map is an xtensor view of five dimensions", "[xtensor]", float, double) {
  constexpr Shape shape{19, 3, 5};
  constexpr int lanes = kLanes<TestType>;
  FeatureTensor<TestType, shape, 2> tensor(2);
  from_xtensor(counted<TestType>({2, 19, 3, 5}), tensor.view());
  const auto view = xtensor_view(std::as_const(tensor).view(), 2);
  REQUIRE(view.dimension() == 5);
  CHECK(view.shape(0) == 2);
  CHECK(view.shape(1) == std::size_t(tensor.view().kBlocks));
  CHECK(view.shape(2) == 3);
  CHECK(view.shape(3) == 5);
  CHECK(view.shape(4) == std::size_t(lanes));
  for (int n = 0; n < 2; ++n)
    for (int c = 0; c < 19; ++c)
      for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 5; ++x)
          REQUIRE(view(n, c / lanes, y, x, c % lanes) == TestType(((n * 19 + c) * 3 + y) * 5 + x + 1));
  const double count = 2 * 19 * 3 * 5;  // lanes behind the last channel are zero
  CHECK(double(xt::sum(view)()) == Approx(count * (count + 1) / 2));
}

TEST_CASE("Writing to the view writes to the map, not to its halo", "[xtensor]") {
  FeatureTensor<float, Shape{4, 2, 3}, 1> tensor(2);
  auto view = xtensor_view(tensor.view(), 2);
  view.fill(5);
  xt::view(view, 1, 0, 1, xt::all(), 2) = 7;
  CHECK(tensor.view().at(0, 3, 1, 2) == 5);
  CHECK(tensor.view().at(1, 2, 1, 0) == 7);
  CHECK(tensor.view().at(1, 2, 0, 0) == 5);
  CHECK(tensor.view().at(1, 2, 1, 3) == 0);
  CHECK(tensor.view().at(1, 2, -1, 0) == 0);
}

TEST_CASE("Views of one image, one pixel and no image", "[xtensor]") {
  FeatureTensor<float, Shape{3, 1, 1}> pooled(1), none(0);
  pooled.view().at(0, 2, 0, 0) = 4;
  CHECK(xtensor_view(pooled.view(), 1)(0, 2 / kLanes<float>, 0, 0, 2 % kLanes<float>) == 4);
  CHECK(xtensor_view(none.view(), 0).size() == 0);
  CHECK(xtensor_view(FeatureTensor<float, Shape{3, 2, 2}, 1>(0).view(), 0).size() == 0);
}

TEMPLATE_TEST_CASE("Planar tensors survive the blocked layout", "[xtensor]", float, double) {
  FeatureTensor<TestType, Shape{17, 2, 3}, 1> tensor(3);
  const auto images = counted<TestType>({3, 17, 2, 3});
  from_xtensor(images, tensor.view());
  const bool all =
      to_xtensor(tensor.view(), 3) == images;  // Catch2 and xtensor overload each other's operators
  CHECK(all);
  const bool first = to_xtensor(std::as_const(tensor).view(), 1) == xt::view(images, xt::range(0, 1));
  CHECK(first);
  CHECK(to_xtensor(tensor.view(), 0).size() == 0);
}

TEST_CASE("A planar tensor of another shape is refused", "[xtensor]") {
  FeatureTensor<float, Shape{3, 4, 5}> tensor(2);
  CHECK_THROWS_WITH(from_xtensor(counted<float>({2, 3, 5, 4}), tensor.view()),
                    "from_xtensor: expected images of 3 x 4 x 5, got 3 x 5 x 4");
}

TEST_CASE("A planar tensor is a batch of images without a copy", "[xtensor]") {
  const auto images = counted<float>({2, 3, 4, 5});
  const ImageBatch<float> batch = image_batch(images);
  CHECK(batch.data == images.data());
  CHECK(batch.count == 2);
  CHECK(batch.channels == 3);
  CHECK(batch.height == 4);
  CHECK(batch.width == 5);
  CHECK(batch.image(1)[0] == images(1, 0, 0, 0));
}

TEST_CASE("A batch may be empty, its images may not", "[xtensor]") {
  const auto none = counted<float>({0, 3, 4, 5});
  CHECK(image_batch(none).count == 0);
  const auto flat = counted<float>({2, 3, 0, 5});
  CHECK_THROWS_WITH(image_batch(flat),
                    "image_batch: expected images of at least one channel and pixel, extents within int, "
                    "got shape (2, 3, 0, 5)");
}

template <class T>
concept MakesABatch = requires(T images) {
  image_batch(std::forward<T>(images));
};

TEST_CASE("A batch of a temporary tensor does not compile", "[xtensor]") {
  STATIC_REQUIRE(MakesABatch<const PlanarTensor<float>&>);
  STATIC_REQUIRE_FALSE(MakesABatch<PlanarTensor<float>>);
}
