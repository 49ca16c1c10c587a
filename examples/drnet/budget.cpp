#include "budget.hpp"

#include "evaluation.hpp"
#include "interrupt.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace drnet::program {

namespace {

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Thrown out of a callback when enough has been timed.
struct Enough {};

/// Seconds of an epoch, from at most `most` seconds of it. The first step, which warms up, counts only where
/// it is all there is.
double epoch_seconds(Training& training, const Loader& loader, double most) {
  const Stopwatch watch;
  double first = 0, last = 0, steps = 0;
  try {
    training.epoch(0, loader, 0, [&](Index, const StepLosses&) {
      check_interrupt();
      last = watch.seconds();
      if (++steps == 1) first = last;
      if (steps >= 3 && last > most) throw Enough{};
    });
  } catch (const Enough&) {
  }
  const double step = steps > 1 ? (last - first) / (steps - 1) : last;
  return step * static_cast<double>(loader.batches());
}

double evaluation_seconds(const Model& model, const Policy& policy, const Dataset& dataset,
                          const EvaluationOptions& options, double most) {
  const Stopwatch watch;
  double images = 0;
  try {
    (void)evaluate(model, policy, FixedRouter{0}, dataset, options, [&](std::size_t done) {
      check_interrupt();
      images = static_cast<double>(done);
      if (watch.seconds() > most) throw Enough{};
    });
  } catch (const Enough&) {
  }
  return watch.seconds() / images * static_cast<double>(dataset.size());
}

}  // namespace

Epochs epochs_within_budget(const TrainOptions& options, const Policy& policy, const Dataset& validation,
                            const StageLoaders& loaders) {
  const Stopwatch watch;
  const double budget = 60 * options.minutes, trial = 0.01 * budget;
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  const double evaluation =
      evaluation_seconds(*model, policy, validation,
                         {.batch = options.batch, .loader_threads = loaders.of(1).options().threads}, trial);
  const auto time_stage = [&](int stage) {
    const Loader& loader = loaders.of(stage);
    const auto batch = static_cast<Index>(loader.options().batch);
    const auto training = model->training(policy, batch, trainer_options(options, info, stage, {1, 1}));
    const double every = options.evaluate_every > 0 ? options.evaluate_every : 1e9;
    return epoch_seconds(*training, loader, trial) + evaluation / every;
  };
  const bool joint = info.has_predictor() && options.epochs2 > 0;
  const double first = time_stage(1), second = joint ? time_stage(2) : 0;

  // Speed varies, and at the end every candidate is evaluated once more.
  const double closing = evaluation * static_cast<double>(info.candidates.size() + 1);
  const double left = 0.95 * (budget - watch.seconds() - closing);
  const double planned = options.epochs1 * first + (joint ? options.epochs2 * second : 0);
  const auto whole = [](double epochs) { return std::max(1, static_cast<int>(std::floor(epochs))); };
  Epochs epochs;
  if (options.epochs1 > 0) epochs.stage1 = whole(options.epochs1 * left / planned);
  if (joint) epochs.stage2 = whole((left - epochs.stage1 * first) / second);
  return epochs;
}

}  // namespace drnet::program
