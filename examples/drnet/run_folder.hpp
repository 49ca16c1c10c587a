// The folder that a training run writes: checkpoint, log, weights and report.
#pragma once

#include "model.hpp"

#include <drnet/io/log.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace drnet::program {

/// How far a run has come.
struct Position {
  int stage = 1;
  int epoch = 0;       ///< finished in this stage
  double seconds = 0;  ///< of training, over all sessions
};

class RunFolder {
 public:
  /// Makes the folder. A new run must not meet a checkpoint of another one; a run to be resumed must. Throws
  /// Error for that, and where nothing can be written.
  RunFolder(const std::filesystem::path& folder, bool resume);

  [[nodiscard]] std::filesystem::path checkpoint() const { return folder_ / "checkpoint.safetensors"; }
  [[nodiscard]] std::filesystem::path weights() const { return folder_ / "weights.safetensors"; }
  [[nodiscard]] std::filesystem::path report() const { return folder_ / "report.html"; }
  [[nodiscard]] std::filesystem::path log() const { return folder_ / "log.jsonl"; }

  /// What the checkpoint says of its run. Throws Error for a file that is no checkpoint of this program.
  [[nodiscard]] Metadata checkpoint_metadata() const;

  /// A new log, or the old one without what is newer than `kept`. Throws Error for a file that is no log.
  void open_log(const std::optional<Position>& kept);
  void write(const nlohmann::json& event) { log_->write(event); }

 private:
  std::filesystem::path folder_;
  std::optional<JsonLog> log_;
};

/// The position in a checkpoint's metadata. Throws Error naming `place` where there is none.
[[nodiscard]] Position position_of(const Metadata& metadata, const std::string& place);
/// Adds the position to the metadata.
void add_position(const Position& position, Metadata& metadata);

}  // namespace drnet::program
