// What the command line says, in the units that it is said in. main.cpp fills these structs, the commands
// read them.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/dynamic/router.hpp>
#include <drnet/training/collapse.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drnet::program {

/// How to run: shared by the commands that compute.
struct RunOptions {
  int threads = 0;      ///< 0: all processors
  std::string backend;  ///< "serial", "openmp", "tbb"; empty: the first of tbb, openmp, serial that was built
  std::uint64_t seed = 0;
  bool json = false;
};

struct DataOptions {
  std::string data;       ///< as open_dataset() reads it
  std::size_t limit = 0;  ///< use the first pictures only; 0: all
};

/// Who chooses the resolution.
struct RoutingOptions {
  std::string router;                 ///< empty: the predictor; for a budget, whichever is better
  std::string budget;                 ///< "180M", "1.2G" multiply-adds, "4.5ms"; empty: none
  std::optional<double> threshold{};  ///< of all candidates of a cascade; empty: kThreshold
  static constexpr double kThreshold = 0.9;
};

struct EvaluateOptions {
  RunOptions run;
  DataOptions data;
  std::string model, weights, names;
  RoutingOptions routing;  ///< empty beside an analysis, which asks all candidates: none
  DataOptions tune_on;     ///< pictures to solve the budget on first; empty: what the weights hold
  bool official = false;   ///< as the published MindSpore code evaluates
  std::string analysis;    ///< empty, "minimum-resolution" or "latency"
  std::string report;      ///< HTML file to write; empty: none
  std::size_t batch = 256;
  std::size_t examples = 9;  ///< pictures in the report, of each class of an analysis
};

struct PredictOptions {
  RunOptions run;
  DataOptions data{.data = "", .limit = 10};
  std::string model, weights, names, classes;
  RoutingOptions routing;
  bool official = false;
  std::vector<std::string> files;
};

struct CalibrateOptions {
  RunOptions run;
  DataOptions data;
  std::string model, weights, output;
  std::size_t images = 256;  ///< pictures measured
  int native = 0;            ///< resolution that the weights were trained at; 0: the largest
  bool match_native = false, unfold = false, all_banks = false;
};

struct TuneOptions {
  RunOptions run;
  DataOptions data;
  std::string model, weights, output, router;
  double holdout = 0;  ///< above 0: of the training pictures, those that training with this share held back
  int points = 21;     ///< of each curve
  std::vector<std::string> budgets;  ///< further ones, as RoutingOptions::budget
  std::size_t batch = 256;
  Index cost_batch = 16;  ///< pictures of a call whose time is measured
};

struct ExportOptions {
  std::string model, weights, names, output, format = "safetensors";
  bool official = false, json = false;
  int candidate = 0;             ///< in pixels; 0: all
  bool keep_batch_norm = false;  ///< ONNX: instead of folding it into the convolutions
};

struct SummaryOptions {
  std::string model;
  bool json = false;
};

struct ReportOptions {
  RunOptions run;
  DataOptions data;
  std::vector<std::string> logs;
  std::string output = "report.html", svg, model, weights;
  std::string baseline;     ///< result that the others are compared with; empty: the costliest fixed one
  std::size_t montage = 0;  ///< pictures shown; 0: none
};

/// What happens to a training picture by chance.
struct Augmentation {
  std::string crop;          ///< "padded", "resized", "none"; empty: as usual for the network
  double crop_scale = 0.08;  ///< least share of the picture's area in a resized crop
  double flip = 0.5;         ///< probability of a mirror image
};

/// What a training run is told. The recipe is ours; use_papers_recipe() puts the paper's in its place.
struct TrainOptions {
  RunOptions run;
  DataOptions data;
  std::string model, weights, validation, output;
  bool resume = false;
  std::size_t batch = 128;
  int epochs1 = 100, epochs2 = 10;  ///< of stage 1 and stage 2; their ratio, where `minutes` is given
  double minutes = 0;               ///< budget of wall-clock time; 0: none
  int evaluate_every = 1;
  int stop_after = 0;  ///< epochs of this session; 0: all
  double lr = 0.1, weight_decay = 1e-4, momentum = 0.9, label_smoothing = 0, warmup = 3;
  bool nesterov = false, decay_weights_only = false;
  std::string stage1 = "distilled";
  double distill_temperature = 1;
  std::size_t unfold =
      0;  ///< pictures on which batch norms that were folded away are measured first; 0: none
  std::size_t recalibrate = 2000;  ///< pictures on which batch norms are measured anew in the end; 0: none
  std::size_t probe = 0;           ///< pictures whose features the last layer is fitted to first; 0: none
  bool new_head = false;           ///< `weights` of other classes: the last layer begins with zeros
  std::string schedule = "cosine";
  double tau = 1, tau_end = 0;  ///< 0: tau all along
  double eta = 0.2;
  std::string cost = "macs";  ///< or "ms"
  double alpha = 0;           ///< in G multiply-adds or milliseconds, as `cost` says
  double target_share =
      0;  ///< instead of alpha: of the largest cost; where both are 0, the mean of the costs
  int predictor_warmup = 0;  ///< epochs of stage 2
  double collapse_share = kCollapseShare;
  std::string estimator = "dense";
  std::string predictor_start = "classifier";  ///< or "random"
  double predictor_rate = 1, classifier_rate = 0.4, head_rate = 1;
  int oracle_views = 4;  ///< augmented views of a picture whose errors the oracle averages
  double holdout = 0;    ///< share of the training pictures that only stage 2 sees
  Augmentation augmentation;
  int first_epoch = 0;    ///< number of the first epoch's orders and crops
  double share = 1;       ///< of the pictures, drawn by the seed, both for training and to be judged by
  bool forecast = false;  ///< say first how long it will take
  bool analyze = false;   ///< at the end compare the predictor with chance and with an oracle
  std::string commit;     ///< version of the sources, for the log
};

struct ExperimentsOptions {
  RunOptions run;
  std::string folder, output, commit;
  std::vector<std::string> only;  ///< names of experiments; empty: all
  bool quick = false, list = false;
};

/// The execution policy that the options ask for. Throws Error for a backend that is not in this build.
[[nodiscard]] Policy make_policy(const RunOptions& options);
/// Threads of that policy.
[[nodiscard]] int thread_count(const RunOptions& options);

/// "predictor", "gumbel", "random", "cascade", or "fixed:R" where R is one of the
/// candidates. A network of one candidate needs no predictor for the first two. `threshold`: of a cascade.
/// Throws Error for anything else.
[[nodiscard]] Router make_router(const std::string& text, const std::vector<int>& candidates,
                                 bool has_predictor, std::uint64_t seed,
                                 double threshold = RoutingOptions::kThreshold);
/// How a router is called in logs and on the screen: "predictor", "gumbel", "random", "cascade", "fixed 224".
[[nodiscard]] std::string router_name(const Router& router, const std::vector<int>& candidates);

}  // namespace drnet::program
