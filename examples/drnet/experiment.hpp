// An experiment: a file that says how one network is trained, so that anyone can repeat it.
//
//   {"title": "Dynamic, target 0.2 G",       what tables call it
//    "include": "../caltech101.json",        a file with more `train` and `quick`, which these replace
//    "from": "first_stage",                  the experiment beside it whose weights it begins with
//    "train": {"model": "…", "epochs2": 4},  options of `drnet train`, without their dashes
//    "quick": {"epochs2": 1},                what --quick puts in their place; false: it leaves this out
//    "baseline": true,                       what the set's other results are compared with
//    "montage": true,                        by whose choices the set's page shows pictures
//    "against": ["first_stage",              further comparisons: each way of choosing that both have,
//                {"experiment": "../main/fixed_112", "router": "fixed 112", "own": "predictor"}]}
//                                            or one of theirs with one of its own
//
// Texts may hold $NAME, an environment variable. The result is a folder of `drnet train` with the same name.
#pragma once

#include "options.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace drnet::program {

struct Experiment {
  /// Another experiment, and which of its results stands against which of ours; empty: all that both have.
  struct Against {
    std::string experiment;  ///< beside this one, or "../SET/NAME"
    std::string router, own;
  };
  std::string name;  ///< of the file, without .json
  std::string title, from;
  bool baseline = false, montage = false;
  std::vector<Against> against;
  TrainOptions train;  ///< `output` and, with `from`, `weights` are in the folder of the results
};

/// Whether its folder of results has all of them, or a checkpoint to go on from.
[[nodiscard]] bool is_finished(const Experiment& experiment);
[[nodiscard]] bool is_begun(const Experiment& experiment);

/// One experiment; nothing where --quick leaves it out. Throws Error naming the file and the key for what it
/// does not know or cannot read.
[[nodiscard]] std::optional<Experiment> read_experiment(const std::filesystem::path& file,
                                                        const std::filesystem::path& results, bool quick);

/// All *.json of a folder in the order of their names, but each behind the one that it begins from. Throws
/// Error as above, for a folder without experiments, for a `from` that is not there, leads in a circle or is
/// of another network, for a title or a mark that two have, and for an `against` that is not there.
[[nodiscard]] std::vector<Experiment> read_experiments(const std::filesystem::path& folder,
                                                       const std::filesystem::path& results, bool quick);

}  // namespace drnet::program
