// drnet calibrate: batch norms measured on pictures, without training.
#include "commands.hpp"
#include "measured_pictures.hpp"
#include "model.hpp"
#include "pictures.hpp"
#include "setup.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace drnet::program {

int run_calibrate(const CalibrateOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  if (!options.unfold && !options.all_banks && info.candidates.size() < 2)
    throw Error("calibrate", "a network with at least two candidates, --all-banks or --unfold",
                info.name + " with one");
  const int native = options.native == 0 ? 0 : candidate_index("--native", options.native, info.candidates);
  model->load(options.weights, {.predictor = false});
  const auto dataset = open_pictures(options.data, Split::train, info, options.run.seed);
  const Policy policy = make_policy(options.run);
  const Batch pictures =
      measured_pictures(*dataset, evaluation_transform(info), options.images, options.run.seed);
  if (options.unfold)
    model->unfold_batch_norm(pictures.view(), policy);
  else if (options.all_banks)
    recalibrate(*model, pictures, policy);
  else
    model->calibrate_banks(
        pictures.view(), policy,
        {.native = native, .match_native = options.match_native ? std::optional(true) : std::nullopt});
  // A predictor that the seed drew would look like a trained one.
  model->save(options.output, {{"model", info.name}}, {.predictor = info.predictor_trained});
  if (options.run.json)
    std::printf("%s\n", nlohmann::json{{"model", info.name},
                                       {"images", pictures.labels.size()},
                                       {"unfolded", options.unfold},
                                       {"all_banks", options.all_banks},
                                       {"output", options.output}}
                            .dump()
                            .c_str());
  else
    std::printf("%s the batch norms of %s on %zu pictures; written to %s\n",
                options.unfold ? "Unfolded" : "Calibrated", info.name.c_str(), pictures.labels.size(),
                options.output.c_str());
  return 0;
}

}  // namespace drnet::program
