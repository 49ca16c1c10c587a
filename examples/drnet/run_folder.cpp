#include "run_folder.hpp"

#include <drnet/io/atomic_file.hpp>
#include <drnet/io/safetensors.hpp>

#include <system_error>

namespace drnet::program {

namespace {

/// Whether an event belongs to what a run had done at `kept`. Throws Error naming `place` for fields of other
/// types.
bool is_kept(const nlohmann::json& event, const Position& kept, const std::string& place) try {
  const std::string kind = event.value("event", "");
  if (kind == "start" || kind == "linear_probe") return true;
  if (kind == "recalibration")
    return event.value("stage", 0) < kept.stage;  // that of its own stage is to come
  if (kind != "epoch" && kind != "collapse") return false;
  const int stage = event.value("stage", 0), epoch = event.value("epoch", 0);
  if (!event.contains("epoch")) return false;  // of the end
  return stage < kept.stage || (stage == kept.stage && epoch <= kept.epoch);
} catch (const nlohmann::json::exception&) {
  throw Error(place, "an event of a training run", event.dump());
}

}  // namespace

RunFolder::RunFolder(const std::filesystem::path& folder, bool resume) : folder_(folder) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (std::error_code none; !std::filesystem::is_directory(folder_, none))
    throw Error("--output " + folder_.string(), "a folder, or a place for one",
                error ? error.message() : "a file");
  const bool exists = std::filesystem::exists(checkpoint(), error);
  if (exists && !resume)
    throw Error("--output " + folder_.string(), "a folder without a checkpoint, or --resume",
                checkpoint().string());
  if (!exists && resume) throw Error("--resume", "a checkpoint " + checkpoint().string(), "nothing there");
  // Found out now, not after the first epoch.
  try {
    write_atomically(folder_ / ".writable", [](std::ostream&) {});
  } catch (const Error& e) {
    throw Error("--output " + folder_.string(), "a folder that can be written to", e.got());
  }
  std::filesystem::remove(folder_ / ".writable", error);
}

Metadata RunFolder::checkpoint_metadata() const {
  return SafeTensors::read(checkpoint()).metadata();
}

void RunFolder::open_log(const std::optional<Position>& kept) {
  if (kept && std::filesystem::exists(log())) {
    const Log old = read_log(log());
    write_atomically(log(), [&](std::ostream& file) {
      for (std::size_t i = 0; i < old.entries.size(); ++i)
        if (is_kept(old.entries[i], *kept, log().string() + ":" + std::to_string(i + 1)))
          file << old.entries[i].dump() << '\n';
    });
  }
  log_.emplace(log(), kept ? JsonLog::Mode::append : JsonLog::Mode::replace);
}

Position position_of(const Metadata& metadata, const std::string& place) {
  const Position position{static_cast<int>(number_in(metadata, "stage", place)),
                          static_cast<int>(number_in(metadata, "epoch", place)),
                          number_in(metadata, "seconds", place)};
  if (position.epoch != number_in(metadata, "epoch", place))
    throw Error(place + ", epoch", "a whole number", metadata.at("epoch"));
  if (position.stage != 1 && position.stage != 2)
    throw Error(place + ", stage", "1 or 2", std::to_string(position.stage));
  return position;
}

void add_position(const Position& position, Metadata& metadata) {
  metadata["stage"] = std::to_string(position.stage);
  metadata["epoch"] = std::to_string(position.epoch);
  metadata["seconds"] = nlohmann::json(position.seconds).dump();
}

}  // namespace drnet::program
