// drnet: train, evaluate and look at dynamic-resolution networks from the command line.
#include "command_line.hpp"
#include "commands.hpp"
#include "model.hpp"
#include "progress.hpp"
#include "recipe.hpp"

#include <drnet/core/error.hpp>
#include <drnet/data/open.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

using namespace drnet::program;

void add_thread_options(CLI::App& command, RunOptions& options) {
  command.add_option("--threads", options.threads, "Threads; 0: one for each processor")
      ->check(CLI::Range(0, 1024));
  command.add_option("--backend", options.backend, "Who runs them: tbb, openmp or serial");
  command.add_flag("--json", options.json, "Print JSON instead of text");
  command
      .add_option_function<double>(
          "--progress", Progress::set_interval,
          "Seconds between lines of progress where standard error is no terminal (default: 10)")
      ->check(CLI::NonNegativeNumber);
}

void add_run_options(CLI::App& command, RunOptions& options) {
  add_thread_options(command, options);
  command.add_option("--seed", options.seed, "Seed of every random number")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
}

CLI::Option* add_model(CLI::App& command, std::string& model, const char* option = "--model") {
  std::string names = "Network:";
  for (const ModelEntry& entry : all_models()) names.append(" ").append(entry.name);
  return command.add_option(option, model, names);
}

CLI::Option* add_data(CLI::App& command, DataOptions& options) {
  command.add_option("--limit", options.limit, "Use the first pictures only; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  return command.add_option(
      "--data", options.data,
      "Data set: " + std::string(drnet::kDatasetForms) + "; $NAME is an environment variable");
}

void add_routing(CLI::App& command, RoutingOptions& options) {
  command.add_option(
      "--router", options.router,
      "Who chooses the resolution: predictor, gumbel (the predictor with noise), random, fixed:R or cascade "
      "(from the smallest up, until one is sure; default: predictor; with --official gumbel; beside an "
      "analysis none)");
  command.add_option(
      "--budget", options.budget,
      "Most that a picture may cost on average, e.g. 180M or 1.2G multiply-adds or 4.5ms: take "
      "the most accurate setting that drnet tune stored in the weights, of --router predictor "
      "or cascade (default: either)");
  command
      .add_option("--threshold", options.threshold,
                  "Probability at which a cascade without a budget is sure (default: 0.9)")
      ->check(CLI::Range(0.0, 1.0));
}

void add_weights(CLI::App& command, std::string& weights, std::string& names, bool& official) {
  command.add_option("--weights", weights, "Weights (.safetensors)")->required();
  command.add_option("--names", names,
                     "Names in the weights: torchvision or mindspore (default: torchvision; with --official "
                     "mindspore)");
  command.add_flag("--official", official, "Depart from the paper as the published MindSpore code does");
}

