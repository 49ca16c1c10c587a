// drnet export: a network's weights for other programs.
#include "commands.hpp"
#include "setup.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>

namespace drnet::program {

namespace {

/// One candidate as a plain state dict, or everything under torchvision's names with banks. The names of the
/// classes go with it.
void export_safetensors(const ExportOptions& options, Model& model) {
  LoadOptions load = load_options(options.names, options.official);
  Metadata metadata = class_names_in(options.weights);
  if (options.candidate == 0) {
    model.load(options.weights, load);
    metadata["model"] = model.info().name;
    model.save(options.output, metadata);
  } else {
    const int candidate = candidate_index("--candidate", options.candidate, model.info().candidates);
    load.predictor = false;
    model.load(options.weights, load);
    model.export_candidate(candidate, options.output, metadata);
  }
}

}  // namespace

int run_export(const ExportOptions& options) {
  const auto model = make_model(options.model, 0);
  if (std::filesystem::path(options.output).extension() != ".safetensors")
    throw Error("--output", "a file that ends in .safetensors", "'" + options.output + "'");
  export_safetensors(options, *model);
  if (options.json)
    std::printf("%s\n", nlohmann::json{{"output", options.output}}.dump().c_str());
  else
    std::printf("exported: %s\n", options.output.c_str());
  return 0;
}

}  // namespace drnet::program
