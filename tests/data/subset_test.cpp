// A subset shows the pictures it names, and hold_out() splits a data set without loss.
#include <drnet/data/subset.hpp>
#include <drnet/data/synthetic.hpp>

#include <support/catch.hpp>

#include <algorithm>

using namespace drnet;

namespace {

std::shared_ptr<const Dataset> drawn(std::size_t images) {
  return std::make_shared<Synthetic>(SyntheticOptions{.images = images, .seed = 3});
}

}  // namespace

TEST_CASE("A subset shows the pictures it names") {
  const auto all = drawn(20);
  const Subset subset(all, {7, 0, 19});
  REQUIRE(subset.size() == 3);
  CHECK(subset.class_names() == all->class_names());
  for (const auto& [mine, theirs] : {std::pair<std::size_t, std::size_t>{0, 7}, {1, 0}, {2, 19}}) {
    CHECK(subset.label(mine) == all->label(theirs));
    CHECK(subset.describe(mine) == all->describe(theirs));
    CHECK(subset.image(mine).pixels == all->image(theirs).pixels);
  }
  CHECK_THROWS_AS(subset.image(3), Error);
  CHECK_THROWS_AS(Subset(all, {20}), Error);
}

TEST_CASE("hold_out splits a data set without loss, and by its seed alone") {
  const auto all = drawn(1000);
  const auto [rest, held] = hold_out(all, 0.2, 5);
  std::vector<std::string> names, expected;
  for (std::size_t i = 0; i < rest->size(); ++i) names.push_back(rest->describe(i));
  for (std::size_t i = 0; i < held->size(); ++i) names.push_back(held->describe(i));
  for (std::size_t i = 0; i < all->size(); ++i) expected.push_back(all->describe(i));
  std::sort(names.begin(), names.end());
  std::sort(expected.begin(), expected.end());
  CHECK(names == expected);
  CHECK(held->size() > 140);  // 200 expected, standard deviation 13
  CHECK(held->size() < 260);

  const auto [rest_again, held_again] = hold_out(all, 0.2, 5);
  const auto [other_rest, other_held] = hold_out(all, 0.2, 6);
  const auto names_of = [](const Subset& s) {
    std::vector<std::string> of;
    for (std::size_t i = 0; i < s.size(); ++i) of.push_back(s.describe(i));
    return of;
  };
  CHECK(names_of(*held) == names_of(*held_again));
  CHECK(names_of(*held) != names_of(*other_held));
  CHECK(hold_out(all, 0, 5).second->size() == 0);
  CHECK(hold_out(all, 1, 5).first->size() == 0);
}
