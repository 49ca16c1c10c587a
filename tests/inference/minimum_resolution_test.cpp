// The minimum-resolution analysis against a table worked out by hand and against every possible choice.
#include <support/catch.hpp>

#include <drnet/core/random.hpp>
#include <drnet/inference/minimum_resolution.hpp>

#include <array>
#include <memory>

namespace {

using namespace drnet;

constexpr std::array<Index, 3> kMacs{400, 200, 100};

/// A table of flags [images][3] drawn from a seed.
template <std::size_t Images>
std::array<bool, 3 * Images> draw_flags(std::uint64_t seed) {
  std::array<bool, 3 * Images> flags{};
  const Random random(seed, Purpose::check);
  for (std::size_t i = 0; i < flags.size(); ++i)
    flags[i] = random.uniform<double>(static_cast<std::uint32_t>(i)) < 0.5;
  return flags;
}

struct Score {
  Index correct = 0, macs = 0;
};

/// Answers and cost where image b goes to the b-th digit of `choice` in base 3.
template <std::size_t N>
Score score_of(const std::array<bool, N>& flags, int choice) {
  Score score;
  for (std::size_t b = 0; b < N / 3; ++b, choice /= 3) {
    const auto j = static_cast<std::size_t>(choice % 3);
    score.correct += flags[3 * b + j];
    score.macs += kMacs[j];
  }
  return score;
}

}  // namespace

TEST_CASE("Images are counted at their smallest correct candidate", "[minimum_resolution]") {
  const std::array correct{
      true,  true,  true,   // right everywhere
      true,  true,  false,  // needs the second
      true,  false, false,  // needs the largest
      false, false, false,  // never
      false, false, true,   // right at the smallest alone
      true,  false, true,   // wrong in between: the smallest counts
      false, true,  false, false, false, false,
  };
  const MinimumResolution result = minimum_resolution(correct, kMacs);
  CHECK(result.images == 8);
  CHECK(result.smallest == std::vector<Index>{1, 2, 3});
  CHECK(result.never == 2);
  CHECK(result.correct == std::vector<Index>{4, 3, 3});
  CHECK(result.oracle_correct() == 6);

  const ChoiceResult oracle = result.oracle();
  CHECK(oracle.accuracy == Approx(6.0 / 8));
  CHECK(oracle.shares == std::vector<double>{1.0 / 8, 2.0 / 8, 5.0 / 8});  // what is never right is cheap
  CHECK(oracle.average_macs == Approx((400 + 2 * 200 + 5 * 100) / 8.0));

  const ChoiceResult first = result.blind({1, 0, 0}), even = result.blind({0.25, 0.5, 0.25});
  CHECK(first.accuracy == Approx(4.0 / 8));
  CHECK(first.average_macs == Approx(400));
  CHECK(even.accuracy == Approx((4 * 0.25 + 3 * 0.5 + 3 * 0.25) / 8));
  CHECK(even.average_macs == Approx(225));
}

TEST_CASE("The smallest correct candidate of one image", "[minimum_resolution]") {
  using Flags = std::array<bool, 3>;
  CHECK(smallest_correct(Flags{true, true, true}) == 2U);
  CHECK(smallest_correct(Flags{true, true, false}) == 1U);
  CHECK(smallest_correct(Flags{true, false, false}) == 0U);
  CHECK(smallest_correct(Flags{true, false, true}) == 2U);
  CHECK(!smallest_correct(Flags{}).has_value());
}

TEST_CASE("No choice of candidates is better than the oracle's, none as good is cheaper",
          "[minimum_resolution]") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto flags = draw_flags<5>(seed);
    Score best;
    for (int choice = 0; choice < 243; ++choice) {
      const Score score = score_of(flags, choice);
      if (choice == 0 || score.correct > best.correct ||
          (score.correct == best.correct && score.macs < best.macs))
        best = score;
    }
    const MinimumResolution result = minimum_resolution(flags, kMacs);
    CHECK(result.oracle_correct() == best.correct);
    CHECK(result.oracle().average_macs == Approx(static_cast<double>(best.macs) / 5));
    CHECK(result.oracle().accuracy == Approx(static_cast<double>(best.correct) / 5));
  }
}

TEST_CASE("A blind choice gives the mean over its choices", "[minimum_resolution]") {
  const auto flags = draw_flags<5>(9);
  const MinimumResolution result = minimum_resolution(flags, kMacs);
  Score sum;  // over every choice: each candidate is as frequent
  for (int choice = 0; choice < 243; ++choice) {
    const Score score = score_of(flags, choice);
    sum.correct += score.correct;
    sum.macs += score.macs;
  }
  const ChoiceResult mean = result.blind({1.0 / 3, 1.0 / 3, 1.0 / 3});
  CHECK(mean.accuracy == Approx(static_cast<double>(sum.correct) / (243 * 5)));
  CHECK(mean.average_macs == Approx(static_cast<double>(sum.macs) / (243 * 5)));
}

TEST_CASE("Two candidates of one cost are enough", "[minimum_resolution]") {
  const std::array correct{true, false};
  const std::array<Index, 2> macs{7, 7};
  const MinimumResolution result = minimum_resolution(correct, macs);
  CHECK(result.smallest == std::vector<Index>{1, 0});
  CHECK(result.oracle().average_macs == Approx(7));
}

TEST_CASE("What is no table of answers is an error", "[minimum_resolution]") {
  const std::array<bool, 6> flags{};
  const auto fails = [&](std::span<const bool> correct, std::vector<Index> macs, const char* words) {
    std::string message = "no error";
    try {
      (void)minimum_resolution(correct, macs);
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK_THAT(message, support::contains(words));
  };
  fails(flags, {4}, "at least two candidates, got 1");
  fails(flags, {}, "at least two candidates, got 0");
  fails({}, {4, 2}, "at least one image, got 0 flags");
  fails(flags, {4, 3, 2, 1}, "4 flags for each");
  fails(flags, {1, 2, 3}, "from the largest to the smallest, got 1, 2, 3");
  CHECK_THROWS_AS(minimum_resolution(flags, kMacs).blind({0.5, 0.5}), Error);
}
