// drnet summary: the layers of a network, with shapes, parameters and multiply-adds at each candidate.
#include "commands.hpp"
#include "model.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace drnet::program {

namespace {

std::string shape_text(const Shape& shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" +
         std::to_string(shape.width);
}

nlohmann::json to_json(const std::vector<LayerRow>& rows) {
  nlohmann::json list = nlohmann::json::array();
  for (const LayerRow& row : rows) {
    nlohmann::json shapes = nlohmann::json::array();
    for (const Shape& s : row.outputs) shapes.push_back({s.channels, s.height, s.width});
    list.push_back({{"name", row.name},
                    {"kind", row.kind},
                    {"output", shapes},
                    {"parameters", row.parameters},
                    {"macs", row.macs}});
  }
  return list;
}

void print_json(const ModelInfo& info, const Summary& summary) {
  const nlohmann::json fields{{"model", info.name},
                              {"classes", info.classes},
                              {"parameters", info.parameters},
                              {"candidates", info.candidates},
                              {"candidate_macs", info.macs},
                              {"predictor_input", info.predictor_input},
                              {"predictor_macs", info.predictor_macs},
                              {"classifier", to_json(summary.classifier)},
                              {"predictor", to_json(summary.predictor)}};
  std::printf("%s\n", fields.dump().c_str());
}

/// A table of columns of equal width; the first two are text.
void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], row[c].size());
    }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += (c < 2 ? left(row[c], widths[c]) : right(row[c], widths[c])) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

void print_layers(const char* part, const std::vector<LayerRow>& layers, const std::vector<int>& inputs) {
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "parameters"}};
  for (const int r : inputs) {
    rows[0].push_back("output at " + std::to_string(r));
    rows[0].emplace_back("multiply-adds");
  }
  std::vector<std::string> total{"total", "", ""};
  Index parameters = 0;
  std::vector<Index> macs(inputs.size());
  for (const LayerRow& layer : layers) {
    rows.push_back({layer.name, layer.kind, std::to_string(layer.parameters)});
    parameters += layer.parameters;
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      rows.back().push_back(shape_text(layer.outputs[j]));
      rows.back().push_back(std::to_string(layer.macs[j]));
      macs[j] += layer.macs[j];
    }
  }
  total[2] = std::to_string(parameters);
  for (const Index m : macs) {
    total.emplace_back("");
    total.push_back(std::to_string(m));
  }
  rows.push_back(total);
  std::printf("%s\n", part);
  print_table(rows);
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
  print_layers("classifier", summary.classifier, info.candidates);
  if (info.has_predictor()) {
    std::printf("\n");
    print_layers("predictor", summary.predictor, {info.predictor_input});
    const double share = static_cast<double>(info.predictor_macs) / static_cast<double>(info.macs.front());
    std::printf("\nThe predictor costs %s %% of the classifier at %d px.\n", fixed(100 * share, 2).c_str(),
                info.candidates.front());
  }
  return 0;
}

}  // namespace drnet::program
