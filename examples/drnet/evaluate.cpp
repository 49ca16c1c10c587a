// drnet evaluate: how good and how fast a network is on a data set.
#include "commands.hpp"
#include "evaluation.hpp"
#include "pictures.hpp"
#include "progress.hpp"

#include <cstdio>

namespace drnet::program {

int run_evaluate(const EvaluateOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  const Router router = make_router(options.router, info.candidates, info.has_predictor(), options.run.seed);
  model->load(options.weights, {.predictor = std::holds_alternative<PredictorRouter>(router)});
  const auto dataset = open_pictures(options.data, Split::test, info, options.run.seed);

  Evaluation result;
  {
    Progress progress("evaluating", dataset->size());
    result = evaluate(*model, make_policy(options.run), router, *dataset,
                      {.batch = options.batch, .latency = true},
                      [&](std::size_t images) { progress.show(images); });
  }
  nlohmann::json fields = to_json(result);
  fields["model"] = info.name;
  fields["data"] = options.data.data;
  if (options.run.json)
    std::printf("%s\n", fields.dump().c_str());
  else
    std::printf("%s on %s\n%s", info.name.c_str(), options.data.data.c_str(),
                to_text(result, info.candidates).c_str());
  return 0;
}

}  // namespace drnet::program
