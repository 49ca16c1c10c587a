// drnet train: both stages of the recipe, epoch by epoch, with a checkpoint after each.
#include "budget.hpp"
#include "closing.hpp"
#include "commands.hpp"
#include "costs.hpp"
#include "environment.hpp"
#include "evaluation.hpp"
#include "interrupt.hpp"
#include "measured_pictures.hpp"
#include "montage.hpp"
#include "names.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "recipe.hpp"
#include "run_folder.hpp"
#include "stage_loaders.hpp"
#include "text.hpp"

#include <drnet/data/subset.hpp>
#include <drnet/io/report_from_logs.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace drnet::program {

namespace {

/// What all steps of a run share.
struct Run {
  const TrainOptions& options;
  Policy policy;
  Model& model;
  const StageLoaders& loaders;
  const Dataset& validation;
  RunFolder& folder;
  Costs costs;
  Metadata identity;
  Epochs epochs;
  Position position;
  double seconds_before = 0;  ///< of the sessions before this one
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  [[nodiscard]] double seconds() const {
    return seconds_before + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  [[nodiscard]] int last_stage() const { return epochs.stage2 > 0 ? 2 : 1; }
  /// Writes an event to the log and, as JSON or in the given words, to the screen.
  void tell(const nlohmann::json& event, const std::string& words) const {
    folder.write(event);
    std::fputs(options.run.json ? (event.dump() + '\n').c_str() : words.c_str(), stdout);
    std::fflush(stdout);
  }
};

Evaluation validate(const Run& run, const Router& router) {
  Progress progress("validating", run.validation.size());
  return evaluate(run.model, run.policy, {.router = router}, run.validation,
                  {.batch = run.options.batch, .loader_threads = run.loaders.of(1).options().threads},
                  [&](std::size_t images) {
                    check_interrupt();
                    progress.show(images);
                  });
}

/// The router whose results count: the largest resolution until there is a predictor.
Router router_of(int stage) {
  return stage == 1 ? Router(FixedRouter{0}) : Router(PredictorRouter{});
}

EpochReport train_epoch(const Run& run, Training& training, int stage, int epoch) {
  Progress progress("stage " + std::to_string(stage) + ", epoch " + std::to_string(epoch + 1),
                    run.loaders.of(stage).batches());
  const int before = stage == 1 ? 0 : run.epochs.stage1;  // stage 2 goes on with other orders and crops
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

/// Warns where the predictor's choices have collapsed, with the `collapse` event of docs/log-format.md.
void check_collapse(const Run& run, const TrainerOptions& trainer, const EpochReport& report) {
  const double limit = run.options.collapse_share;
  if (run.position.stage != 2 ||
      !has_collapsed(report.shares, trainer.costs, trainer.joint.cost_weight(), trainer.joint.alpha, limit))
    return;
  const ChoiceSpread spread = spread_of(report.shares);
  const int resolution = run.model.info().candidates[spread.favourite];
  run.tell({{"event", "collapse"},
            {"stage", run.position.stage},
            {"epoch", run.position.epoch},
            {"resolution", resolution},
            {"share", spread.share},
            {"limit", limit},
            {"entropy", spread.entropy},
            {"used", spread.used}},
           "warning: " + fixed(100 * spread.share, 1) + " % of the choices were " +
               std::to_string(resolution) +
               ", which the cost does not ask for: the choice has collapsed; see --predictor-warmup\n");
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
  check_collapse(run, trainer, report);
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

/// Both stages, from where the run stands; false where the options end the session before the last epoch. The
/// log gets an epoch first, then the checkpoint: a log that is ahead is cut when the run is resumed.
bool run_training(Run& run, bool resume) {
  int session = 0;
  for (int stage = run.position.stage; stage <= run.last_stage(); ++stage) {
    const TrainerOptions options = trainer_options(run.options, run.costs, stage, run.epochs);
    const auto training =
        run.model.training(run.policy, static_cast<Index>(run.loaders.of(stage).options().batch), options);
    int epoch = 0;
    if (resume && stage == run.position.stage) {
      training->restore(run.folder.checkpoint());
      epoch = run.position.epoch;
    }
    note_errors(run, *training, options);
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
  }
  return true;
}

/// The `start` event of docs/log-format.md.
nlohmann::json start_event(const Run& run) {
  const ModelInfo& info = run.model.info();
  nlohmann::json event{{"event", "start"},
                       {"model", info.name},
                       {"data", run.options.data.data},
                       {"seed", run.options.run.seed},
                       {"parameters", info.parameters},
                       {"candidates", info.candidates},
                       {"candidate_macs", info.macs},
                       {"predictor_macs", info.predictor_macs},
                       {"epochs", {run.epochs.stage1, run.epochs.stage2}},
                       {"class_names", run.validation.class_names()},
                       {"options", run.identity}};
  add_costs(run.costs, info, event);
  return event;
}

/// All of closing.hpp.
void analyze(const Run& run, const Evaluation& last, const Teller& tell) {
  const Measured measured{run.model, run.policy, run.validation, run.options.batch, run.options.run.seed};
  if (run.model.info().candidates.size() > 1) {
    compare_with_chance_and_oracle(measured, last, tell);
    run.model.load(run.folder.weights(), {.predictor = run.last_stage() == 2});  // as its users will
    measure_budgets(measured, tell);
  }
  time_images(measured, tell);
}

/// Weights, the accuracy at each candidate and with the predictor, and the report.
void finish_training(const Run& run) {
  const ModelInfo& info = run.model.info();
  const bool joint = run.last_stage() == 2;  // or the predictor is still the one that the seed drew
  run.model.save(run.folder.weights(),
                 {{"model", info.name},
                  {"data", run.options.data.data},
                  {kClassNames, nlohmann::json(run.validation.class_names()).dump()}},
                 {.predictor = joint});
  std::vector<Router> routers;
  for (std::size_t j = 0; j < info.candidates.size(); ++j)
    routers.emplace_back(FixedRouter{static_cast<int>(j)});
  if (joint) routers.emplace_back(PredictorRouter{});
  const auto tell = [&](nlohmann::json event, const std::string& words) {
    event["data"] = run.options.validation.empty() ? run.options.data.data : run.options.validation;
    run.tell(event, words);
  };
  std::optional<Evaluation> last;
  for (const Router& router : routers) {
    last = validate(run, router);
    tell(to_json(*last), to_text(*last, info.candidates));
  }
  if (run.options.analyze) analyze(run, *last, tell);
  const std::filesystem::path logs[] = {run.folder.log()};
  Report report = report_from_logs(logs);
  if (info.candidates.size() > 1)
    report.montage =
        make_montage(run.model, run.policy, routers.back(), run.validation, 48, run.options.run.seed);
  write_report(report, run.folder.report());
  if (!run.options.run.json)
    std::printf("weights: %s\nreport: %s\n", run.folder.weights().c_str(), run.folder.report().c_str());
}

/// The pictures that a run is judged by.
std::shared_ptr<const Dataset> open_validation(const TrainOptions& options, const ModelInfo& model) {
  if (options.validation.empty() && options.data.data.starts_with("folder:"))
    throw Error("--validation", "a data set, as a folder of pictures has no second half", "nothing");
  const std::string& data = options.validation.empty() ? options.data.data : options.validation;
  return open_pictures({.data = data}, Split::test, model, options.run.seed);
}

/// The length of the run: as the options say, or from the time budget, or, where a run with a budget is
/// resumed, from its checkpoint.
Epochs choose_epochs(const Run& run, const Metadata& checkpoint) {
  const TrainOptions& options = run.options;
  if (options.minutes <= 0) return {options.epochs1, run.model.info().has_predictor() ? options.epochs2 : 0};
  if (!options.resume)
    return epochs_within_budget(options, run.costs, run.policy, run.validation, run.loaders);
  const std::string place = run.folder.checkpoint().string();
  return {static_cast<int>(number_in(checkpoint, "epochs1", place)),
          static_cast<int>(number_in(checkpoint, "epochs2", place))};
}

/// The costs of the loss: those of the checkpoint, or, in a new run, counted or measured now.
Costs choose_costs(const TrainOptions& options, const Model& model, const Policy& policy,
                   const Metadata& checkpoint, const RunFolder& folder) {
  if (cost_unit(options.cost) == CostUnit::macs) return counted_costs(model.info());
  if (options.resume) return measured_costs_in(checkpoint, model.info(), folder.checkpoint().string());
  return model.session(policy, {.router = FixedRouter{0}})->measured_costs({});
}

/// Settles the length of the run and, where it is resumed, its position; opens the log.
void prepare(Run& run, const Metadata& checkpoint) {
  run.epochs = choose_epochs(run, checkpoint);
  run.identity["epochs1"] = std::to_string(run.epochs.stage1);
  run.identity["epochs2"] = std::to_string(run.epochs.stage2);
  if (!run.options.resume) {
    run.folder.open_log(std::nullopt);
    return run.folder.write(start_event(run));
  }
  const std::string place = run.folder.checkpoint().string();
  check_same_run(run.identity, checkpoint, place);
  run.position = position_of(checkpoint, place);
  if (run.position.epoch > run.epochs.of(run.position.stage))
    throw Error(place + ", epoch", "at most " + std::to_string(run.epochs.of(run.position.stage)),
                std::to_string(run.position.epoch));
  run.seconds_before = run.position.seconds;
  const bool has_log = std::filesystem::exists(run.folder.log());
  run.folder.open_log(run.position);
  if (!has_log) run.folder.write(start_event(run));
}

/// Prints how long the run will take.
void tell_forecast(const Run& run) {
  const double seconds =
      run_seconds(run.options, run.costs, run.policy, run.validation, run.loaders, run.epochs);
  if (!run.options.run.json) std::printf("forecast: %s minutes\n", fixed(seconds / 60, 1).c_str());
  std::fflush(stdout);
}

/// A random share of the pictures, at least one.
std::shared_ptr<const Dataset> share_of(std::shared_ptr<const Dataset> pictures,
                                        const TrainOptions& options) {
  if (options.share >= 1) return pictures;
  std::shared_ptr<const Dataset> part = hold_out(pictures, options.share, options.run.seed).second;
  if (part->size() == 0) throw Error("--share", "a share of at least one picture", fixed(options.share, 6));
  return part;
}

/// What a run works on. What the options cannot mean is found out here, before anything is written.
struct Material {
  Material(const TrainOptions& options, const ModelInfo& info)
      : training(open_pictures(options.data, Split::train, info, options.run.seed)),
        validation(open_validation(options, info)),
        policy(make_policy(options.run)) {
    if (options.data.limit == 0) check_lists(options.data.data, *training, options.validation, *validation);
    training = share_of(std::move(training), options);
    validation = share_of(std::move(validation), options);
    loaders.emplace(training, options, info);
    static_cast<void>(cost_unit(options.cost));
    for (const int stage : {1, 2}) trainer_options(options, counted_costs(info), stage, {1, 1}).check();
  }
  std::shared_ptr<const Dataset> training, validation;
  std::optional<StageLoaders> loaders;
  Policy policy;
};

}  // namespace

void check_training(const TrainOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  (void)Material(options, model->info());
}

int run_train(const TrainOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  if (!options.weights.empty())
    model->load(with_variables(options.weights), {.predictor = false, .head = !options.new_head});
  const Material material(options, info);
  const Policy& policy = material.policy;
  if (options.unfold > 0 && !options.resume)
    model->unfold_batch_norm(
        measured_pictures(*material.training, info, options.unfold, options.run.seed).view(), policy);
  RunFolder folder(options.output, options.resume);
  catch_interrupts();
  try {
    const Metadata checkpoint = options.resume ? folder.checkpoint_metadata() : Metadata{};
    const Costs costs = choose_costs(options, *model, policy, checkpoint, folder);
    Run run{options,
            policy,
            *model,
            *material.loaders,
            *material.validation,
            folder,
            costs,
            identity(options, info, costs),
            {},
            {}};
    prepare(run, checkpoint);
    if (options.forecast && !options.resume) tell_forecast(run);
    if (run_training(run, options.resume)) finish_training(run);
    return 0;
  } catch (const Interrupted&) {
    std::fprintf(stderr, "drnet: interrupted; --resume continues from the last whole epoch\n");
    return 130;
  }
}

}  // namespace drnet::program
