#include "training_run.hpp"

#include "interrupt.hpp"
#include "measured_pictures.hpp"
#include "progress.hpp"
#include "text.hpp"

#include <cstdio>

namespace drnet::program {

double Run::seconds() const {
  return seconds_before + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Run::tell(const nlohmann::json& event, const std::string& words) const {
  folder.write(event);
  std::fputs(options.run.json ? (event.dump() + '\n').c_str() : words.c_str(), stdout);
  std::fflush(stdout);
}

Evaluation validate(const Run& run, const Router& router) {
  Progress progress("validating", run.validation.size());
  Evaluation result =
      evaluate(run.model, run.policy, {.router = router}, run.validation,
               {.batch = run.options.batch, .loader_threads = run.loaders.of(1).options().threads},
               [&](std::size_t images) {
                 check_interrupt();
                 progress.show(images);
               });
  result.seconds = 0;  // others decoded meanwhile: no speed
  return result;
}

void warn_of_collapse(const Run& run, const std::vector<double>& shares, std::optional<int> epoch) {
  const TrainerOptions trainer = trainer_options(run.options, run.costs, 2, run.epochs);
  const double limit = run.options.collapse_share;
  if (!has_collapsed(shares, trainer.costs, trainer.joint.cost_weight(), trainer.joint.alpha, limit)) return;
  const ChoiceSpread spread = spread_of(shares);
  const int resolution = run.model.info().candidates[spread.favourite];
  nlohmann::json event{{"event", "collapse"},   {"stage", 2},     {"resolution", resolution},
                       {"share", spread.share}, {"limit", limit}, {"entropy", spread.entropy},
                       {"used", spread.used}};
  if (epoch) event["epoch"] = *epoch;
  run.tell(event,
           "warning: " + fixed(100 * spread.share, 1) + " % of the choices " +
               (epoch ? "in training" : "on the validation images") + " were " + std::to_string(resolution) +
               ", which the cost does not ask for: the choice has collapsed; see --predictor-warmup\n");
}

namespace {

/// The router whose results count: the largest resolution until there is a predictor.
Router router_of(int stage) {
  return stage == 1 ? Router(FixedRouter{0}) : Router(PredictorRouter{});
}

EpochReport train_epoch(const Run& run, Training& training, int stage, int epoch) {
  Progress progress("stage " + std::to_string(stage) + ", epoch " + std::to_string(epoch + 1),
                    run.loaders.of(stage).batches());
  // Stage 2, and a run that goes on where another one ended, have other orders and crops.
  const int before = run.options.first_epoch + (stage == 1 ? 0 : run.epochs.stage1);
  return training.epoch(static_cast<std::uint32_t>(epoch), run.loaders.of(stage),
                        static_cast<std::uint32_t>(before + epoch),
                        [&](Index step, const StepLosses& losses) {
                          check_interrupt();
                          progress.show(static_cast<std::size_t>(step) + 1, "loss " + fixed(losses.total, 4));
                        });
}

/// An oracle and a classifier at rest: its answers are computed once, not in every epoch. The views are the
/// epochs 0, 1, ... of their loader wherever the run stands, so that a resumed run notes the same.
void note_errors(const Run& run, Training& training, const TrainerOptions& options) {
  const int views = views_to_note(run.options, options);
  const Loader& loader = run.loaders.answers();
  for (int view = 0; view < views; ++view) {
    Progress progress("answers, view " + std::to_string(view + 1), loader.batches());
    training.note_errors(loader, static_cast<std::uint32_t>(view), [&](std::size_t batches) {
      check_interrupt();
      progress.show(batches);
    });
  }
}

/// What a new predictor begins with.
void begin_predictor(const Run& run) {
  if (run.model.info().predictor_trained || !inherits(run.options)) return;
  const Index convolutions = run.model.inherit_layers();
  if (!run.options.run.json)
    std::printf("the predictor begins with %td convolutions of the classifier\n", convolutions);
}

/// The `epoch` event of docs/log-format.md.
nlohmann::json epoch_event(const Run& run, const TrainerOptions& trainer, const EpochReport& report,
                           double images_per_second) {
  nlohmann::json event{{"event", "epoch"},
                       {"stage", run.position.stage},
                       {"epoch", run.position.epoch},
                       {"seconds", run.position.seconds},
                       {"loss", report.loss},
                       {"training_accuracy", report.accuracy},
                       {"learning_rate", trainer.schedule.rate(run.position.epoch)},
                       {"images_per_second", images_per_second}};
  if (run.position.stage == 2) event["tau"] = trainer.tau_at(run.position.epoch);
  if (run.position.stage == 2) event["training_shares"] = report.shares;
  if (!report.ensemble.empty()) event["ensemble_weights"] = report.ensemble;
  return event;
}

void finish_epoch(Run& run, const TrainerOptions& trainer, const EpochReport& report,
                  double images_per_second) {
  const auto [stage, epoch, seconds] = run.position;
  nlohmann::json event = epoch_event(run, trainer, report, images_per_second);
  std::string words = "stage " + std::to_string(stage) + ", epoch " + std::to_string(epoch) + "/" +
                      std::to_string(run.epochs.of(stage)) + ": loss " + fixed(report.loss, 4);
  const bool last = epoch == run.epochs.of(stage);
  if (const int every = run.options.evaluate_every; every > 0 && (epoch % every == 0 || last)) {
    const Evaluation result = validate(run, router_of(stage));
    event["accuracy"] = result.accuracy();
    event["average_macs"] = result.average_macs();
    event["shares"] = result.shares();
    words += ", accuracy " + fixed(100 * result.accuracy(), 2) + " % at " +
             fixed(result.average_macs() / 1e9, 4) + " G multiply-adds";
  }
  run.tell(event, words + ", rate " + fixed(trainer.schedule.rate(epoch), 5) + ", " +
                      fixed(images_per_second, 1) + " images/s\n");
  if (stage == 2) warn_of_collapse(run, report.shares, epoch);
}

/// Writes the checkpoint of the run's position. A network that is not finite any more is an error that says
/// when, and the checkpoint before it stays.
void save_checkpoint(const Run& run, Training& training) {
  Metadata metadata = run.identity;
  add_position(run.position, metadata);
  try {
    training.save(run.folder.checkpoint(), metadata);
  } catch (const Error& e) {
    throw Error("stage " + std::to_string(run.position.stage) + ", epoch " +
                    std::to_string(run.position.epoch) + ", " + e.place(),
                e.expected(), e.got());
  }
}

/// Measures the batch norms of the classifier anew, with the `recalibration` event of docs/log-format.md. A
/// checkpoint has what the epochs left: a run resumed at the end of a stage does this again, with the same
/// pictures.
void recalibrate(const Run& run, int stage) {
  const TrainOptions& options = run.options;
  if (!recalibrates(options, run.epochs, stage)) return;
  const double before = run.seconds();
  // Augmented as in training, whose means and variances the layers have learnt to work with; in new crops.
  const int epochs = options.first_epoch + run.epochs.stage1 + (stage == 2 ? run.epochs.stage2 : 0);
  const Batch pictures = measured_pictures(
      run.loaders.first_pictures(), training_transform(run.model.info(), options.augmentation),
      options.recalibrate, options.run.seed, static_cast<std::uint32_t>(epochs));
  program::recalibrate(run.model, pictures, run.policy);
  const double seconds = run.seconds() - before;
  run.tell({{"event", "recalibration"},
            {"stage", stage},
            {"images", pictures.labels.size()},
            {"seconds", seconds}},
           "batch norms measured anew on " + std::to_string(pictures.labels.size()) + " pictures in " +
               fixed(seconds, 1) + " s\n");
}

}  // namespace

// The log gets an epoch first, then the checkpoint: a log that is ahead is cut when the run is resumed.
bool run_training(Run& run, bool resume) {
  int session = 0;
  for (int stage = run.position.stage; stage <= run.last_stage(); ++stage) {
    const TrainerOptions options = trainer_options(run.options, run.costs, stage, run.epochs);
    if (stage == 2) begin_predictor(run);
    const auto training =
        run.model.training(run.policy, static_cast<Index>(run.loaders.of(stage).options().batch), options);
    int epoch = 0;
    if (resume && stage == run.position.stage) {
      training->restore(run.folder.checkpoint());
      epoch = run.position.epoch;
    }
    if (epoch < run.epochs.of(stage)) note_errors(run, *training, options);
    for (; epoch < run.epochs.of(stage); ++epoch) {
      const double before = run.seconds();
      const EpochReport report = train_epoch(run, *training, stage, epoch);
      const double images_per_second = static_cast<double>(report.images) / (run.seconds() - before);
      run.position = {stage, epoch + 1, run.seconds()};
      finish_epoch(run, options, report, images_per_second);
      save_checkpoint(run, *training);
      const bool last = stage == run.last_stage() && epoch + 1 == run.epochs.of(stage);
      if (++session == run.options.stop_after && !last) return false;
    }
    if (run.epochs.stage1 + run.epochs.stage2 == 0) save_checkpoint(run, *training);  // to be known by
    recalibrate(run, stage);
  }
  return true;
}

}  // namespace drnet::program
