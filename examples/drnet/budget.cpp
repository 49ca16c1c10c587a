#include "budget.hpp"

#include "evaluation.hpp"
#include "interrupt.hpp"
#include "recipe.hpp"

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

/// What was timed of the batches of a loader.
struct Trial {
  std::size_t batches = 0;
  double seconds_per_batch = 0;
};

/// Times work(done), which calls done() after each batch, for at most `most` seconds or batches. The first
/// batch, which warms up, counts only where it is all there is.
template <class Work>
Trial time_batches(double most, std::size_t most_batches, Work work) {
  const Stopwatch watch;
  Trial trial;
  double first = 0, last = 0;
  try {
    work([&] {
      check_interrupt();
      last = watch.seconds();
      if (++trial.batches == 1) first = last;
      if (trial.batches == most_batches || (trial.batches >= 3 && last > most)) throw Enough{};
    });
  } catch (const Enough&) {
  }
  trial.seconds_per_batch =
      trial.batches > 1 ? (last - first) / static_cast<double>(trial.batches - 1) : last;
  return trial;
}

/// Seconds of a stage before its first epoch, and of each epoch.
struct StageTime {
  double before = 0, epoch = 0;
};

StageTime time_stage(Training& training, const Loader& loader, const Loader& answers, int views,
                     double most) {
  const auto batches = static_cast<double>(loader.batches());
  StageTime time;
  std::size_t limit = loader.batches();
  if (views > 0) {  // the epoch is timed on batches whose answers are noted
    const Trial noting = time_batches(
        most, limit, [&](auto done) { training.note_errors(answers, 0, [&](std::size_t) { done(); }); });
    limit = noting.batches;
    time.before = views * batches * noting.seconds_per_batch;
  }
  const Trial steps = time_batches(most, limit, [&](auto done) {
    training.epoch(0, loader, 0, [&](Index, const StepLosses&) { done(); });
  });
  time.epoch = batches * steps.seconds_per_batch;
  return time;
}

double evaluation_seconds(const Model& model, const Policy& policy, const Dataset& dataset,
                          const EvaluationOptions& options, double most) {
  const Stopwatch watch;
  double images = 0;
  try {
    (void)evaluate(model, policy, {.router = FixedRouter{0}}, dataset, options, [&](std::size_t done) {
      check_interrupt();
      images = static_cast<double>(done);
      if (watch.seconds() > most) throw Enough{};
    });
  } catch (const Enough&) {
  }
  return watch.seconds() / images * static_cast<double>(dataset.size());
}

/// What a run's parts take; trials of `most` seconds each.
struct RunTime {
  StageTime first, second;
  double probe = 0;          ///< the linear probe before the first epoch
  double recalibration = 0;  ///< of the batch norms
  double closing;            ///< every candidate and the predictor at the end

  RunTime(const TrainOptions& options, const Costs& costs, const Policy& policy, const Dataset& validation,
          const StageLoaders& loaders, double most) {
    const auto model = make_model(options.model, options.run.seed);
    const ModelInfo& info = model->info();
    const double evaluation =
        evaluation_seconds(*model, policy, validation,
                           {.batch = options.batch, .loader_threads = loaders.of(1).options().threads}, most);
    const auto time_of = [&](int stage) {
      const Loader& loader = loaders.of(stage);
      const auto batch = static_cast<Index>(loader.options().batch);
      TrainerOptions trainer = trainer_options(options, costs, stage, {1, 1});
      trainer.predictor_warmup = 0;  // the epochs that follow are most of them
      const auto training = model->training(policy, batch, trainer);
      const double every = options.evaluate_every > 0 ? options.evaluate_every : 1e9;
      StageTime time =
          time_stage(*training, loader, loaders.answers(), views_to_note(options, trainer), most);
      time.epoch += evaluation / every;
      return time;
    };
    if (options.epochs1 > 0) first = time_of(1);
    if (info.has_predictor() && options.epochs2 > 0) second = time_of(2);
    double all = 0;  // candidates, as multiples of the largest
    for (const Index macs : info.macs)
      all += static_cast<double>(macs) / static_cast<double>(info.macs.front());
    closing = evaluation * (info.candidates.size() > 1 ? all + 1 : 1);
    const auto features = static_cast<double>(std::min(options.probe, loaders.first_pictures().size()));
    probe = all * evaluation * features / static_cast<double>(validation.size());
    const auto measured = static_cast<double>(std::min(options.recalibrate, loaders.first_pictures().size()));
    const Epochs epochs{options.epochs1, second.epoch > 0 ? options.epochs2 : 0};
    const int stages = recalibrates(options, epochs, 1) + recalibrates(options, epochs, 2);
    constexpr double kTraining = 2;  // a forward pass that keeps what it computes, against inference
    recalibration = stages * kTraining * all * evaluation * measured / static_cast<double>(validation.size());
  }
};

}  // namespace

Epochs epochs_within_budget(const TrainOptions& options, const Costs& costs, const Policy& policy,
                            const Dataset& validation, const StageLoaders& loaders) {
  const Stopwatch watch;
  const double budget = 60 * options.minutes;
  const RunTime time(options, costs, policy, validation, loaders, 0.01 * budget);
  const bool joint = time.second.epoch > 0;

  // Speed varies.
  const double around = time.closing + time.probe + time.recalibration;
  const double left = 0.95 * (budget - watch.seconds() - around) - time.second.before;
  const double planned = options.epochs1 * time.first.epoch + options.epochs2 * time.second.epoch;
  const auto whole = [](double epochs) { return std::max(1, static_cast<int>(std::floor(epochs))); };
  Epochs epochs;
  if (options.epochs1 > 0) epochs.stage1 = whole(options.epochs1 * left / planned);
  if (joint) epochs.stage2 = whole((left - epochs.stage1 * time.first.epoch) / time.second.epoch);
  return epochs;
}

double run_seconds(const TrainOptions& options, const Costs& costs, const Policy& policy,
                   const Dataset& validation, const StageLoaders& loaders, const Epochs& epochs) {
  constexpr double kTrial = 2;
  const RunTime time(options, costs, policy, validation, loaders, kTrial);
  return time.probe + epochs.stage1 * time.first.epoch + time.second.before +
         epochs.stage2 * time.second.epoch + time.recalibration + time.closing;
}

}  // namespace drnet::program
