#include "names.hpp"

#include <drnet/core/error.hpp>
#include <drnet/data/file.hpp>

#include <nlohmann/json.hpp>

namespace drnet::program {

namespace {

std::vector<std::string> from_file(const std::string& file) {
  std::vector<std::string> names;
  for (const Line& line : read_lines(file)) {
    const std::size_t space = line.text.find(' ');
    names.push_back(space == std::string::npos ? line.text : line.text.substr(space + 1));
  }
  return names;
}

}  // namespace

std::vector<std::string> class_names_in(const Metadata& metadata, int classes) {
  const auto found = metadata.find(kClassNames);
  if (found == metadata.end()) return {};
  const auto list = nlohmann::json::parse(found->second, nullptr, false);
  std::vector<std::string> names;
  if (list.is_array())
    for (const auto& name : list)
      if (name.is_string()) names.push_back(name.get<std::string>());
  if (names.size() != static_cast<std::size_t>(classes)) names.clear();
  return names;
}

std::vector<std::string> class_names(const std::string& file, const ModelInfo& model) {
  std::vector<std::string> names = file.empty() ? model.class_names : from_file(file);
  if (!file.empty() && names.size() != static_cast<std::size_t>(model.classes))
    throw Error("--classes " + file, std::to_string(model.classes) + " lines", std::to_string(names.size()));
  for (int label = 0; names.size() < static_cast<std::size_t>(model.classes); ++label)
    names.push_back("class " + std::to_string(label));
  return names;
}

}  // namespace drnet::program
