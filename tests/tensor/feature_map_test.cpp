#include <support/catch.hpp>

#include <drnet/tensor/feature_map.hpp>

#include <numeric>

namespace {

using namespace drnet;

template <class T>
std::vector<T> counting(std::size_t count) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), T(1));
  return values;
}

template <class T, Shape S, int Halo>
void check_round_trip(Index n) {
  INFO(to_string(S) << ", halo " << Halo);
  using Map = FeatureMap<T, S, Halo>;
  FeatureTensor<T, S, Halo> tensor(n);
  REQUIRE(tensor.batch() == n);
  const auto planar = counting<float>(static_cast<std::size_t>(n * S.size()));
  from_planar(planar.data(), tensor.view(), n);
  std::vector<double> back(planar.size());
  to_planar(std::as_const(tensor).view(), back.data(), n);
  CHECK(
      std::equal(back.begin(), back.end(), planar.begin(), [](double a, float b) { return a == double(b); }));

  // Each value once, at the place the layout says, and zeros everywhere else.
  const T* const memory = tensor.view().data();
  const Index size = n * Map::kImageStride;
  CHECK(std::count_if(memory, memory + size, [](T v) { return v != T(0); }) == n * S.size());
  CHECK(tensor.view().at(n - 1, S.channels - 1, S.height - 1, S.width - 1) == T(planar.back()));
  CHECK(&tensor.view().at(0, 0, 0, 0) == memory + Map::kOrigin);
}

}  // namespace

TEMPLATE_TEST_CASE("Planar images survive the blocked layout", "[layout]", float, double) {
  check_round_trip<TestType, Shape{3, 5, 7}, 0>(2);
  check_round_trip<TestType, Shape{3, 5, 7}, 2>(3);
  check_round_trip<TestType, Shape{33, 1, 1}, 0>(2);
  check_round_trip<TestType, Shape{16, 4, 4}, 1>(1);
  check_round_trip<TestType, Shape{40, 1, 6}, 3>(2);
}

TEST_CASE("The halo of an image lies around it and belongs to it alone", "[layout]") {
  FeatureTensor<float, Shape{5, 3, 4}, 1> tensor(2);
  const auto map = tensor.view();
  CHECK(&map.at(0, 0, -1, -1) == map.data());
  CHECK(&map.at(0, 0, 1, -1) == map.row(0, 0, 1) - map.kBlock);
  CHECK(map.row(0, 0, 3) - map.row(0, 0, 2) == 6 * map.kBlock);
  CHECK(map.from(1).data() == map.data() + map.kImageStride);
  CHECK(&map.from(1).at(0, 4, 2, 3) == &map.at(1, 4, 2, 3));
}

TEST_CASE("Planes do not follow each other at even multiples of a packet", "[layout]") {
  CHECK(FeatureMap<float, Shape{64, 14, 14}, 1>::kPlaneStride == (16 * 16 + 1) * kLanes<float>);
  CHECK(FeatureMap<float, Shape{64, 13, 13}, 0>::kPlaneStride == 13 * 13 * kLanes<float>);
  CHECK(FeatureMap<float, Shape{64, 1, 1}, 0>::kPlaneStride == kLanes<float>);
}

TEMPLATE_TEST_CASE("zero_plane_halo() clears the halo and nothing else", "[layout]", float, double) {
  constexpr Shape shape{21, 3, 4};
  FeatureTensor<TestType, shape, 2> tensor(3);
  const auto map = tensor.view();
  using Map = decltype(tensor.view());
  std::fill_n(map.data(), 3 * Map::kImageStride, TestType(7));
  for (Index n = 0; n < 2; ++n)
    for (int b = 0; b < map.kBlocks; ++b) zero_plane_halo(map, n, b);
  for (Index n = 0; n < 3; ++n)
    for (int c = 0; c < shape.channels; ++c)
      for (int y = -2; y < shape.height + 2; ++y)
        for (int x = -2; x < shape.width + 2; ++x) {
          const bool inside = y >= 0 && x >= 0 && y < shape.height && x < shape.width;
          REQUIRE(map.at(n, c, y, x) == (inside || n == 2 ? TestType(7) : TestType(0)));
        }
}

TEST_CASE("A view of constants reads the same memory", "[layout]") {
  FeatureTensor<float, Shape{4, 2, 2}> tensor(1);
  tensor.view().at(0, 3, 1, 1) = 5;
  const FeatureMap<const float, Shape{4, 2, 2}> view = tensor.view();
  CHECK(view.at(0, 3, 1, 1) == 5);
  static_assert(std::is_same_v<decltype(view.at(0, 0, 0, 0)), const float&>);
}
