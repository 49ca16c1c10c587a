// Random numbers: the published vectors of Philox, and which counter belongs to which draw.
#include <drnet/core/random.hpp>

#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>

using namespace drnet;

namespace {

using Words = std::array<std::uint32_t, 4>;

Words philox(const Words& counter, const std::array<std::uint32_t, 2>& key) {
  using Philox = r123::Philox4x32;
  const auto out = Philox{}(Philox::ctr_type{{counter[0], counter[1], counter[2], counter[3]}},
                            Philox::key_type{{key[0], key[1]}});
  return {out[0], out[1], out[2], out[3]};
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of its authors") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t all = 0xffffffff;
  CHECK(philox({all, all, all, all}, {all, all}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("A draw is a word of the block that purpose, epoch, sample and draw count") {
  const Random random(0x299f31d0a4093822, static_cast<Purpose>(0x243f6a88), 0x85a308d3, 0x13198a2e);
  for (const std::uint32_t draw : {0U, 1U, 2U, 3U, 4U, 1001U}) {
    const Words block = philox({0x243f6a88, 0x85a308d3, 0x13198a2e, draw / 4}, {0xa4093822, 0x299f31d0});
    CHECK(random.bits(draw) == block[draw % 4]);
  }
  // Purposes keep their numbers: a run of today has the bits of one of tomorrow.
  CHECK(static_cast<int>(Purpose::initialization) == 0);
  CHECK(static_cast<int>(Purpose::shuffle) == 1);
  CHECK(static_cast<int>(Purpose::augmentation) == 2);
  CHECK(static_cast<int>(Purpose::gumbel) == 3);
  CHECK(static_cast<int>(Purpose::routing) == 4);
  CHECK(static_cast<int>(Purpose::synthetic) == 5);
  CHECK(static_cast<int>(Purpose::check) == 6);
  CHECK(static_cast<int>(Purpose::hold_out) == 7);
}

TEST_CASE("Uniform numbers are the upper 24 bits, the same in float and double") {
  const Random random(3, Purpose::check);
  double sum = 0;
  for (std::uint32_t draw = 0; draw < 10'000; ++draw) {
    const double u = random.uniform<double>(draw);
    CHECK(u == std::ldexp(static_cast<double>(random.bits(draw) >> 8), -24));
    CHECK(static_cast<double>(random.uniform(draw)) == u);
    CHECK(u < 1);
    sum += u;
  }
  CHECK(std::abs(sum / 10'000 - 0.5) < 0.012);  // four standard deviations
  CHECK(random.uniform(7, -2.0F, 6.0F) == -2.0F + 8.0F * random.uniform(7));
}

TEST_CASE("Integers below n and normal numbers have their distributions") {
  const Random random(4, Purpose::check);
  std::array<int, 3> count{};
  double sum = 0, squares = 0;
  constexpr int n = 30'000;
  for (std::uint32_t draw = 0; draw < n; ++draw) {
    ++count.at(random.below(draw, 3));
    const double z = random.normal(draw);
    sum += z;
    squares += z * z;
  }
  for (const int c : count) CHECK(std::abs(c - n / 3) < 330);  // four standard deviations of sqrt(n 2/9)
  CHECK(std::abs(sum / n) < 0.024);
  CHECK(std::abs(squares / n - 1) < 0.033);
  CHECK(random.below(0, 1) == 0);
}
