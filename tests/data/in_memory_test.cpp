// A data set kept in memory shows what the one it was read from showed.
#include <drnet/data/in_memory.hpp>
#include <drnet/data/synthetic.hpp>

#include <support/catch.hpp>

using namespace drnet;

TEST_CASE("A data set in memory shows the pictures of the one it was read from") {
  const Synthetic drawn({.images = 12, .seed = 4});
  const InMemory kept(drawn);
  REQUIRE(kept.size() == drawn.size());
  CHECK(kept.class_names() == drawn.class_names());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    CHECK(kept.label(i) == drawn.label(i));
    CHECK(kept.describe(i) == drawn.describe(i));
    CHECK(kept.image(i).pixels == drawn.image(i).pixels);
  }
  CHECK_THROWS_AS(kept.image(12), Error);
  CHECK_THROWS_AS(kept.label(12), Error);
}
