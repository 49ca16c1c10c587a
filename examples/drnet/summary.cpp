// drnet summary: the layers of a network, with shapes, parameters, multiply-adds and activations at each
// candidate.
#include "commands.hpp"
#include "model.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace drnet::program {

namespace {

std::string shape_text(const Shape& shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" +
         std::to_string(shape.width);
}

/// Of all layers at each input.
struct Totals {
  Index parameters = 0;
  std::vector<Index> macs, activation_bytes;
};
Totals totals(const LayerTable& layers) {
  const std::size_t inputs = layers.inputs.size();
  Totals sum{0, std::vector<Index>(inputs), std::vector<Index>(inputs)};
  for (const LayerRow& row : layers.rows) {
    sum.parameters += row.parameters;
    for (std::size_t j = 0; j < inputs; ++j) {
      sum.macs[j] += row.macs[j];
      sum.activation_bytes[j] += row.activation_bytes(j);
    }
  }
  return sum;
}

nlohmann::json to_json(const LayerTable& layers) {
  nlohmann::json list = nlohmann::json::array();
  for (const LayerRow& row : layers.rows) {
    nlohmann::json shapes = nlohmann::json::array(), bytes = nlohmann::json::array();
    for (std::size_t j = 0; j < layers.inputs.size(); ++j) {
      shapes.push_back({row.outputs[j].channels, row.outputs[j].height, row.outputs[j].width});
      bytes.push_back(row.activation_bytes(j));
    }
    list.push_back({{"name", row.name},
                    {"kind", row.kind},
                    {"output", shapes},
                    {"parameters", row.parameters},
                    {"macs", row.macs},
                    {"activation_bytes", bytes},
                    {"folded", row.folded}});
  }
  return list;
}

/// The fields of docs/summary.md.
void print_json(const ModelInfo& info, const Summary& summary) {
  nlohmann::json fields{{"model", info.name},
                        {"classes", info.classes},
                        {"parameters", info.parameters},
                        {"candidates", info.candidates},
                        {"candidate_macs", info.macs},
                        {"candidate_activation_bytes", totals(summary.classifier).activation_bytes},
                        {"candidate_arena_bytes", summary.classifier.arena_bytes},
                        {"predictor_input", info.predictor_input},
                        {"predictor_macs", info.predictor_macs},
                        {"classifier", to_json(summary.classifier)},
                        {"predictor", to_json(summary.predictor)}};
  if (info.has_predictor()) {
    fields["predictor_activation_bytes"] = totals(summary.predictor).activation_bytes.front();
    fields["predictor_arena_bytes"] = summary.predictor.arena_bytes.front();
  }
  std::printf("%s\n", fields.dump().c_str());
}

void print_layers(const char* part, const LayerTable& layers) {
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "parameters"}};
  for (const int r : layers.inputs) {
    const std::string at = " at " + std::to_string(r);
    rows[0].insert(rows[0].end(), {"output" + at, "multiply-adds", "activation bytes"});
  }
  for (const LayerRow& layer : layers.rows) {
    rows.push_back({layer.name, layer.kind, std::to_string(layer.parameters)});
    for (std::size_t j = 0; j < layers.inputs.size(); ++j) {
      const std::string bytes = layer.folded ? "folded" : std::to_string(layer.activation_bytes(j));
      rows.back().insert(rows.back().end(),
                         {shape_text(layer.outputs[j]), std::to_string(layer.macs[j]), bytes});
    }
  }
  const Totals sum = totals(layers);
  std::vector<std::string> total{"total", "", std::to_string(sum.parameters)}, arena{"arena", "", ""};
  for (std::size_t j = 0; j < layers.inputs.size(); ++j) {
    total.insert(total.end(), {"", std::to_string(sum.macs[j]), std::to_string(sum.activation_bytes[j])});
    arena.insert(arena.end(), {"", "", std::to_string(layers.arena_bytes[j])});
  }
  rows.push_back(std::move(total));
  rows.push_back(std::move(arena));
  std::printf("%s\n%s", part, table(rows, "llr").c_str());
}

}  // namespace

int run_summary(const SummaryOptions& options) {
  const auto model = make_model(options.model, 0);
  const ModelInfo& info = model->info();
  const Summary summary = model->summary();
  if (options.json) {
    print_json(info, summary);
    return 0;
  }
  std::printf("%s, %d classes\n\n", info.name.c_str(), info.classes);
  print_layers("classifier", summary.classifier);
  if (info.has_predictor()) {
    std::printf("\n");
    print_layers("predictor", summary.predictor);
    const double share = static_cast<double>(info.predictor_macs) / static_cast<double>(info.macs.front());
    std::printf("\nThe predictor costs %s %% of the classifier at %d px.\n", fixed(100 * share, 2).c_str(),
                info.candidates.front());
  }
  std::printf(
      "\nActivation bytes: the output of one image in float; a layer folded into the one before has none.\n"
      "Arena: the memory that a session keeps for them at a time.\n");
  return 0;
}

}  // namespace drnet::program
