#include "options.hpp"

#include <drnet/core/error.hpp>
#if DRNET_WITH_OPENMP
#include <drnet/core/openmp.hpp>
#endif
#if DRNET_WITH_TBB
#include <drnet/core/tbb.hpp>
#endif

#include <algorithm>
#include <functional>
#include <map>
#include <thread>

namespace drnet::program {

int thread_count(const RunOptions& options) {
  if (options.threads > 0) return options.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Policy make_policy(const RunOptions& options) {
  const int threads = thread_count(options);
  // In the order of preference: where other programs want the processors too, TBB's caller goes on alone,
  // while an OpenMP team waits for its last thread (4 to 20 times slower in training on a busy machine).
  std::vector<std::pair<std::string, std::function<Policy()>>> backends;
#if DRNET_WITH_TBB
  backends.emplace_back("tbb", [threads] { return Policy(TBB(threads)); });
#endif
#if DRNET_WITH_OPENMP
  backends.emplace_back("openmp", [threads] { return Policy(OpenMP(threads)); });
#endif
  backends.emplace_back("serial", [] { return Policy(Serial{}); });
  std::vector<std::string> names;
  for (const auto& [name, make] : backends) {
    if (options.backend.empty() || options.backend == name) return make();
    names.push_back(name);
  }
  throw Error("--backend", "one of " + join(names), "'" + options.backend + "'");
}

Router make_router(const std::string& text, const std::vector<int>& candidates, bool has_predictor,
                   std::uint64_t seed, double threshold) {
  const bool choosy = text == "predictor" || text == "gumbel";
  if (choosy && !has_predictor && candidates.size() == 1) return FixedRouter{0};
  if (choosy && has_predictor)
    return text == "gumbel" ? Router(GumbelRouter{.seed = seed}) : Router(PredictorRouter{});
  if (text == "random") return RandomRouter{.seed = seed, .shares = {}};
  if (text == "cascade") return CascadeRouter{std::vector<double>(candidates.size(), threshold), {}};
  std::vector<std::string> names{"random", "cascade"};
  if (has_predictor) names.insert(names.begin(), {"predictor", "gumbel"});
  for (std::size_t j = 0; j < candidates.size(); ++j) {
    names.push_back("fixed:" + std::to_string(candidates[j]));
    if (text == names.back()) return FixedRouter{static_cast<int>(j)};
  }
  throw Error("--router", "one of " + join(names), "'" + text + "'");
}

std::string router_name(const Router& router, const std::vector<int>& candidates) {
  if (const auto* fixed = std::get_if<FixedRouter>(&router))
    return "fixed " + std::to_string(candidates[static_cast<std::size_t>(fixed->candidate)]);
  if (std::holds_alternative<GumbelRouter>(router)) return "gumbel";
  if (std::holds_alternative<CascadeRouter>(router)) return "cascade";
  return std::holds_alternative<RandomRouter>(router) ? "random" : "predictor";
}

}  // namespace drnet::program
