#include <support/catch.hpp>

#include <drnet/tensor/eigen.hpp>

#include <Eigen/Dense>
#include <numeric>

namespace {

using namespace drnet;

/// A tensor whose element (n, c, y, x) is its row-major index.
template <class T, Shape S, int Halo = 0>
FeatureTensor<T, S, Halo> counted(Index n) {
  FeatureTensor<T, S, Halo> tensor(n);
  std::vector<T> values(static_cast<std::size_t>(n * S.size()));
  std::iota(values.begin(), values.end(), T(0));
  from_planar(values.data(), tensor.view(), n);
  return tensor;
}

}  // namespace

TEMPLATE_TEST_CASE("A channel is an Eigen matrix of height x width", "[eigen]", float, double) {
  auto tensor = counted<TestType, Shape{19, 3, 5}, 2>(2);
  const auto channel = eigen_channel(std::as_const(tensor).view(), 1, 17);
  REQUIRE(channel.rows() == 3);
  REQUIRE(channel.cols() == 5);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 5; ++x) CHECK(channel(y, x) == TestType(((19 + 17) * 3 + y) * 5 + x));

  eigen_channel(tensor.view(), 1, 17).row(2).setConstant(-1);  // a view: the tensor changes, halo excluded
  CHECK(tensor.view().at(1, 17, 2, 4) == TestType(-1));
  CHECK(tensor.view().at(1, 17, 2, 5) == TestType(0));
  CHECK(tensor.view().at(1, 17, 1, 4) == TestType(((19 + 17) * 3 + 1) * 5 + 4));
  CHECK(tensor.view().at(1, 16, 2, 4) == TestType(((19 + 16) * 3 + 2) * 5 + 4));
}

TEST_CASE("A channel's view is part of Eigen expressions", "[eigen]") {
  const auto tensor = counted<double, Shape{3, 4, 4}, 1>(1);
  const auto a = eigen_channel(tensor.view(), 0, 0), b = eigen_channel(tensor.view(), 0, 2);
  const Eigen::MatrixXd product = a.lazyProduct(b.transpose());  // Eigen's other one warns under g++ 12
  double expected = 0;
  for (int x = 0; x < 4; ++x) expected += tensor.view().at(0, 0, 1, x) * tensor.view().at(0, 2, 3, x);
  CHECK(product(1, 3) == Approx(expected));
  CHECK(a.sum() == Approx(120));
}

TEMPLATE_TEST_CASE("A packet row is an Eigen matrix of width x lanes", "[eigen]", float, double) {
  auto tensor = counted<TestType, Shape{19, 3, 5}, 1>(2);
  constexpr int lanes = kLanes<TestType>;
  const auto row = eigen_row(tensor.view(), 1, 0, 2);
  REQUIRE(row.rows() == 5);
  REQUIRE(row.cols() == lanes);
  for (int x = 0; x < 5; ++x)
    for (int lane = 0; lane < lanes; ++lane) CHECK(row(x, lane) == tensor.view().at(1, lane, 2, x));
}

TEMPLATE_TEST_CASE("Pooled features are an Eigen matrix of images x channels", "[eigen]", float, double) {
  auto tensor = counted<TestType, Shape{33, 1, 1}>(3);
  const auto features = eigen_features(tensor.view(), 3);
  REQUIRE(features.rows() == 3);
  REQUIRE(features.cols() == 33);
  CHECK(features(2, 32) == TestType(98));
  eigen_features(tensor.view(), 3).row(1) *= TestType(2);
  CHECK(tensor.view().at(1, 5, 0, 0) == TestType(2 * 38));
  CHECK(tensor.view().at(2, 5, 0, 0) == TestType(71));
}

TEST_CASE("A buffer and a span are Eigen vectors", "[eigen]") {
  Buffer<float> buffer(10);
  eigen_vector(buffer).setLinSpaced(1, 10);
  CHECK(buffer[9] == 10);
  CHECK(eigen_vector(std::as_const(buffer)).norm() == Approx(std::sqrt(385.0)));
  CHECK(eigen_vector(buffer.span().subspan(8)).sum() == Approx(19));
  const Buffer<float> empty;
  CHECK(eigen_vector(empty).size() == 0);
}

TEST_CASE("A parameter tensor is an Eigen matrix of its first extent x the others", "[eigen]") {
  Buffer<double> values(24);
  std::iota(values.data(), values.data() + 24, 0.0);
  const auto weights = eigen_matrix(values.span(), {4, 3, 2});
  REQUIRE(weights.rows() == 4);
  REQUIRE(weights.cols() == 6);
  CHECK(weights(2, 1) == 13);
  const Eigen::VectorXd x = Eigen::VectorXd::Ones(6);
  const Eigen::VectorXd y = eigen_matrix(std::as_const(values).span(), {4, 6}) * x;
  CHECK(y[3] == Approx(18 + 19 + 20 + 21 + 22 + 23));
  CHECK(eigen_matrix(values.span().first(5), {5}).cols() == 1);
}

TEST_CASE("A parameter tensor that its values do not fill is refused", "[eigen]") {
  Buffer<double> values(24);
  CHECK_THROWS_AS(eigen_matrix(values.span(), {5, 5}), Error);
  CHECK_THROWS_AS(eigen_matrix(values.span(), {0, 24}), Error);
  CHECK_THROWS_AS(eigen_matrix(values.span().first(0), {0}), Error);
  CHECK_THROWS_WITH(eigen_matrix(values.span(), {5, 5}),
                    "eigen_matrix: expected values for shape (5, 5), got 24");
}
