// Learning-rate schedules at the epochs where their formula has a value that can be read off.
#include <support/catch.hpp>

#include <drnet/training/schedule.hpp>

#include <limits>

using namespace drnet;

TEST_CASE("Warm-up grows linearly from a hundredth of the base to the base") {
  for (const Decay decay : {Decay::constant, Decay::step, Decay::cosine}) {
    const Schedule schedule{.decay = decay, .base = 0.4, .warmup = 4, .total = 20, .every = 10};
    CHECK(schedule.rate(0) == Approx(0.004));
    CHECK(schedule.rate(2) == Approx(0.4 * 0.505));
    CHECK(schedule.rate(4) == Approx(0.4));
  }
}

TEST_CASE("Step decay multiplies by its factor every so many epochs, counted from the start") {
  const Schedule stage1{};  // the recipe: 0.1, divided by 10 every 20 of 70 epochs, 3 epochs of warm-up
  CHECK(stage1.rate(19.99) == Approx(0.1));
  CHECK(stage1.rate(20) == Approx(0.01));
  CHECK(stage1.rate(40) == Approx(0.001));
  CHECK(stage1.rate(69.9) == Approx(0.0001));
}

TEST_CASE("Cosine decay ends at its floor and stays there") {
  const Schedule schedule{.decay = Decay::cosine, .base = 1, .warmup = 2, .total = 12, .floor = 0.2};
  CHECK(schedule.rate(2) == Approx(1.0));
  CHECK(schedule.rate(7) == Approx(0.6));
  CHECK(schedule.rate(12) == Approx(0.2));
  CHECK(schedule.rate(100) == Approx(0.2));
}

TEST_CASE("A constant rate is one, and no warm-up starts at the base") {
  const Schedule schedule{.decay = Decay::constant, .base = 0.3, .warmup = 0};
  CHECK(schedule.rate(0) == 0.3);
  CHECK(schedule.rate(1e6) == 0.3);
}

TEST_CASE("A schedule refuses values that give no learning rate") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  CHECK_NOTHROW(Schedule{}.check());
  for (const double bad : {-1.0, kNan}) {
    CHECK_THROWS_AS(Schedule{.base = bad}.check(), Error);
    CHECK_THROWS_AS(Schedule{.warmup = bad}.check(), Error);
    CHECK_THROWS_AS(Schedule{.total = bad}.check(), Error);
    CHECK_THROWS_AS(Schedule{.every = bad}.check(), Error);
    CHECK_THROWS_AS(Schedule{.factor = bad}.check(), Error);
    CHECK_THROWS_AS(Schedule{.floor = bad}.check(), Error);
  }
  CHECK_THROWS_AS(Schedule{.every = 0}.check(), Error);
  CHECK_THROWS_AS(Schedule{.base = std::numeric_limits<double>::infinity()}.check(), Error);
}
