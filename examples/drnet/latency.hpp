// The time that an image takes with each way of choosing its resolution.
#pragma once

#include "model.hpp"

#include <drnet/data/dataset.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace drnet::program {

struct NamedRouter {
  std::string name;
  Router router;
};

/// Every candidate, and the predictor if the weights hold one.
[[nodiscard]] std::vector<NamedRouter> usual_routers(const ModelInfo& model);

/// Milliseconds of an image, the mean over some pictures; of several rounds the median.
struct Latency {
  std::string router;
  Index batch = 0;  ///< pictures of a call in `together`
  double alone = 0, together = 0;
  double average_macs = 0;  ///< of an image, on these pictures
};

struct LatencyOptions {
  std::size_t pictures = 48;  ///< spread over the data set
  std::size_t batch = 16;
  int rounds = 3;  ///< in each, every router has its turn: a disturbance does not meet one of them alone
};

/// Times routers on the same pictures.
[[nodiscard]] std::vector<Latency> measure_latency(const Model& model, const Policy& policy,
                                                   const std::vector<NamedRouter>& routers,
                                                   const Dataset& dataset, const LatencyOptions& options);

/// The `latency` event of docs/log-format.md, of so many threads.
[[nodiscard]] nlohmann::json to_json(const std::vector<Latency>& results, int threads);
/// A few lines for people.
[[nodiscard]] std::string to_text(const std::vector<Latency>& results, int threads);

}  // namespace drnet::program
