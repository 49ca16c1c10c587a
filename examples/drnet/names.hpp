// Names of the classes, for people.
#pragma once

#include "model.hpp"

#include <string>
#include <vector>

namespace drnet::program {

/// The metadata entry of weights that holds them, a JSON list of texts.
inline constexpr const char* kClassNames = "classes";

/// Those in the metadata of weights; none where the entry is no list of so many texts.
[[nodiscard]] std::vector<std::string> class_names_in(const Metadata& metadata, int classes);

/// From a file with a class a line ("n01440764 tench": the first word is a folder's name, the rest the
/// title), or, if `file` is empty, those that the weights held; else "class 0", "class 1", ... Throws Error
/// for another number of lines.
[[nodiscard]] std::vector<std::string> class_names(const std::string& file, const ModelInfo& model);

}  // namespace drnet::program
