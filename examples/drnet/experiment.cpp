#include "experiment.hpp"

#include "command_line.hpp"

#include <drnet/core/error.hpp>
#include <drnet/data/file.hpp>
#include <drnet/io/read_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace drnet::program {

namespace {

using nlohmann::json;

/// The object in a file. Throws Error for anything else, and for a key that is not among `known`.
json read_object(const std::filesystem::path& file, const std::vector<std::string>& known) {
  json object = json::parse(read_text(file), nullptr, false);
  if (!object.is_object()) throw Error(file.string(), "a JSON object", "something else");
  for (const auto& [key, value] : object.items())
    if (std::ranges::find(known, key) == known.end())
      throw Error(file.string(), "one of the keys " + join(known), "'" + key + "'");
  return object;
}

std::string text_at(const json& object, const char* key, const std::filesystem::path& file) {
  const json value = object.value(key, json(""));
  if (!value.is_string()) throw Error(file.string() + ", " + key, "a text", value.dump());
  return value;
}

/// Options of `drnet train`, and what --quick puts in their place.
struct Options {
  json train = json::object(), quick = json::object();
};

/// Those of a file, on top of those of the file that it includes, and so on.
Options options_of(const json& object, const std::filesystem::path& file, int depth = 0) {
  constexpr int kDeepest = 8;
  if (depth > kDeepest) throw Error(file.string(), "includes that end", "a circle");
  Options options;
  if (const std::string include = text_at(object, "include", file); !include.empty()) {
    const std::filesystem::path included = file.parent_path() / include;
    options = options_of(read_object(included, {"include", "train", "quick"}), included, depth + 1);
  }
  for (const auto& [key, to] : {std::pair("train", &options.train), {"quick", &options.quick}}) {
    const json own = object.value(key, json::object());
    if (own == false && key == std::string("quick")) continue;
    if (!own.is_object()) throw Error(file.string() + ", " + key, "an object", own.dump());
    to->update(own);
  }
  return options;
}

/// An option as words of a command line.
void append_words(const std::string& key, const json& value, const std::string& place,
                  std::vector<std::string>& words) {
  if (value.is_boolean()) {
    if (value) words.push_back("--" + key);
  } else if (value.is_string() || value.is_number()) {
    words.push_back("--" + key);
    words.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  } else {
    throw Error(place + ", " + key, "a text, a number, true or false", value.dump());
  }
}

/// Moves experiments that begin from another one behind it.
std::vector<Experiment> in_order(std::vector<Experiment> experiments, const std::filesystem::path& folder) {
  std::vector<Experiment> ordered;
  const auto is_done = [&](const std::string& name) {
    return name.empty() || std::ranges::find(ordered, name, &Experiment::name) != ordered.end();
  };
  while (!experiments.empty()) {
    const auto next = std::ranges::find_if(experiments, [&](const Experiment& e) { return is_done(e.from); });
    if (next == experiments.end())
      throw Error((folder / experiments.front().name).string() + ".json, from",
                  "an experiment beside it that does not begin from this one",
                  "'" + experiments.front().from + "'");
    ordered.push_back(std::move(*next));
    experiments.erase(next);
  }
  return ordered;
}

}  // namespace

std::optional<Experiment> read_experiment(const std::filesystem::path& file,
                                          const std::filesystem::path& results, bool quick) {
  const json object = read_object(file, {"title", "include", "from", "train", "quick"});
  if (quick && object.value("quick", json()) == false) return std::nullopt;
  auto [options, replaced] = options_of(object, file);
  if (quick) options.update(replaced);

  Experiment experiment{.name = file.stem().string(),
                        .title = text_at(object, "title", file),
                        .from = text_at(object, "from", file),
                        .train = {}};
  if (experiment.title.empty()) experiment.title = experiment.name;
  for (const char* ours : {"output", "resume", "stop-after"})
    if (options.contains(ours)) throw Error(file.string(), "options other than " + std::string(ours), ours);
  options["output"] = (results / experiment.name).string();
  if (!experiment.from.empty()) {
    if (options.contains("weights")) throw Error(file.string(), "either from or weights", "both");
    options["weights"] = (results / experiment.from / "weights.safetensors").string();
  }
  std::vector<std::string> words;
  for (const auto& [key, value] : options.items()) append_words(key, value, file.string(), words);
  experiment.train = parse_train_options(std::move(words), file.string());
  return experiment;
}

std::vector<Experiment> read_experiments(const std::filesystem::path& folder,
                                         const std::filesystem::path& results, bool quick) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : read_folder(folder))
    if (path.extension() == ".json") files.push_back(path);
  std::ranges::sort(files);
  if (files.empty()) throw Error(folder.string(), "experiments (.json)", "none");
  std::vector<Experiment> experiments;
  for (const auto& file : files)
    if (auto experiment = read_experiment(file, results, quick))
      experiments.push_back(std::move(*experiment));
  return in_order(std::move(experiments), folder);
}

}  // namespace drnet::program
