#include "model.hpp"

#include "zoo.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace drnet::program {

namespace {

constexpr std::string_view kShared = "+shared";

/// Every shorter way to write a network's name: without '@input', without classes, without resolutions; but
/// shared batch norms are named.
bool means(std::string_view text, std::string_view name) {
  if (text.ends_with(kShared) != name.ends_with(kShared)) return false;
  if (text.ends_with(kShared)) {
    text.remove_suffix(kShared.size());
    name.remove_suffix(kShared.size());
  }
  const std::string without_input(name.substr(0, name.find('@')));
  const std::string head = without_input.substr(0, without_input.find(':'));
  const std::string family = head.substr(0, head.find('/'));
  const std::string without_classes = family + without_input.substr(head.size());
  return text == name || text == without_input || text == without_classes || text == head || text == family;
}

bool is_fixed(const ModelEntry* entry) {
  return entry->name.find(',') == std::string_view::npos;
}

static_assert(Zoo::kValid, "every family of the zoo has a topology that fits its pictures");

std::string names() {
  std::vector<std::string> list;
  for (const ModelEntry& entry : all_models()) list.emplace_back(entry.name);
  return join(list);
}

}  // namespace

double number_in(const Metadata& metadata, const std::string& key, const std::string& place) {
  const auto found = metadata.find(key);
  const std::string text = found == metadata.end() ? "nothing" : found->second;
  const auto value = nlohmann::json::parse(text, nullptr, false);
  constexpr double kMost = std::numeric_limits<int>::max();
  if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= kMost))
    throw Error(place + ", " + key, "a number from 0 to " + std::to_string(std::numeric_limits<int>::max()),
                text);
  return value.get<double>();
}

std::unique_ptr<Model> make_model(const std::string& name, std::uint64_t seed) {
  std::vector<const ModelEntry*> found;
  for (const ModelEntry& entry : all_models()) {
    if (entry.name == name) return entry.make(seed);
    if (means(name, entry.name)) found.push_back(&entry);
  }
  if (found.size() > 1 && std::ranges::count_if(found, is_fixed) == 1)
    found = {*std::ranges::find_if(found, is_fixed)};
  if (found.size() == 1) return found.front()->make(seed);
  throw Error("--model", "one of " + names(),
              "'" + name + "'" + (found.empty() ? "" : ", which means several of them") +
                  "; to have others, list all that are wanted in cmake -DDRNET_PROGRAM_MODELS="
                  "\"NAME[/CLASSES]:R1,R2,...[@PREDICTOR_INPUT][+shared];...\" (names: " +
                  join(Zoo::kNames) + ")");
}

}  // namespace drnet::program
