// Neither the execution policy nor the number of threads changes a bit of what is trained.
#include <support/catch.hpp>
#include <support/policies.hpp>
#include <training/synthetic_run.hpp>

using support::SyntheticRun;

TEST_CASE("A training step has the same bits under every policy and number of threads", "[threads]") {
  for (const int stage : {1, 2}) {
    SyntheticRun serial(stage);
    const auto expected = serial.epoch(0, 0, 1);
    REQUIRE(expected.size() == 1);
    for (const auto& [name, policy] : support::policies()) {
      CAPTURE(stage, name);
      SyntheticRun run(stage, policy);
      CHECK(support::same_bits(run.epoch(0, 0, 1), expected));
      CHECK(run.same_as(serial));
    }
  }
}

TEST_CASE("An epoch has the same bits under every policy and number of threads", "[threads]") {
  SyntheticRun serial(2);
  const auto expected = serial.epoch(0);
  REQUIRE(expected.size() == SyntheticRun::kSteps);
  for (const auto& [name, policy] : support::policies()) {
    CAPTURE(name);
    SyntheticRun run(2, policy);
    CHECK(support::same_bits(run.epoch(0), expected));
    CHECK(run.same_as(serial));
  }
}

TEST_CASE("Another seed trains another network") {
  SyntheticRun run(1), other(1, {}, 7);
  CHECK_FALSE(support::same_bits(run.epoch(0), other.epoch(0)));
  CHECK_FALSE(run.same_as(other));
}

TEST_CASE("An error in a part of a step comes out of every policy", "[threads]") {
  const support::Pictures<float> pictures(4);
  drnet::ImageBatch<float> images = pictures.batch();
  images.channels = 1;
  for (const auto& [name, policy] : support::policies()) {
    CAPTURE(name);
    SyntheticRun run(1, policy), untouched(1);
    CHECK_THROWS_AS(run.trainer.step(images, pictures.labels, pictures.indices, 0, 0), drnet::Error);
    CHECK(run.same_as(untouched));
  }
}
