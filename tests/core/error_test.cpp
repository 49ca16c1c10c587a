// Errors: the parts and the sentence made of them.
#include <drnet/core/error.hpp>

#include <support/catch.hpp>

#include <array>
#include <string>
#include <vector>

using namespace drnet;

TEST_CASE("An error says where, what was expected and what was found") {
  const Error error("train.txt, line 3", "a label from 0 to 9", "12");
  CHECK(error.place() == "train.txt, line 3");
  CHECK(error.expected() == "a label from 0 to 9");
  CHECK(error.got() == "12");
  CHECK(std::string(error.what()) == "train.txt, line 3: expected a label from 0 to 9, got 12");
}

TEST_CASE("Lists in messages") {
  CHECK(join(std::vector<std::string>{"a", "b", "c"}) == "a, b, c");
  CHECK(join(std::array{224, 168}, " x ") == "224 x 168");
  CHECK(join(std::vector<int>{}).empty());
}
