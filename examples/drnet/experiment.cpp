#include "experiment.hpp"

#include "closing.hpp"
#include "command_line.hpp"
#include "model.hpp"

#include <drnet/core/error.hpp>
#include <drnet/data/file.hpp>
#include <drnet/io/read_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace drnet::program {

namespace {

using nlohmann::json;

/// The value in a file. Throws Error with the line of what is no JSON.
json read_json(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  try {
    return json::parse(text);
  } catch (const json::parse_error& e) {
    const auto read = std::min(e.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
    const std::string what = e.what();  // "... at line 2, column 3: syntax error while ..."
    const std::size_t reason = what.find(": ");
    throw Error(file.string() + ", line " + std::to_string(line), "JSON",
                reason == std::string::npos ? what : what.substr(reason + 2));
  }
}

/// The object in a file. Throws Error for anything else, and for a key that is not among `known`.
json read_object(const std::filesystem::path& file, const std::vector<std::string>& known) {
  json object = read_json(file);
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

/// An option as a word of a command line.
std::string word_of(const std::string& key, const json& value, const std::string& place) {
  if (value.is_string()) return "--" + key + "=" + value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return "--" + key + "=" + value.dump();
  throw Error(place + ", " + key, "a text, a number, true or false", value.dump());
}

/// `options` as those of `drnet train`, with what the experiment itself decides.
TrainOptions train_options(json options, const Experiment& experiment, const std::filesystem::path& file,
                           const std::filesystem::path& results) {
  for (const char* ours : {"output", "resume", "stop-after", "first-epoch", "minutes"})
    if (options.contains(ours)) throw Error(file.string(), "options other than " + std::string(ours), ours);
  options["output"] = (results / experiment.name).string();
  if (!experiment.from.empty()) {
    if (options.contains("weights")) throw Error(file.string(), "either from or weights", "both");
    options["weights"] = (results / experiment.from / "weights.safetensors").string();
  }
  std::vector<std::string> words;
  for (const auto& [key, value] : options.items()) words.push_back(word_of(key, value, file.string()));
  return parse_train_options(std::move(words), file.string());
}

bool flag_at(const json& object, const char* key, const std::filesystem::path& file) {
  const json value = object.value(key, json(false));
  if (!value.is_boolean()) throw Error(file.string() + ", " + key, "true or false", value.dump());
  return value;
}

/// What an experiment stands against.
std::vector<Experiment::Against> against_in(const json& object, const std::filesystem::path& file) {
  const json list = object.value("against", json::array());
  const std::string place = file.string() + ", against";
  if (!list.is_array()) throw Error(place, "a list", list.dump());
  std::vector<Experiment::Against> result;
  for (const json& entry : list) {
    if (entry.is_string()) {
      result.push_back({entry, "", ""});
    } else if (entry.is_object() && entry.contains("experiment")) {
      for (const auto& [key, value] : entry.items())
        if ((key != "experiment" && key != "router" && key != "own") || !value.is_string())
          throw Error(place, "texts experiment, router and own", entry.dump());
      const std::string router = entry.value("router", "");
      result.push_back({entry["experiment"], router, entry.value("own", router)});
      if (router.empty() && entry.contains("own")) throw Error(place, "a router beside own", entry.dump());
    } else {
      throw Error(place, "names of experiments, or objects with one", entry.dump());
    }
    const std::filesystem::path other = file.parent_path() / (result.back().experiment + ".json");
    if (!std::filesystem::exists(other))
      throw Error(place, "an experiment, " + other.string(), "nothing there");
  }
  return result;
}

/// Throws Error for what two experiments of a set cannot both have.
void check_set(const std::vector<Experiment>& experiments, const std::filesystem::path& folder) {
  for (std::size_t i = 0; i < experiments.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const Experiment &one = experiments[i], &other = experiments[k];
      const std::string place = (folder / one.name).string() + ".json";
      if (one.title == other.title)
        throw Error(place + ", title", "a title of its own",
                    "'" + one.title + "', as " + other.name + " has");
      if ((one.baseline && other.baseline) || (one.montage && other.montage))
        throw Error(place + (one.baseline ? ", baseline" : ", montage"), "one in a set",
                    "also " + other.name);
      if (one.from == other.name && one.train.model != other.train.model)
        throw Error(place + ", from", "an experiment with the network " + one.train.model,
                    other.name + " with " + other.train.model);
    }
}

/// Throws Error unless an experiment with this network has results of that name.
void check_result(const std::string& name, const std::string& model, const std::string& place) {
  const std::vector<std::string> names = result_names(make_model(model, 0)->info());
  if (std::ranges::find(names, name) == names.end())
    throw Error(place, "one of " + join(names), "'" + name + "'");
}

/// Throws Error for results that experiments want to stand against, or let stand there, and never have.
void check_comparisons(const std::vector<Experiment>& experiments, const std::filesystem::path& folder,
                       const std::filesystem::path& results) {
  for (const Experiment& experiment : experiments)
    for (const auto& [name, router, own] : experiment.against) {
      if (router.empty()) continue;
      const std::string place = (folder / experiment.name).string() + ".json, against " + name;
      const auto other = read_experiment(folder / (name + ".json"), results, false);
      check_result(own, experiment.train.model, place + ", own");
      check_result(router, other->train.model, place + ", router");
    }
}

/// Epochs that the weights of an experiment have been trained for at its end.
int epochs_of(const Experiment& experiment) {
  const TrainOptions& train = experiment.train;
  const bool joint = make_model(train.model, train.run.seed)->info().has_predictor();
  return train.first_epoch + train.epochs1 + (joint ? train.epochs2 : 0);
}

/// Lets experiments that begin from another one, which comes before them, go on with its orders and crops.
void count_epochs(std::vector<Experiment>& experiments) {
  for (Experiment& experiment : experiments) {
    const auto from = std::ranges::find(experiments, experiment.from, &Experiment::name);
    if (!experiment.from.empty()) experiment.train.first_epoch = epochs_of(*from);
  }
}

/// Throws Error for experiments of which none can begin: one's origin is not there, or they are a circle.
[[noreturn]] void refuse_origins(const std::vector<Experiment>& experiments,
                                 const std::filesystem::path& folder) {
  const auto lost = std::ranges::find_if(experiments, [&](const Experiment& e) {
    return std::ranges::find(experiments, e.from, &Experiment::name) == experiments.end();
  });
  const bool circle = lost == experiments.end();
  const Experiment& one = circle ? experiments.front() : *lost;
  throw Error((folder / one.name).string() + ".json, from",
              circle ? "an experiment that does not begin from this one" : "an experiment beside it",
              "'" + one.from + "'");
}

/// Moves experiments that begin from another one behind it.
std::vector<Experiment> in_order(std::vector<Experiment> experiments, const std::filesystem::path& folder) {
  std::vector<Experiment> ordered;
  const auto is_done = [&](const std::string& name) {
    return name.empty() || std::ranges::find(ordered, name, &Experiment::name) != ordered.end();
  };
  while (!experiments.empty()) {
    const auto next = std::ranges::find_if(experiments, [&](const Experiment& e) { return is_done(e.from); });
    if (next == experiments.end()) refuse_origins(experiments, folder);
    ordered.push_back(std::move(*next));
    experiments.erase(next);
  }
  return ordered;
}

}  // namespace

bool is_finished(const Experiment& experiment) {
  return std::filesystem::exists(std::filesystem::path(experiment.train.output) /
                                 "report.html");  // which is written last
}
bool is_begun(const Experiment& experiment) {
  return std::filesystem::exists(std::filesystem::path(experiment.train.output) / "checkpoint.safetensors");
}

std::optional<Experiment> read_experiment(const std::filesystem::path& file,
                                          const std::filesystem::path& results, bool quick) {
  const json object =
      read_object(file, {"title", "include", "from", "train", "quick", "baseline", "montage", "against"});
  const auto [usual, replaced] = options_of(object, file);
  Experiment experiment{.name = file.stem().string(),
                        .title = text_at(object, "title", file),
                        .from = text_at(object, "from", file),
                        .baseline = flag_at(object, "baseline", file),
                        .montage = flag_at(object, "montage", file),
                        .against = against_in(object, file),
                        .train = {}};
  if (experiment.title.empty()) experiment.title = experiment.name;
  json quicker = usual;
  quicker.update(replaced);
  // Both are read, so that an error in either is found whichever is asked for.
  const TrainOptions whole = train_options(usual, experiment, file, results),
                     part = train_options(quicker, experiment, file, results);
  if (quick && object.value("quick", json()) == false) return std::nullopt;
  experiment.train = quick ? part : whole;
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
  experiments = in_order(std::move(experiments), folder);
  check_set(experiments, folder);
  check_comparisons(experiments, folder, results);
  count_epochs(experiments);
  return experiments;
}

}  // namespace drnet::program
