#include "setup.hpp"

#include "options.hpp"

#include <drnet/official_code.hpp>

#include <algorithm>

namespace drnet::program {

LoadOptions load_options(const std::string& names, bool official) {
  LoadOptions options = official ? OfficialCode{}.load : LoadOptions{};
  if (names == "torchvision")
    options.names = WeightNames::torchvision;
  else if (names == "mindspore")
    options.names = WeightNames::mindspore;
  else if (!names.empty())
    throw Error("--names", "torchvision or mindspore", "'" + names + "'");
  return options;
}

SessionOptions session_options(const std::string& router, bool official, const ModelInfo& model,
                               std::uint64_t seed) {
  SessionOptions options = official ? OfficialCode{}.session : SessionOptions{};
  const std::string chosen = !router.empty() ? router : official ? "gumbel" : "predictor";
  options.router = make_router(chosen, model.candidates, model.has_predictor(), seed);
  return options;
}

int candidate_index(const char* option, int pixels, const std::vector<int>& candidates) {
  const auto found = std::ranges::find(candidates, pixels);
  if (found == candidates.end()) throw Error(option, "one of " + join(candidates), std::to_string(pixels));
  return static_cast<int>(found - candidates.begin());
}

}  // namespace drnet::program
