// The commands of both sides of a row. A peer that is not installed is a reason instead.
#pragma once

#include <bench/process.hpp>
#include <bench/rows.hpp>

#include <filesystem>
#include <optional>

namespace bench {

namespace fs = std::filesystem;

/// Where things are.
struct Places {
  fs::path programs;  ///< the workers
  fs::path scripts;   ///< the peers' sources
  fs::path output;    ///< results, and the peers' files; node/ holds ONNX Runtime where it is installed

  [[nodiscard]] fs::path material() const { return output / "material"; }
  [[nodiscard]] std::string program(const std::string& work, const Row& row) const {
    return programs / ("drnet_bench_" + work + "_" + row.model);
  }
};

/// Whoever runs the same row: one or several commands, of which the fastest counts, or why there is none.
struct Peer {
  std::vector<Command> commands;
  std::string missing;
};

class Peers {
 public:
  explicit Peers(Places places) : places_(std::move(places)) {}

  [[nodiscard]] const Places& places() const { return places_; }
  [[nodiscard]] Command ours(const Row& row) const {
    if (row.work == Work::mix) return mix(row, "dynamic");
    Command command{places_.program(work_name(row), row)};
    append_numbers(command, row);
    if (row.work == Work::training) command.push_back(row.rate);
    return command;
  }
  /// Also writes what the peer reads.
  Peer peer(const Row& row) {
    if (row.work == Work::mix) return {{mix(row, "fixed")}, ""};
    Peer peer = row.work == Work::inference ? onnx_runtime(row) : pytorch(row);
    if (!peer.missing.empty()) return peer;
    write_material(row);
    if (row.work == Work::inference && !fs::exists(places_.material() / "model.onnx"))
      return {{}, "this build writes no ONNX models (Debian packages: libonnx-dev, libprotobuf-dev)"};
    return peer;
  }
  void remove_material() {
    fs::remove_all(places_.material());
    material_.clear();
  }

 private:
  static void append_numbers(Command& command, const Row& row) {
    for (const int number : {row.resolution, row.batch, row.threads})
      command.push_back(std::to_string(number));
  }
  [[nodiscard]] Command mix(const Row& row, const std::string& side) const {
    Command command{places_.program(row.exact ? "exact_mix" : "mix", row)};
    append_numbers(command, row);
    command.insert(command.end(), {side, row.shares, row.singly ? "singly" : "together"});
    return command;
  }

  [[nodiscard]] Peer onnx_runtime(const Row& row) const {
    if (!fs::exists(places_.output / "node" / "installed"))
      return {{}, "ONNX Runtime is not installed (Debian packages: nodejs, npm)"};
    Command command{"node", places_.output / "node" / "onnx_runtime.mjs", places_.material()};
    append_numbers(command, row);
    return {{command}, ""};
  }
  [[nodiscard]] Peer pytorch(const Row& row) {
    if (!python_) python_ = find_python();
    if (python_->empty()) return {{}, "no Python that imports torch (Debian package: python3-torch)"};
    Peer peer;
    for (const char* layout : {"contiguous", "channels_last"}) {
      Command command{*python_, places_.scripts / "pytorch.py", row.model, places_.material()};
      append_numbers(command, row);
      command.insert(command.end(), {row.rate, layout});
      peer.commands.push_back(command);
    }
    return peer;
  }
  /// Debian's Python has Debian's PyTorch, and is not always the first in PATH.
  static std::string find_python() {
    for (const char* python : {"python3", "/usr/bin/python3"})
      if (status_of({python, "-c", "import numpy, torch"}, true) == 0) return python;
    return "";
  }

  /// Rows of one model and resolution share their files, which hold the images of the largest batch.
  void write_material(const Row& row) {
    constexpr int kLargestBatch = 64;
    const std::string wanted = row.model + " " + std::to_string(row.resolution);
    if (material_ == wanted) return;
    remove_material();
    fs::create_directories(places_.material());
    if (status_of({places_.program("material_files", row), std::to_string(row.resolution),
                   std::to_string(kLargestBatch), places_.material()}) != 0)
      throw std::runtime_error("cannot write " + wanted + " for the peer");
    material_ = wanted;
  }

  Places places_;
  std::string material_;
  std::optional<std::string> python_;  ///< empty: there is none
};

}  // namespace bench
