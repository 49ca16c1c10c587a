// drnet train: what the options mean, both stages of the recipe, and what came out.
#include "budget.hpp"
#include "closing.hpp"
#include "commands.hpp"
#include "costs.hpp"
#include "environment.hpp"
#include "evaluation.hpp"
#include "fingerprint.hpp"
#include "interrupt.hpp"
#include "measured_pictures.hpp"
#include "montage.hpp"
#include "names.hpp"
#include "origin.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "training_run.hpp"

#include <drnet/data/subset.hpp>
#include <drnet/io/report_from_logs.hpp>
#include <drnet/io/safetensors.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace drnet::program {

namespace {

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
                       {"options", run.identity},
                       {"compiler", compiler_name()},
                       {"processor", processor_name()}};
  if (!run.options.commit.empty()) event["commit"] = run.options.commit;
  add_costs(run.costs, info, event);
  return event;
}

/// All of closing.hpp. `chosen`: with the predictor, if there is one; `tuning`: of several candidates.
void analyze(const Run& run, const std::optional<Tuning>& tuning, const std::vector<BudgetCurve>& curves,
             const std::optional<Evaluation>& chosen, const Teller& tell) {
  const Measured measured{run.model, run.policy, run.validation, run.options.run.seed};
  std::vector<NamedRouter> settings;
  if (tuning) settings = compare_choices(measured, *tuning, curves, chosen, tell);
  time_images(measured, settings, tell);
}

/// Settings of every router for many budgets.
std::vector<BudgetCurve> settings_for_budgets(Tuning& tuning) {
  constexpr int kPoints = 33;
  std::vector<BudgetCurve> curves;
  for (const Router& router : tuning.routers(""))
    curves.push_back(tuning.solve(router, tuning.costs(CostUnit::macs, 1), kPoints, {}));
  return curves;
}

/// Weights with settings for budgets, the accuracy at each candidate and with the predictor, and the report.
void finish_training(const Run& run) {
  const ModelInfo& info = run.model.info();
  const bool joint = info.predictor_trained;  // or the predictor is still the one that the seed drew
  Metadata metadata{{"model", info.name},
                    {"data", run.options.data.data},
                    {kClassNames, nlohmann::json(run.validation.class_names()).dump()}};
  std::optional<Tuning> tuning;
  std::vector<BudgetCurve> curves;
  if (info.candidates.size() > 1) {
    tuning.emplace(run.model, run.policy, SessionOptions{}, run.validation, run.options.batch);
    curves = settings_for_budgets(*tuning);
    metadata.emplace(kBudgetCurves, stored_text(curves, info));
  }
  run.model.save(run.folder.weights(), metadata, {.predictor = joint});
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
    last = tuning ? evaluation_of(router, tuning->outputs(), info) : validate(run, router);
    tell(to_json(*last), to_text(*last, info.candidates));
  }
  if (joint && run.epochs.stage2 > 0) warn_of_collapse(run, last->shares(), std::nullopt);
  if (run.options.analyze) analyze(run, tuning, curves, joint ? last : std::nullopt, tell);
  if (joint)
    run.folder.write(montage_event(
        make_montage(run.model, run.policy, PredictorRouter{}, run.validation, 48, run.options.run.seed)));
  const std::filesystem::path logs[] = {run.folder.log()};
  write_report(report_from_logs(logs), run.folder.report());
  if (!run.options.run.json)
    std::printf("weights: %s\nreport: %s\n", run.folder.weights().c_str(), run.folder.report().c_str());
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
    check_lists(options.data.data, *training, options.validation, *validation, options.data.limit == 0);
    training = share_of(std::move(training), options);
    validation = share_of(std::move(validation), options);
    loaders.emplace(training, options, info);
    const std::size_t measured = std::min(options.recalibrate, loaders->first_pictures().size());
    if (options.recalibrate > 0 && measured < 2)
      throw Error("--recalibrate", "0, or at least 2 pictures", std::to_string(measured));
    static_cast<void>(inherits(options));
    TrainOptions counted = options;
    if (cost_unit(options.cost) !=
        CostUnit::macs) {  // what the target has to be is not known before the costs
      counted.alpha = std::min(options.alpha, 0.0);
      counted.target_share = 0;
    }
    for (const int stage : {1, 2}) trainer_options(counted, counted_costs(info), stage, {1, 1}).check();
  }
  /// Of what the options name.
  [[nodiscard]] Metadata fingerprints(const TrainOptions& options) const {
    return {
        {"initial_weights",
         options.weights.empty() ? "" : fingerprint(std::filesystem::path(with_variables(options.weights)))},
        {"pictures", fingerprint(*training)},
        {"validation_pictures", fingerprint(*validation)}};
  }
  std::shared_ptr<const Dataset> training, validation;
  std::optional<StageLoaders> loaders;
  Policy policy;
};

