// What the experiments of a set show: a page of the report, and tables.
#pragma once

#include "experiment.hpp"

#include <filesystem>
#include <vector>

namespace drnet::program {

/// Writes report.html and table.md into the folder of the set's results, from the logs of the experiments
/// that are finished and of those of other sets that they stand against; nothing where none is. `folder`: of
/// the experiments' files. Throws Error for logs that cannot be read, and for a comparison with what is no
/// result.
void write_pages(const std::vector<Experiment>& experiments, const std::filesystem::path& folder,
                 const std::filesystem::path& results, bool quick);

}  // namespace drnet::program
