// The test support itself: fill() against stored tensors, the comparison helpers, temporary folders.
#include <support/catch.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include <filesystem>
#include <limits>
#include <vector>

TEST_CASE("fill is the function of the reference folder", "[support]") {
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, "conv2d");
  REQUIRE(!cases.empty());
  for (const auto& example : cases) {
    INFO(example.name);
    for (const char* input : {"x", "w", "dy"}) {
      const auto stored = example.values<double>(input);
      CHECK(support::fill<double>(example.path(input), stored.size()) == stored);
    }
  }
  for (const auto& example : support::operator_cases(*operators, "batch_norm")) {
    const auto stored = example.values<float>("gamma");
    CHECK(support::fill<float>(example.path("gamma"), stored.size(), 0.5, 1.5) == stored);
  }
}

TEST_CASE("every tensor that operators.json names is stored", "[support]") {
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  std::size_t count = 0;
  for (const auto& entry : operators->json)
    for (const auto& tensor : entry.at("tensors")) {
      const std::string name = entry.at("case").get<std::string>() + "/" + tensor.get<std::string>();
      CHECK(operators->tensors.contains(name));
      ++count;
    }
  CHECK(count == operators->tensors.names().size());
}

TEST_CASE("fill draws are the published SplitMix64 and FNV-1a", "[support]") {
  // First output of SplitMix64 from state 0 (Vigna's reference code) and FNV-1a 64 of "a" (its authors'
  // list).
  STATIC_REQUIRE(support::splitmix64(0) == 0xE220A8397B1DCDAF);
  STATIC_REQUIRE(support::fnv1a64("a") == 0xAF63DC4C8601EC8C);
  for (const float value : support::fill<float>("range", 1000, 2, 3)) CHECK((value >= 2 && value <= 3));
}

TEST_CASE("comparison finds the worst element", "[support]") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> expected{1, -4, 2};
  CHECK(support::max_error(expected, expected) == 0);
  CHECK(support::max_error(std::vector<double>{1, -4, 3}, expected) == 0.25);
  CHECK(support::max_error(std::vector<double>{1, -4, 3}, expected, 2.0) == 0.5);
  CHECK(support::max_error(std::vector<double>{1, -4}, expected) > 1e300);
  CHECK(support::max_error(std::vector<double>{1, kNaN, 2}, expected) > 1e300);
  CHECK(support::max_error(std::vector<double>{kNaN}, std::vector<double>{kNaN}) == 0);
  CHECK(support::disagreement(std::vector<double>{1, -4, 3}, expected, 0.25) == "");
  CHECK(support::disagreement(std::vector<double>{1, -4, 3}, expected, 0.2) ==
        "element 2 of 3: 3 instead of 2, 0.25 of the scale 4 (allowed 0.2)");
  CHECK(support::disagreement(std::vector<double>{1}, expected, 1) == "1 elements instead of 3");
}

TEST_CASE("a temporary folder is unique and goes away", "[support]") {
  std::filesystem::path kept;
  {
    const support::TempDir first, second;
    kept = first.path();
    CHECK(first.path() != second.path());
    CHECK(drnet::read_text(first.write("a.bin", "1\n2")) == "1\n2");
    CHECK(first.entries() == 1);
  }
  CHECK(!std::filesystem::exists(kept));
}
