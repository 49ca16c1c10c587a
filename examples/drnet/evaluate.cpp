// drnet evaluate: how good and how fast a network is on a data set.
#include "commands.hpp"
#include "evaluation.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "setup.hpp"

#include <cstdio>

namespace drnet::program {

int run_evaluate(const EvaluateOptions& options) {
  const auto model = make_model(options.model, options.run.seed);
  const ModelInfo& info = model->info();
  const SessionOptions session = session_options(options.router, options.official, info, options.run.seed);
  LoadOptions load = load_options(options.names, options.official);
  load.predictor = needs_predictor(session.router);
  model->load(options.weights, load);
  const auto dataset = open_pictures(options.data, Split::test, info, options.run.seed);

  Evaluation result;
  {
    Progress progress("evaluating", dataset->size());
    result = evaluate(*model, make_policy(options.run), session, *dataset,
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
