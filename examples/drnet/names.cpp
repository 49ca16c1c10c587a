#include "names.hpp"

#include <drnet/core/error.hpp>
#include <drnet/data/file.hpp>
#include <drnet/io/safetensors.hpp>

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

/// Empty where the weights say nothing, or nothing that can be used.
std::vector<std::string> from_weights(const std::filesystem::path& weights) {
  const auto metadata = SafeTensors::read(weights).metadata();
  const auto found = metadata.find("classes");
  if (found == metadata.end()) return {};
  const auto list = nlohmann::json::parse(found->second, nullptr, false);
  std::vector<std::string> names;
  if (list.is_array())
    for (const auto& name : list)
      if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

}  // namespace

std::vector<std::string> class_names(const std::string& file, const std::filesystem::path& weights,
                                     int classes) {
  const auto count = static_cast<std::size_t>(classes);
  std::vector<std::string> names = file.empty() ? from_weights(weights) : from_file(file);
  if (!file.empty() && names.size() != count)
    throw Error("--classes " + file, std::to_string(classes) + " lines", std::to_string(names.size()));
  if (names.size() != count) {
    names.clear();
    for (int label = 0; label < classes; ++label) names.push_back("class " + std::to_string(label));
  }
  return names;
}

}  // namespace drnet::program
