// drnet export: a network for other programs.
#include "commands.hpp"
#include "setup.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <vector>

namespace drnet::program {

namespace {

/// Those that were written.
using Files = std::vector<std::filesystem::path>;

/// One candidate as a plain state dict, or everything under torchvision's names with banks.
Files export_safetensors(const ExportOptions& options, Model& model) {
  if (std::filesystem::path(options.output).extension() != ".safetensors")
    throw Error("--output", "a file that ends in .safetensors", "'" + options.output + "'");
  if (options.keep_batch_norm)
    throw Error("--keep-batch-norm", "--format onnx: a state dict keeps them always",
                "--format " + options.format);
  LoadOptions load = load_options(options.names, options.official);
  if (options.candidate == 0) {
    model.load(options.weights, load);
    model.save(options.output, {{"model", model.info().name}});
  } else {
    const int candidate = candidate_index("--candidate", options.candidate, model.info().candidates);
    load.predictor = false;
    model.load(options.weights, load);
    model.export_candidate(candidate, options.output, {});
  }
  return {options.output};
}

/// The classifier at each candidate and the predictor, as ONNX models in a folder.
Files export_onnx(const ExportOptions& options, Model& model) {
  if (options.candidate != 0)
    throw Error("--candidate", "--format safetensors: ONNX models are written of all candidates",
                "--format " + options.format);
  model.load(options.weights, load_options(options.names, options.official));
  return model.export_onnx(options.output, options.keep_batch_norm, {{"model", model.info().name}});
}

}  // namespace

int run_export(const ExportOptions& options) {
  if (options.format != "safetensors" && options.format != "onnx")
    throw Error("--format", "safetensors or onnx", "'" + options.format + "'");
  const auto model = make_model(options.model, 0);
  std::vector<std::string> files;
  for (const auto& path :
       options.format == "onnx" ? export_onnx(options, *model) : export_safetensors(options, *model))
    files.push_back(path.string());
  if (options.json)
    std::printf("%s\n", nlohmann::json{{"output", options.output}, {"files", files}}.dump().c_str());
  else
    for (const std::string& file : files) std::printf("exported: %s\n", file.c_str());
  return 0;
}

}  // namespace drnet::program
