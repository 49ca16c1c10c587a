// drnet predict: what pictures show, and at which resolution that was decided.
#include "commands.hpp"
#include "names.hpp"
#include "pictures.hpp"
#include "setup.hpp"
#include "text.hpp"

#if DRNET_WITH_IMAGE
#include <drnet/data/decode.hpp>
#endif

#include <nlohmann/json.hpp>

#include <cstdio>
#include <functional>
#include <iterator>

namespace drnet::program {

namespace {

/// A picture to classify: a name, and a way to get it, which may throw.
struct Source {
  std::string name;
  std::function<Image()> read;
};

std::vector<Source> sources(const PredictOptions& options, const Dataset* dataset) {
  std::vector<Source> list;
  for (const std::string& file : options.files) {
#if DRNET_WITH_IMAGE
    list.push_back({file, [file] { return read_image(file); }});
#else
    throw Error("picture " + file, "a build with the component drnet::image", "one without it");
#endif
  }
  for (std::size_t i = 0; dataset != nullptr && i < dataset->size(); ++i)
    list.push_back({dataset->describe(i), [dataset, i] { return dataset->image(i); }});
  if (list.empty()) throw Error("pictures", "files or --data", "neither");
  return list;
}

void print(const std::string& name, const std::string& label, const Classification& result, bool json) {
  if (json)
    std::printf("%s\n", nlohmann::json{{"image", name},
                                       {"label", label},
                                       {"class", result.label},
                                       {"probability", result.probability},
                                       {"resolution", result.resolution}}
                            .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                            .c_str());
  else
    std::printf("%s: %s, probability %s, at %d px\n", name.c_str(), label.c_str(),
                fixed(static_cast<double>(result.probability), 3).c_str(), result.resolution);
}

void print_error(const std::string& name, const char* what, bool json) {
  if (json)
    std::printf("%s\n", nlohmann::json{{"image", name}, {"error", what}}
                            .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                            .c_str());
  std::fprintf(stderr, "drnet: %s\n", what);
}

}  // namespace

int run_predict(const PredictOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  SessionOptions session_of_one = session_options(options.routing, options.official, info, options.run.seed);
  session_of_one.chunk = 1;
  LoadOptions load = load_options(options.names, options.official);
  load.predictor = needs_predictor(session_of_one.router);
  model->load(options.weights, load);
  static_cast<void>(route_as_stored(options.routing, info, options.weights, session_of_one));
  const auto dataset =
      options.data.data.empty() ? nullptr : open_pictures(options.data, Split::test, info, options.run.seed);
  const auto names = dataset != nullptr && options.classes.empty() ? dataset->class_names()
                                                                   : class_names(options.classes, info);
  const auto session = model->session(make_policy(options.run), session_of_one);
  const Transform transform = evaluation_transform(info);
  const int size = info.candidates.front();
  bool all = true;
  Index number = 0;
  for (const Source& source : sources(options, dataset.get())) try {
      const Picture picture = transform(source.read(), Random(0, Purpose::augmentation));
      Classification result;
      session->classify({picture.data(), 1, 3, size, size}, std::span(&result, 1), number++);
      print(source.name, names[static_cast<std::size_t>(result.label)], result, options.run.json);
    } catch (const Error& e) {
      all = false;
      print_error(source.name, e.what(), options.run.json);
    }
  return all ? 0 : 1;
}

}  // namespace drnet::program
