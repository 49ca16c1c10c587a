// Weights to a file and back, then classification: a Session folds batch norms, packs weights and groups the
// images of a batch by the resolution that the predictor chose for each.
#include <drnet/drnet.hpp>

#include <cstdio>
#include <filesystem>

using namespace drnet;

using Net =
    DynamicNetwork<models::CifarResNet<1>,
                   models::ResolutionPredictor<
                       16, models::PredictorOptions{.widths = {8, 16, 0, 0}, .depth = 1, .small_stem = true}>,
                   Resolutions<32, 16>>;

int main() {
  const auto file = std::filesystem::temp_directory_path() / "drnet_load_and_classify.safetensors";
  save(Net(/*seed=*/7), file, {{"comment", "weights as drawn: not trained"}});

  Net net;
  load(net, file);  // throws Error naming file, tensor and both shapes where something does not fit
  std::filesystem::remove(file);

  const Synthetic pictures({.images = 8, .seed = 1});
  const Loader loader(pictures, eval_transform({.size = 32, .resize_shorter = 0}),
                      {.batch = 8, .shuffle = false});
  Session<Net> session(net, Serial{});  // OpenMP{threads} and TBB{threads} give the same bits
  for (Batch& batch : loader.epoch(0))
    for (const Classification& r : session.classify(batch.view()))
      std::printf("%s with probability %.2f at %d px\n",
                  pictures.class_names()[static_cast<std::size_t>(r.label)].c_str(),
                  static_cast<double>(r.probability), r.resolution);

  try {
    load(net, "no_such_file.safetensors");
  } catch (const Error& e) {
    std::printf("an error says what was expected where: %s\n", e.what());
    return 0;
  }
  return 1;
}
