// When the choices of an epoch count as collapsed.
#include <support/catch.hpp>

#include <drnet/training/collapse.hpp>

namespace {
using namespace drnet;
using Numbers = std::vector<double>;
const Numbers kCost{4, 2, 1};  // largest resolution first
}  // namespace

TEST_CASE("Shares spread over the candidates", "[training]") {
  const auto even = spread_of(Numbers{1.0 / 3, 1.0 / 3, 1.0 / 3});
  CHECK(even.entropy == Approx(1));
  CHECK(even.used == 3);
  const auto one = spread_of(Numbers{0, 1, 0});
  CHECK(one.favourite == 1);
  CHECK(one.share == 1);
  CHECK(one.entropy == 0);
  CHECK(one.used == 1);
  const auto two = spread_of(Numbers{0.5, 0, 0.5});
  CHECK(two.used == 2);
  CHECK(two.entropy == Approx(std::log(2) / std::log(3)));
  CHECK(spread_of(Numbers{1}).entropy == 0);
}

TEST_CASE("Nearly all images at one candidate are a collapse", "[training]") {
  CHECK(has_collapsed(Numbers{0.99, 0.01, 0}, kCost, 0.2, 2));
  CHECK(has_collapsed(Numbers{0, 0.99, 0.01}, kCost, 0.2, 2));
  CHECK(has_collapsed(Numbers{0, 0.01, 0.99}, kCost, 0.2, 2));
  CHECK_FALSE(has_collapsed(Numbers{0.02, 0.98, 0}, kCost, 0.2, 2));
  CHECK_FALSE(has_collapsed(Numbers{0.4, 0.3, 0.3}, kCost, 0.2, 2));
  CHECK(has_collapsed(Numbers{0.1, 0.9, 0}, kCost, 0.2, 2, 0.8));
  CHECK_FALSE(has_collapsed(Numbers{1}, Numbers{4}, 0.2, 2));
}

TEST_CASE("A target that only the cheapest candidate meets asks for it, and for no other", "[training]") {
  const Numbers cheapest{0, 0.005, 0.995}, middle{0, 0.995, 0.005};
  // 98 % of 1 and 2 % of 2 are 1.02.
  CHECK_FALSE(has_collapsed(cheapest, kCost, 0.2, 0.5));
  CHECK_FALSE(has_collapsed(cheapest, kCost, 0.2, 1.019));
  CHECK(has_collapsed(cheapest, kCost, 0.2, 1.021));
  CHECK(has_collapsed(cheapest, kCost, 0, 0.5));  // a cost without weight asks for nothing
  CHECK(has_collapsed(middle, kCost, 0.2, 0.5));
  // Measured costs need not fall with the resolution.
  CHECK_FALSE(has_collapsed(middle, Numbers{4, 1, 2}, 0.2, 0.5));
}
