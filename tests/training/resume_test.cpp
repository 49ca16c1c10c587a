// A run that stops at a checkpoint and goes on has the bits of one that never stopped.
#include <support/catch.hpp>
#include <support/temp_dir.hpp>
#include <training/synthetic_run.hpp>

#include <drnet/io/checkpoint.hpp>

#include <limits>
#include <utility>

namespace {

using namespace drnet;
using support::SyntheticRun;

/// Trains two epochs, with a stop in a new process's place: a second run takes over after `steps` steps.
void check_resumed(int stage, Index steps) {
  CAPTURE(stage, steps);
  SyntheticRun whole(stage);
  auto expected = whole.epoch(0);
  for (const double loss : whole.epoch(1)) expected.push_back(loss);

  const support::TempDir folder;
  const auto file = folder / "run.safetensors";
  std::vector<double> losses;
  {
    SyntheticRun first(stage);
    for (std::uint32_t epoch = 0; Index{epoch} * SyntheticRun::kSteps < steps; ++epoch)
      for (const double loss : first.epoch(epoch, 0, steps - epoch * SyntheticRun::kSteps))
        losses.push_back(loss);
    save_checkpoint(file, first.net, first.optimizer(), {{"steps", std::to_string(first.trainer.steps())}});
  }
  SyntheticRun second(stage, {}, 99);  // another initialization: everything must come from the file
  const auto metadata = load_checkpoint(file, second.net, second.optimizer());
  REQUIRE(metadata.at("steps") == std::to_string(steps));
  second.trainer.set_steps(steps);
  for (Index done = steps; done < 2 * SyntheticRun::kSteps;) {
    const auto epoch = static_cast<std::uint32_t>(done / SyntheticRun::kSteps);
    for (const double loss : second.epoch(epoch, done % SyntheticRun::kSteps)) {
      losses.push_back(loss);
      ++done;
    }
  }
  CHECK(support::same_bits(losses, expected));
  CHECK(second.same_as(whole));
  CHECK(second.trainer.steps() == whole.trainer.steps());
}

}  // namespace

TEST_CASE("A run goes on from a checkpoint between two epochs") {
  check_resumed(1, 3);
  check_resumed(2, 3);
}

TEST_CASE("A run goes on from a checkpoint in the middle of an epoch") {
  check_resumed(1, 4);
  check_resumed(2, 1);
  check_resumed(2, 5);
}

TEST_CASE("A checkpoint holds finite values only, and the last good one stays") {
  const support::TempDir folder;
  const auto file = folder / "run.safetensors";
  SyntheticRun run(2);
  run.epoch(0);
  save_checkpoint(file, run.net, run.optimizer(), {{"seed", "8"}});
  const auto refused = [&](float& value) {
    const float before = std::exchange(value, std::numeric_limits<float>::quiet_NaN());
    CHECK_THROWS_WITH(save_checkpoint(file, run.net, run.optimizer(), {}),
                      support::contains("expected finite values to save, got nan"));
    value = before;
    SyntheticRun other(2, {}, 99);
    load_checkpoint(file, other.net, other.optimizer(), {{"seed", "8"}});
    CHECK(other.same_as(run));
  };
  refused(run.net.classifier().parameters().span().back());
  refused(run.net.classifier().statistics().span().front());
  refused(run.net.predictor().parameters().span().front());
  refused(run.optimizer().back().second.back());
}

TEST_CASE("A checkpoint of another run is refused and changes nothing") {
  const support::TempDir folder;
  const auto file = folder / "run.safetensors";
  SyntheticRun run(2);
  run.epoch(0);
  save_checkpoint(file, run.net, run.optimizer(), {{"seed", "8"}});

  SyntheticRun other(2, {}, 99), untouched(2, {}, 99);
  const auto refused = [&](const std::map<std::string, std::string>& required) {
    CHECK_THROWS_AS(load_checkpoint(file, other.net, other.optimizer(), required), Error);
    CHECK(other.same_as(untouched));
  };
  refused({{"seed", "9"}});
  refused({{"model", "tiny"}});
  SyntheticRun stage1(1);
  CHECK_NOTHROW(load_checkpoint(file, stage1.net, stage1.optimizer(), {{"seed", "8"}}));  // fewer velocities
  save_checkpoint(file, stage1.net, stage1.optimizer(), {{"seed", "8"}});
  refused({{"seed", "8"}});  // a velocity is missing
}
