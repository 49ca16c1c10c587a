// Names of the classes, for people.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace drnet::program {

/// From a file with a class a line ("n01440764 tench": the first word is a folder's name, the rest the
/// title), or, if `file` is empty, those that training left in the weights; else "class 0", "class 1", ...
/// Throws Error for another number of lines.
[[nodiscard]] std::vector<std::string> class_names(const std::string& file,
                                                   const std::filesystem::path& weights, int classes);

}  // namespace drnet::program