/// Throws Error where the folder of `output` holds a run of other options, pictures or weights.
void check_folder(const TrainOptions& options, const ModelInfo& info, const Material& material) {
  const std::filesystem::path path = std::filesystem::path(options.output) / "checkpoint.safetensors";
  if (!std::filesystem::exists(path)) return;
  const Metadata checkpoint = SafeTensors::read(path).metadata();
  const Costs costs = cost_unit(options.cost) == CostUnit::macs
                          ? counted_costs(info)
                          : measured_costs_in(checkpoint, info, path.string());
  Metadata expected = identity(options, info, costs, material.fingerprints(options));
  if (!options.weights.empty() && expected["initial_weights"].empty()) expected.erase("initial_weights");
  if (options.minutes <= 0) {
    expected["epochs1"] = std::to_string(options.epochs1);
    expected["epochs2"] = std::to_string(info.has_predictor() ? options.epochs2 : 0);
  }
  check_same_run(expected, checkpoint, path.string());
}

/// Fits the last layer to what the features say about stage 1's pictures; an event for the log.
nlohmann::json fit_head(const TrainOptions& options, Model& model, const Material& material) {
  constexpr std::size_t kBatch = 32;
  const Loader loader(material.loaders->first_pictures(), evaluation_transform(model.info()),
                      {.batch = std::min(kBatch, material.loaders->first_pictures().size()),
                       .seed = options.run.seed,
                       .threads = thread_count(options.run)});
  const auto start = std::chrono::steady_clock::now();
  Progress progress("features for the linear probe",
                    std::min(options.probe, material.loaders->first_pictures().size()));
  const LinearProbeReport report =
      model.fit_head(loader, options.probe, material.policy, {.label_smoothing = options.label_smoothing},
                     [&](std::size_t pictures) {
                       check_interrupt();
                       progress.show(pictures);
                     });
  if (!options.run.json)
    std::printf("linear probe of %td pictures: loss %.4f, accuracy %.2f %%\n", report.images, report.loss,
                100 * report.accuracy);
  std::fflush(stdout);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return {{"event", "linear_probe"},
          {"images", report.images},
          {"seconds", time.count()},
          {"loss", report.loss},
          {"accuracy", report.accuracy}};
}

}  // namespace

void check_training(const TrainOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const Material material(options, model->info());
  check_folder(options, model->info(), material);
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
        measured_pictures(*material.training, evaluation_transform(info), options.unfold, options.run.seed)
            .view(),
        policy);
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
            identity(options, info, costs, material.fingerprints(options)),
            {},
            {}};
    prepare(run, checkpoint);
    if (options.forecast && !options.resume) tell_forecast(run);
    run.start = std::chrono::steady_clock::now();  // trials do not count
    if (options.probe > 0 && !options.resume) folder.write(fit_head(options, *model, material));
    if (run_training(run, options.resume)) finish_training(run);
    return 0;
  } catch (const Interrupted&) {
    std::fprintf(stderr, "drnet: interrupted; --resume continues from the last whole epoch\n");
    return 130;
  }
}

}  // namespace drnet::program
