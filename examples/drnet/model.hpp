// What the program's commands see of a network: run-time interfaces over the compile-time types, and the
// table of all networks that were compiled in.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/data/loader.hpp>
#include <drnet/data/preparation.hpp>
#include <drnet/inference/calibration.hpp>
#include <drnet/inference/measured_cost.hpp>
#include <drnet/inference/outputs.hpp>
#include <drnet/inference/session.hpp>
#include <drnet/io/weights.hpp>
#include <drnet/training/linear_probe.hpp>
#include <drnet/training/trainer.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::program {

using Metadata = std::map<std::string, std::string>;

/// The number, small enough for an int, that a checkpoint's metadata hold under `key`. Throws Error naming
/// `place` where there is none.
[[nodiscard]] double number_in(const Metadata& metadata, const std::string& key, const std::string& place);

/// The metadata entry of weights that holds settings for budgets, a JSON object (budget_curve.hpp).
inline constexpr const char* kBudgetCurves = "budget_curves";

/// What a network is, and what the file of its weights said.
struct ModelInfo {
  std::string name;  ///< as in the table, e.g. "resnet20:32,24,16"
  int classes = 0;
  std::vector<int> candidates;             ///< in pixels, largest first
  std::vector<Index> macs;                 ///< of the classifier, at each candidate
  Index predictor_macs = 0;                ///< 0 without a predictor
  int predictor_input = 0;                 ///< in pixels; 0 without a predictor
  Index parameters = 0;                    ///< of classifier and predictor
  bool small_pictures = false;             ///< made for CIFAR's pictures: no scaling before the crop
  Preparation preparation{};               ///< of the pictures, as the weights' file says
  std::vector<std::string> class_names{};  ///< as the weights' file says; empty where it has none
  std::string budget_curves{};             ///< as the weights' file says; empty where it has none
  bool predictor_trained = false;          ///< loaded or trained: not what the seed drew

  [[nodiscard]] bool has_predictor() const { return predictor_input > 0; }
};

/// One row of a summary; outputs and macs at each candidate (the predictor's layers have one input).
struct LayerRow {
  std::string name, kind;
  std::vector<Shape> outputs;
  Index parameters = 0;
  std::vector<Index> macs;
  bool folded = false;  ///< at inference, into the layer before: it has no output tensor of its own

  /// Bytes of the output in float at input `i`, without halo and padded channels; 0 for a folded layer.
  [[nodiscard]] Index activation_bytes(std::size_t i) const {
    return folded ? 0 : outputs[i].size() * static_cast<Index>(sizeof(float));
  }
};

/// The layers of the classifier or the predictor.
struct LayerTable {
  std::vector<int> inputs;  ///< in pixels
  std::vector<LayerRow> rows;
  std::vector<Index> arena_bytes;  ///< temporary memory of a session for each image of a chunk, at each input
};
struct Summary {
  LayerTable classifier, predictor;
};

/// A session with memory of its own.
class Classifying {
 public:
  virtual ~Classifying() = default;
  /// `first`: the number of the first image, for a random router.
  virtual void classify(const ImageBatch<float>& images, std::span<Classification> results, Index first) = 0;
  [[nodiscard]] virtual Index macs(const Classification& result) const = 0;
  /// Adds what every candidate and the predictor say of these images.
  virtual void collect(const ImageBatch<float>& images, std::span<const int> labels, Outputs& to) = 0;
  [[nodiscard]] virtual Costs measured_costs(const CostOptions& options) const = 0;
};

/// Called after every training step with its number in the epoch; what it throws ends the training.
using StepCallback = std::function<void(Index step, const StepLosses&)>;

/// One stage of training: a trainer, and its state in checkpoints.
class Training {
 public:
  virtual ~Training() = default;
  /// Epoch `number` of this stage, on the batches of `loader_epoch`.
  virtual EpochReport epoch(std::uint32_t number, const Loader& loader, std::uint32_t loader_epoch,
                            const StepCallback& progress) = 0;
  /// One augmented view of the pictures for an oracle that need not ask a resting classifier again.
  virtual void note_errors(const Loader& loader, std::uint32_t loader_epoch,
                           const std::function<void(std::size_t batches)>& progress) = 0;
  virtual void save(const std::filesystem::path& path, Metadata metadata) = 0;
  /// Goes on where `path` was saved. Throws Error for a file of another network or stage.
  virtual void restore(const std::filesystem::path& path) = 0;
};

class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual const ModelInfo& info() const = 0;
  [[nodiscard]] virtual Summary summary() const = 0;
  /// Keeps what the file's metadata say. Throws Error for a file of another network.
  virtual void load(const std::filesystem::path& path, const LoadOptions& options) = 0;
  /// Writes the weights; metadata that load() kept go with them, as in the exports below.
  virtual void save(const std::filesystem::path& path, const Metadata& metadata,
                    const SaveOptions& options = {}) const = 0;
  /// See training/linear_probe.hpp: with the first so many pictures of an epoch of the loader.
  virtual LinearProbeReport fit_head(const Loader& loader, std::size_t pictures, Policy policy,
                                     const LinearProbeOptions& options,
                                     const std::function<void(std::size_t)>& done) = 0;
  /// See dynamic/inherit.hpp; nothing for a network without a predictor.
  virtual Index inherit_layers() = 0;
  /// See inference/calibration.hpp.
  virtual void unfold_batch_norm(const ImageBatch<float>& images, const Policy& policy) = 0;
  virtual void calibrate_banks(const ImageBatch<float>& images, const Policy& policy,
                               const CalibrationOptions& options) = 0;
  virtual void recalibrate(const ImageBatch<float>& images, const Policy& policy,
                           const RecalibrationOptions& options) = 0;
  /// One candidate (an index) as a plain state dict.
  virtual void export_candidate(int candidate, const std::filesystem::path& path,
                                const Metadata& metadata) const = 0;
  /// As ONNX models in `folder`. Returns the files; throws Error in a build without drnet::onnx.
  virtual std::vector<std::filesystem::path> export_onnx(const std::filesystem::path& folder,
                                                         bool keep_batch_norm,
                                                         const Metadata& metadata) const = 0;
  [[nodiscard]] virtual std::unique_ptr<Classifying> session(Policy policy, SessionOptions options) const = 0;
  /// Trains this model, which must outlive the result.
  [[nodiscard]] virtual std::unique_ptr<Training> training(Policy policy, Index batch,
                                                           TrainerOptions options) = 0;
};

/// A line of the table: the name, and a function that makes the network with weights drawn from a seed.
struct ModelEntry {
  std::string_view name;
  std::unique_ptr<Model> (*make)(std::uint64_t seed);
};

/// All networks of this program, in the order of DRNET_PROGRAM_MODELS. (Defined in a generated file.)
[[nodiscard]] std::span<const ModelEntry> all_models();

/// The network that `name` means: the whole name, or the part before ':' or '/', where several networks have
/// that part the one with a single resolution. Throws Error listing all names.
[[nodiscard]] std::unique_ptr<Model> make_model(const std::string& name, std::uint64_t seed);

}  // namespace drnet::program
