#include "recipe.hpp"

#include <drnet/core/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace drnet::program {

namespace {

template <class T>
T choose(const char* option, const std::string& text, const std::vector<std::pair<std::string, T>>& choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
    names.push_back(name);
  }
  throw Error(option, "one of " + join(names), "'" + text + "'");
}

void require(bool valid, const char* option, const char* expected, double got) {
  if (!valid)
    throw Error(option, expected, std::isfinite(got) ? nlohmann::json(got).dump() : std::to_string(got));
}

/// The cost that the FLOPs loss aims at, in the unit of --alpha. Throws Error for one that no choice can keep
/// to.
double target(const TrainOptions& options, const Costs& costs) {
  const std::vector<double> values = in_unit_of_alpha(costs);
  const double least = std::ranges::min(values), most = std::ranges::max(values);
  const auto check = [&](const char* option, double cost) {
    if (cost < least)
      throw Error(
          option,
          "a target of at least " + nlohmann::json(least).dump() + ", what the cheapest resolution costs",
          nlohmann::json(cost).dump());
    return cost;
  };
  if (options.alpha > 0) return check("--alpha", options.alpha);
  if (options.target_share > 0) return check("--target-share", options.target_share * most);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The paper divides the rate every 20 of 70 epochs in stage 1 and every 30 of 100 in stage 2; other lengths
/// keep these shares, and a short stage warms up for a fifth of it at most.
Schedule schedule(const TrainOptions& options, int stage, int epochs) {
  const auto decay =
      choose<Decay>("--schedule", options.schedule,
                    {{"step", Decay::step}, {"cosine", Decay::cosine}, {"constant", Decay::constant}});
  return {.decay = decay,
          .base = options.lr,
          .warmup = std::min(options.warmup, 0.2 * epochs),
          .total = static_cast<double>(epochs),
          .every = std::max(epochs, 1) * (stage == 1 ? 20.0 / 70.0 : 30.0 / 100.0)};
}

}  // namespace

void use_papers_recipe(TrainOptions& options) {
  options.epochs1 = 70;
  options.epochs2 = 100;
  options.schedule = "step";
  options.stage1 = "summed";
  options.estimator = "sparse";
  options.predictor_start = "random";
  options.classifier_rate = 1;
  options.predictor_rate = 0.1;
  options.eta = 0.2;
  options.recalibrate = 0;
}

TrainerOptions trainer_options(const TrainOptions& options, const Costs& costs, int stage,
                               const Epochs& epochs) {
  require(std::isfinite(options.minutes), "--minutes", "a time", options.minutes);
  require(std::isfinite(options.holdout), "--holdout", "a share", options.holdout);
  require(std::isfinite(options.augmentation.flip), "--flip", "a probability", options.augmentation.flip);
  require(std::isfinite(options.lr) && options.lr > 0, "--lr", "more than 0", options.lr);
  require(options.momentum >= 0 && options.momentum < 1, "--momentum", "0 or more, below 1",
          options.momentum);
  require(options.weight_decay >= 0, "--weight-decay", "at least 0", options.weight_decay);
  require(options.warmup >= 0, "--warmup", "at least 0 epochs", options.warmup);
  require(options.tau > 0, "--tau", "more than 0", options.tau);
  require(options.tau_end >= 0 && std::isfinite(options.tau_end), "--tau-end", "more than 0, or 0 to stay",
          options.tau_end);
  require(options.distill_temperature > 0 && std::isfinite(options.distill_temperature),
          "--distill-temperature", "more than 0", options.distill_temperature);
  require(options.eta >= 0, "--eta", "at least 0", options.eta);
  require(options.alpha >= 0, "--alpha", "at least 0", options.alpha);
  require(options.predictor_rate >= 0, "--predictor-rate", "at least 0", options.predictor_rate);
  require(options.label_smoothing >= 0 && options.label_smoothing < 1, "--label-smoothing",
          "0 or more, below 1", options.label_smoothing);
  require(options.oracle_views >= 0, "--oracle-views", "at least 0", options.oracle_views);
  require(options.head_rate >= 0 && std::isfinite(options.head_rate), "--head-rate", "at least 0",
          options.head_rate);
  require(options.classifier_rate >= 0, "--classifier-rate", "at least 0", options.classifier_rate);
  const auto estimator = choose<Estimator>("--estimator", options.estimator,
                                           {{"sparse", Estimator::sparse},
                                            {"dense", Estimator::dense},
                                            {"oracle", Estimator::oracle},
                                            {"minimum-resolution", Estimator::minimum_resolution}});
  if (options.tau_end > 0 && JointOptions{.estimator = estimator}.learns_from_answers())
    throw Error("--tau-end", "--estimator sparse or dense, which alone have a temperature",
                "--estimator " + options.estimator);
  return {.stage = stage,
          .first_stage = choose<FirstStage>("--stage1", options.stage1,
                                            {{"distilled", FirstStage::distilled},
                                             {"summed", FirstStage::summed},
                                             {"sampled", FirstStage::sampled}}),
          .distillation = {.temperature = options.distill_temperature},
          .sgd = {.momentum = options.momentum,
                  .nesterov = options.nesterov,
                  .weight_decay = options.weight_decay,
                  .decay_norm_and_bias = !options.decay_weights_only},
          .schedule = schedule(options, stage, epochs.of(stage)),
          .predictor_rate = options.predictor_rate,
          .classifier_rate = options.classifier_rate,
          .head_rate = options.head_rate,
          .predictor_warmup = options.predictor_warmup,
          .joint = {.estimator = estimator,
                    .tau = options.tau,
                    .eta = options.eta,
                    .alpha = target(options, costs),
                    .label_smoothing = options.label_smoothing},
          .tau_end = options.tau_end > 0 ? std::optional(options.tau_end) : std::nullopt,
          .costs = in_unit_of_alpha(costs),
          .seed = options.run.seed};
}

