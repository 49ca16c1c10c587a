#include "recipe.hpp"

#include <drnet/core/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

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

/// G multiply-adds that the FLOPs loss aims at.
double target(const TrainOptions& options, const ModelInfo& model) {
  if (options.alpha > 0) return options.alpha;
  const auto sum = std::accumulate(model.macs.begin(), model.macs.end(), Index{0});
  return static_cast<double>(sum) / static_cast<double>(model.macs.size()) / 1e9;
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

TrainerOptions trainer_options(const TrainOptions& options, const ModelInfo& model, int stage,
                               const Epochs& epochs) {
  require(std::isfinite(options.minutes), "--minutes", "a time", options.minutes);
  require(std::isfinite(options.holdout), "--holdout", "a share", options.holdout);
  require(std::isfinite(options.flip), "--flip", "a probability", options.flip);
  require(std::isfinite(options.lr) && options.lr > 0, "--lr", "more than 0", options.lr);
  require(options.momentum >= 0 && options.momentum < 1, "--momentum", "0 or more, below 1",
          options.momentum);
  require(options.weight_decay >= 0, "--weight-decay", "at least 0", options.weight_decay);
  require(options.warmup >= 0, "--warmup", "at least 0 epochs", options.warmup);
  require(options.tau > 0, "--tau", "more than 0", options.tau);
  require(options.eta >= 0, "--eta", "at least 0", options.eta);
  require(options.alpha >= 0, "--alpha", "at least 0", options.alpha);
  require(options.predictor_rate >= 0, "--predictor-rate", "at least 0", options.predictor_rate);
  require(options.label_smoothing >= 0 && options.label_smoothing < 1, "--label-smoothing",
          "0 or more, below 1", options.label_smoothing);
  require(options.oracle_views >= 0, "--oracle-views", "at least 0", options.oracle_views);
  require(options.classifier_rate >= 0, "--classifier-rate", "at least 0", options.classifier_rate);
  return {.stage = stage,
          .sampled = options.sampled,
          .sgd = {.momentum = options.momentum,
                  .nesterov = options.nesterov,
                  .weight_decay = options.weight_decay,
                  .decay_norm_and_bias = !options.decay_weights_only},
          .schedule = schedule(options, stage, epochs.of(stage)),
          .predictor_rate = options.predictor_rate,
          .classifier_rate = options.classifier_rate,
          .joint = {.estimator = choose<Estimator>("--estimator", options.estimator,
                                                   {{"sparse", Estimator::sparse},
                                                    {"dense", Estimator::dense},
                                                    {"oracle", Estimator::oracle}}),
                    .tau = options.tau,
                    .eta = options.eta,
                    .alpha = target(options, model),
                    .label_smoothing = options.label_smoothing},
          .seed = options.run.seed};
}

int views_to_note(const TrainOptions& options, const TrainerOptions& trainer) {
  return trainer.answers_rest() ? options.oracle_views : 0;
}

Metadata identity(const TrainOptions& options, const ModelInfo& model) {
  const auto text = [](auto value) {
    return nlohmann::json(value).dump();
  };  // shortest that reads back exactly
  return {{"model", model.name},
          {"data", options.data.data},
          {"limit", text(options.data.limit)},
          {"initial_weights", options.weights},
          {"new_head", text(options.new_head)},
          {"unfold_batch_norm", text(options.unfold)},
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
          {"eta", text(options.eta)},
          {"alpha", text(target(options, model))},
          {"estimator", options.estimator},
          {"predictor_rate", text(options.predictor_rate)},
          {"classifier_rate", text(options.classifier_rate)},
          {"sampled", text(options.sampled)},
          {"oracle_views", text(options.oracle_views)},
          {"holdout", text(options.holdout)},
          {"share", text(options.share)},
          {"decay_weights_only", text(options.decay_weights_only)},
          {"crop", options.crop},
          {"flip", text(options.flip)}};
}

void check_same_run(const Metadata& identity, const Metadata& checkpoint, const std::string& place) {
  const auto check = [&](const std::string& key, const std::string& value) {
    const auto found = checkpoint.find(key);
    const std::string got = found == checkpoint.end() ? "nothing" : "'" + found->second + "'";
    if (found == checkpoint.end() || found->second != value)
      throw Error("--resume: " + key + " of " + place, "'" + value + "', as the options say", got);
  };
  check("model", identity.at("model"));  // another model has other defaults, too
  for (const auto& [key, value] : identity) check(key, value);
}

}  // namespace drnet::program