const CLI::Validator kBatch = CLI::Range(1, 65'536);

void add_evaluate(CLI::App& program, EvaluateOptions& options) {
  auto& command = *program.add_subcommand("evaluate", "Measure accuracy, cost and speed on a data set");
  add_model(command, options.model)->required();
  add_weights(command, options.weights, options.names, options.official);
  add_data(command, options.data)->required();
  add_routing(command, options.routing);
  command.add_option("--tune-on", options.tune_on.data,
                     "Data set to find the setting for the budget on, whatever the weights hold");
  command.add_option("--batch", options.batch, "Pictures classified together")
      ->capture_default_str()
      ->check(kBatch);
  command.add_option(
      "--analysis", options.analysis,
      "minimum-resolution: the smallest resolution that is right about each picture, and what "
      "an oracle that knows it would reach; latency: the time of a picture, alone and with others");
  command.add_option("--report", options.report, "Write an HTML page of the results to this file, too");
  command.add_option("--examples", options.examples, "Pictures in the page, of each class of the analysis")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  add_run_options(command, options.run);
}

void add_schedule_options(CLI::App& command, TrainOptions& o) {
  const auto add = [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->capture_default_str()->group("Recipe");
  };
  command  // comes first, so that what is given beside it counts
      .add_flag_callback(
          "--paper", [&] { use_papers_recipe(o); },
          "The paper's recipe for what is not given: --epochs1 70 --epochs2 100 --schedule step "
          "--stage1 summed --estimator sparse --predictor-start random --classifier-rate 1 "
          "--predictor-rate 0.1 --eta 0.2 --recalibrate 0")
      ->group("Recipe");
  add("--epochs1", o.epochs1, "Epochs of stage 1: classifier, all resolutions")
      ->check(CLI::Range(0, 100'000));
  add("--epochs2", o.epochs2, "Epochs of stage 2: with predictor, if any")->check(CLI::Range(0, 100'000));
  add("--minutes", o.minutes, "Choose the epochs for this wall-clock time, in the ratio given; 0: do not")
      ->check(CLI::NonNegativeNumber);
  add("--batch", o.batch, "Pictures in a step")->check(kBatch);
  add("--lr", o.lr, "Learning rate after warm-up");
  add("--schedule", o.schedule, "Of the learning rate: step, cosine or constant");
  add("--warmup", o.warmup, "Epochs of warm-up, at most a fifth of a stage");
  add("--weight-decay", o.weight_decay, "Weight decay");
  add("--momentum", o.momentum, "Momentum");
  command.add_flag("--nesterov", o.nesterov, "Nesterov's momentum")->group("Recipe");
  command.add_flag("--decay-weights-only", o.decay_weights_only, "No weight decay of batch norms and biases")
      ->group("Recipe");
  add("--stage1", o.stage1,
      "distilled: the ensemble of all resolutions and each larger one teach the smaller ones; summed: their "
      "losses are added; sampled: one random resolution for each picture");
  add("--recalibrate", o.recalibrate,
      "After the last epoch that trained the classifier (without any epochs: at once), and before epochs in "
      "which it rests, measure its batch norms anew, in every bank, on so many augmented training pictures; "
      "0: keep the moving means")
      ->check(CLI::Range(0, 100'000));
  add("--head-rate", o.head_rate,
      "Learning rate of the classifier's last layer, as a multiple of that of the others");
  add("--distill-temperature", o.distill_temperature,
      "Temperature of what the resolutions teach each other (--stage1 distilled); above 1: more of the other "
      "classes");
  add("--label-smoothing", o.label_smoothing, "Share of the target that all classes have");
  add("--crop", o.augmentation.crop,
      "Of training pictures: padded, resized or none (default: as usual for the network)");
  add("--crop-scale", o.augmentation.crop_scale, "Least share of a picture's area in a resized crop")
      ->check(CLI::Range(0.01, 1.0));
  add("--flip", o.augmentation.flip, "Probability of a mirror image")->check(CLI::Range(0.0, 1.0));
}

void add_joint_options(CLI::App& command, TrainOptions& o) {
  const auto add = [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->capture_default_str()->group("Stage 2");
  };
  add("--tau", o.tau, "Temperature of the Gumbel softmax");
  add("--tau-end", o.tau_end,
      "Temperature that it goes to, exponentially (--estimator sparse or dense); 0: it stays");
  add("--predictor-warmup", o.predictor_warmup,
      "Epochs in which the predictor learns alone first, from what all resolutions answer")
      ->check(CLI::Range(0, 100'000));
  add("--eta", o.eta, "Weight of the cost");
  add("--cost", o.cost,
      "What a resolution costs: macs (multiply-adds), or ms, measured here as the run begins");
  auto* alpha = add("--alpha", o.alpha,
                    "Target cost, in G multiply-adds or, with --cost ms, in ms; 0: the mean of the "
                    "resolutions' costs");
  add("--target-share", o.target_share, "Target cost as a share of the largest one, in whatever unit")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes(alpha);
  add("--estimator", o.estimator, "Gradient of the choice: sparse, dense, oracle or minimum-resolution");
  add("--predictor-start", o.predictor_start,
      "What a new predictor begins with: classifier (copies of its layers, where they fit) or random values");
  add("--oracle-views", o.oracle_views,
      "Augmented views of a picture whose errors the oracle or the minimum resolution averages, where the "
      "classifier's rate is 0; 0: the view of the step");
  add("--collapse-share", o.collapse_share,
      "Warn where one resolution got more than this share of an epoch's choices, and the cost did not ask "
      "for it")
      ->check(CLI::Range(0.0, 1.0));
  add("--predictor-rate", o.predictor_rate, "Learning rate of the predictor, as a multiple of --lr");
  add("--classifier-rate", o.classifier_rate, "The same for the classifier; 0: it stays as stage 1 left it");
  command
      .add_option("--holdout", o.holdout,
                  "Share of the training pictures that only stage 2 sees, and all that it sees, for a "
                  "classifier that rests in it; 0: both see all")
      ->capture_default_str()
      ->group("Stage 2")
      ->check(CLI::Range(0.0, 0.9));
}

void add_commit(CLI::App& command, std::string& commit) {
  command.add_option("--commit", commit, "Version of the sources, which the log will name");
}

void add_train(CLI::App& program, TrainOptions& options) {
  auto& command =
      *program.add_subcommand("train", "Train a network; writes checkpoint, weights, log and report");
  add_model(command, options.model)->required();
  add_data(command, options.data)->required();
  command.add_option("--validation", options.validation,
                     "Data set to be judged by (default: the test pictures of --data; a folder has none)");
  command.add_option("--output", options.output, "Folder to write")->required();
  command.add_flag("--resume", options.resume, "Go on from the checkpoint in the folder");
  auto* weights = command.add_option("--weights", options.weights, "Weights to begin with");
  command.add_flag("--new-head", options.new_head,
                   "Weights for other classes are welcome: the last layer begins with zeros");
  command
      .add_option("--linear-probe", options.probe,
                  "First fit the last layer alone, to the features of so many pictures at rest; 0: do not")
      ->capture_default_str()
      ->needs(weights)
      ->check(CLI::Range(0, 1'000'000));
  command
      .add_option("--unfold-batch-norm", options.unfold,
                  "Weights whose batch norms were folded away: make them live, measured on so many pictures")
      ->capture_default_str()
      ->needs(weights)
      ->check(CLI::Range(0, 100'000));
  command
      .add_option(
          "--first-epoch", options.first_epoch,
          "Epochs that the weights were trained for before, on the same pictures: go on with orders and "
          "crops that they have not seen")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command
      .add_option("--evaluate-every", options.evaluate_every,
                  "Epochs between validations; 0: at the end only")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000));
  command
      .add_option("--stop-after", options.stop_after, "Stop after so many epochs, to be resumed; 0: do not")
      ->check(CLI::Range(0, 100'000));
  command
      .add_option("--share", options.share,
                  "Random share of the pictures that is used, both for training and to be judged by")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command.add_flag("--forecast", options.forecast,
                   "Try a few steps first, and say how long the run will take");
  command.add_flag("--analyze", options.analyze,
                   "At the end also measure chance at the same costs, what an oracle would reach, budgets, "
                   "confidences and speed");
  add_commit(command, options.commit);
  add_schedule_options(command, options);
  add_joint_options(command, options);
  add_run_options(command, options.run);
}

void add_experiments(CLI::App& program, ExperimentsOptions& options) {
  auto& command =
      *program.add_subcommand("experiments", "Train the networks of a folder of experiments, or go on");
  command
      .add_option("folder", options.folder, "Folder of experiments (*.json, as in examples/experiments/main)")
      ->required();
  command.add_option("--output", options.output, "Folder of the results: a folder for each experiment")
      ->required();
  command.add_flag("--quick", options.quick, "With what the experiments say under `quick`");
  command
      .add_option("--only", options.only,
                  "Names of experiments, a comma between them: these, and what they begin from")
      ->delimiter(',');
  command.add_flag("--list", options.list, "Say which there are, and which are finished");
  add_commit(command, options.commit);
  add_thread_options(command, options.run);
}

void add_calibrate(CLI::App& program, CalibrateOptions& options) {
  auto& command = *program.add_subcommand("calibrate",
                                          "Measure the batch norms of weights on pictures, without training");
  add_model(command, options.model)->required();
  command.add_option("--weights", options.weights, "Weights (.safetensors)")->required();
  add_data(command, options.data)->required();
  command.add_option("--output", options.output, "Weights to write (.safetensors)")->required();
  command.add_option("--images", options.images, "Pictures to measure on")
      ->capture_default_str()
      ->check(CLI::Range(2, 100'000));
  auto* native = command.add_option(
      "--native", options.native,
      "Resolution that the weights were trained at, where their answers stay (default: the largest)");
  auto* match = command.add_flag(
      "--match-native", options.match_native,
      "Give all banks the native scale and shift (done anyway where batch norms are folded)");
  command
      .add_flag("--unfold", options.unfold,
                "Give weights whose batch norms were folded away live ones, and change nothing else")
      ->excludes(match)
      ->excludes(native);
  command
      .add_flag(
          "--all-banks", options.all_banks,
          "Measure the statistics of every bank anew, at its own resolution (of a shared one, at all), as "
          "drnet train --recalibrate does on augmented ones")
      ->excludes("--unfold")
      ->excludes(match)
      ->excludes(native);
  add_run_options(command, options.run);
}

void add_tune(CLI::App& program, TuneOptions& options) {
  auto& command = *program.add_subcommand(
      "tune",
      "Find the best settings of predictor and cascade for many budgets and store them in the weights");
  add_model(command, options.model)->required();
  command.add_option("--weights", options.weights, "Weights (.safetensors)")->required();
  add_data(command, options.data)->required();
  command
      .add_option(
          "--holdout", options.holdout,
          "Of the training pictures, those that drnet train with this --holdout and --seed held back; "
          "0: the test pictures")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.9));
  command.add_option("--output", options.output, "Weights to write (.safetensors)")->required();
  command.add_option("--router", options.router, "predictor or cascade (default: both)");
  command.add_option("--points", options.points, "Budgets of each curve, from the cheapest to the dearest")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  command.add_option("--budget", options.budgets, "Further budgets, e.g. 180M, 1.2G or 4.5ms");
  command.add_option("--batch", options.batch, "Pictures classified together")
      ->capture_default_str()
      ->check(kBatch);
  command
      .add_option("--cost-batch", options.cost_batch,
                  "Pictures of a call whose milliseconds are measured; 1: of pictures that come alone")
      ->capture_default_str()
      ->check(kBatch);
  add_run_options(command, options.run);
}

void add_predict(CLI::App& program, PredictOptions& options) {
  auto& command = *program.add_subcommand("predict", "Classify pictures");
  command.add_option("pictures", options.files, "JPEG or PNG files");
  add_model(command, options.model)->required();
  add_weights(command, options.weights, options.names, options.official);
  add_data(command, options.data);
  command.add_option("--classes", options.classes, "File with the name of a class on each line");
  add_routing(command, options.routing);
  add_run_options(command, options.run);
}

void add_export(CLI::App& program, ExportOptions& options) {
  auto& command = *program.add_subcommand("export", "Write a network for other programs");
  add_model(command, options.model)->required();
  add_weights(command, options.weights, options.names, options.official);
  command
      .add_option("--format", options.format,
                  "safetensors: a state dict; onnx: a model for each resolution and one for the predictor")
      ->capture_default_str();
  command.add_option("--output", options.output, "File to write (.safetensors); the folder of ONNX models")
      ->required();
  command
      .add_option("--candidate", options.candidate,
                  "Safetensors: resolution to write as a plain state dict, without the predictor; 0: all of "
                  "them, with it")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--keep-batch-norm", options.keep_batch_norm,
                   "ONNX: do not fold batch norms into the convolutions before them");
  command.add_flag("--json", options.json, "Print JSON instead of text");
}

void add_summary(CLI::App& program, SummaryOptions& options) {
  auto& command = *program.add_subcommand(
      "summary", "List a network's layers, parameters, multiply-adds and activations");
  command.footer(
      "Activation bytes: the output of one image in float, channels x height x width x 4; 0 where a layer\n"
      "is folded into the one before at inference. Arena: the memory that a session keeps for them at a "
      "time.");
  add_model(command, options.model, "model,--model")->required();
  command.add_flag("--json", options.json, "Print JSON instead of text");
}

void add_report(CLI::App& program, ReportOptions& options) {
  auto& command = *program.add_subcommand("report", "Make an HTML report of training runs");
  command.add_option("logs", options.logs, "Folders of runs, folders of such folders, or logs (.jsonl)")
      ->required();
  command.add_option("--output", options.output, "File to write")->capture_default_str();
  command.add_option(
      "--baseline", options.baseline,
      "Result that the others are compared with, as the page calls it or by its router (default: "
      "the costliest fixed resolution)");
  auto* montage = command.add_option("--montage", options.montage,
                                     "Show this many classified pictures (needs --model, --weights, --data)");
  montage->check(CLI::Range(0, 10'000));
  command.add_option("--svg", options.svg, "Write the montage to this file, too");
  add_model(command, options.model);
  command.add_option("--weights", options.weights, "Weights (.safetensors)");
  add_data(command, options.data);
  add_run_options(command, options.run);
}

}  // namespace

namespace drnet::program {

TrainOptions parse_train_options(std::vector<std::string> words, const std::string& place) {
  CLI::App program;
  TrainOptions options;
  add_train(program, options);
  std::ranges::reverse(words);  // as CLI11 takes them
  words.push_back("train");
  try {
    program.parse(std::move(words));
  } catch (const CLI::ParseError& e) {
    throw Error(place, "options of drnet train", e.what());
  }
  return options;
}

}  // namespace drnet::program

namespace {

/// Freed memory stays with the process. Activations are gigabytes, made and freed again by every stage and
/// measurement; glibc would give them back to the system each time, and get pages that are cleared first:
/// three seconds a GiB were seen on a virtual machine, more than it takes to compute what they hold.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  CLI::App program("Dynamic-resolution image classification on CPUs", "drnet");
  program.require_subcommand(1);
  TrainOptions train;
  ExperimentsOptions experiments;
  EvaluateOptions evaluate;
  CalibrateOptions calibrate;
  TuneOptions tune;
  PredictOptions predict;
  ExportOptions exported;
  SummaryOptions summary;
  ReportOptions report;
  add_train(program, train);
  add_experiments(program, experiments);
  add_evaluate(program, evaluate);
  add_calibrate(program, calibrate);
  add_tune(program, tune);
  add_predict(program, predict);
  add_export(program, exported);
  add_summary(program, summary);
  add_report(program, report);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? 0 : 2;
  }
  try {
    const std::string command = program.get_subcommands().front()->get_name();
    const int code = command == "train"         ? run_train(train)
                     : command == "experiments" ? run_experiments(experiments)
                     : command == "evaluate"    ? run_evaluate(evaluate)
                     : command == "calibrate"   ? run_calibrate(calibrate)
                     : command == "tune"        ? run_tune(tune)
                     : command == "predict"     ? run_predict(predict)
                     : command == "export"      ? run_export(exported)
                     : command == "summary"     ? run_summary(summary)
                                                : run_report(report);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw drnet::Error("standard output", "room for the results", "a write error");
    return code;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "drnet: %s\n", e.what());
    return 1;
  }
}