bool inherits(const TrainOptions& options) {
  return choose<bool>("--predictor-start", options.predictor_start,
                      {{"classifier", true}, {"random", false}});
}

bool recalibrates(const TrainOptions& options, const Epochs& epochs, int stage) {
  if (options.recalibrate == 0) return false;
  const bool second_trains = epochs.stage2 > options.predictor_warmup && options.classifier_rate > 0;
  if (stage == 2) return second_trains;
  const bool rests_at_first = epochs.stage2 > 0 && options.predictor_warmup > 0;
  return epochs.stage2 == 0 || (epochs.stage1 > 0 && (!second_trains || rests_at_first));
}

int views_to_note(const TrainOptions& options, const TrainerOptions& trainer) {
  return trainer.answers_rest() ? options.oracle_views : 0;
}

Metadata identity(const TrainOptions& options, const ModelInfo& model, const Costs& costs,
                  const Metadata& fingerprints) {
  const auto text = [](auto value) {
    return nlohmann::json(value).dump();
  };  // shortest that reads back exactly
  Metadata all{{"model", model.name},
               {"data", options.data.data},
               {"limit", text(options.data.limit)},
               {"new_head", text(options.new_head)},
               {"linear_probe", text(options.probe)},
               {"unfold_batch_norm", text(options.unfold)},
               {"recalibrate", text(options.recalibrate)},
               {"first_epoch", text(options.first_epoch)},
               {"seed", text(options.run.seed)},
               {"batch", text(options.batch)},
               {"schedule", options.schedule},
               {"lr", text(options.lr)},
               {"warmup", text(options.warmup)},
               {"weight_decay", text(options.weight_decay)},
               {"momentum", text(options.momentum)},
               {"nesterov", text(options.nesterov)},
               {"label_smoothing", text(options.label_smoothing)},
               {"tau", text(options.tau)},
               {"tau_end", text(options.tau_end)},
               {"predictor_warmup", text(options.predictor_warmup)},
               {"eta", text(options.eta)},
               {"alpha", text(target(options, costs))},
               {"estimator", options.estimator},
               {"predictor_start", options.predictor_start},
               {"predictor_rate", text(options.predictor_rate)},
               {"classifier_rate", text(options.classifier_rate)},
               {"head_rate", text(options.head_rate)},
               {"stage1", options.stage1},
               {"distill_temperature", text(options.distill_temperature)},
               {"oracle_views", text(options.oracle_views)},
               {"holdout", text(options.holdout)},
               {"share", text(options.share)},
               {"decay_weights_only", text(options.decay_weights_only)},
               {"crop", options.augmentation.crop},
               {"crop_scale", text(options.augmentation.crop_scale)},
               {"flip", text(options.augmentation.flip)}};
  all.merge(cost_metadata(costs));
  all.merge(Metadata(fingerprints));
  return all;
}

void check_same_run(const Metadata& identity, const Metadata& checkpoint, const std::string& place) {
  const auto check = [&](const std::string& key, const std::string& value) {
    const auto found = checkpoint.find(key);
    const std::string got = found == checkpoint.end() ? "nothing" : "'" + found->second + "'";
    if (found == checkpoint.end() || found->second != value)
      throw Error(key + " of " + place, "'" + value + "', as the options say, or no such checkpoint", got);
  };
  for (const char* key : {"model", "cost"}) check(key, identity.at(key));  // others have other defaults, too
  for (const auto& [key, value] : identity) check(key, value);
}

}  // namespace drnet::program
