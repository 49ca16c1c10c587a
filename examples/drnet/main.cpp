// drnet: train, evaluate and look at dynamic-resolution networks from the command line.
#include "commands.hpp"
#include "model.hpp"

#include <drnet/core/error.hpp>
#include <drnet/data/open.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

namespace {

using namespace drnet::program;

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--threads", options.threads, "Threads; 0: one for each processor")
      ->check(CLI::Range(0, 1024));
  command.add_option("--backend", options.backend, "Who runs them: openmp, tbb or serial");
  command.add_option("--seed", options.seed, "Seed of every random number")->capture_default_str();
  command.add_flag("--json", options.json, "Print JSON instead of text");
}

CLI::Option* add_model(CLI::App& command, std::string& model) {
  std::string names = "Network:";
  for (const ModelEntry& entry : all_models()) names.append(" ").append(entry.name);
  return command.add_option("--model", model, names);
}

CLI::Option* add_data(CLI::App& command, DataOptions& options) {
  command.add_option("--limit", options.limit, "Use the first pictures only; 0: all")->capture_default_str();
  return command.add_option("--data", options.data, "Data set: " + std::string(drnet::kDatasetForms));
}

CLI::Option* add_router(CLI::App& command, std::string& router) {
  return command.add_option("--router", router, "Who chooses the resolution: predictor, random or fixed:R")
      ->capture_default_str();
}

const CLI::Validator kBatch = CLI::Range(1, 65'536);

void add_evaluate(CLI::App& program, EvaluateOptions& options) {
  auto& command = *program.add_subcommand("evaluate", "Measure accuracy, cost and speed on a data set");
  add_model(command, options.model)->required();
  command.add_option("--weights", options.weights, "Weights (.safetensors)")->required();
  add_data(command, options.data)->required();
  add_router(command, options.router);
  command.add_option("--batch", options.batch, "Pictures classified together")
      ->capture_default_str()
      ->check(kBatch);
  add_run_options(command, options.run);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("Dynamic-resolution image classification on CPUs", "drnet");
  program.require_subcommand(1);
  EvaluateOptions evaluate_options;
  add_evaluate(program, evaluate_options);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? 0 : 2;
  }
  try {
    return run_evaluate(evaluate_options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "drnet: %s\n", e.what());
    return 1;
  }
}
