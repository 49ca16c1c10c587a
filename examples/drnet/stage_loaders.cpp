#include "stage_loaders.hpp"

#include "pictures.hpp"

#include <drnet/data/subset.hpp>

#include <algorithm>

namespace drnet::program {

StageLoaders::StageLoaders(std::shared_ptr<const Dataset> pictures, const TrainOptions& options,
                           const ModelInfo& model)
    : first_pictures_(std::move(pictures)) {
  const bool joint = model.has_predictor() && options.epochs2 > 0;
  if (joint && options.holdout > 0) {
    auto [rest, held] = hold_out(first_pictures_, options.holdout, options.run.seed);
    if (rest->size() == 0 || held->size() == 0)
      throw Error(
          "--holdout", "pictures for both stages",
          std::to_string(rest->size()) + " for stage 1, " + std::to_string(held->size()) + " for stage 2");
    first_pictures_ = std::move(rest);
    second_pictures_ = std::move(held);
  }
  const auto load = [&](const Dataset& set, std::optional<Loader>& loader, bool drop_last) {
    loader.emplace(set, training_transform(model, options.augmentation),
                   LoaderOptions{.batch = std::min(options.batch, set.size()),
                                 .seed = options.run.seed,
                                 .threads = thread_count(options.run),
                                 .drop_last = drop_last});
  };
  load(*first_pictures_, first_, true);
  if (second_pictures_) load(*second_pictures_, second_, true);
  load(second_pictures_ ? *second_pictures_ : *first_pictures_, answers_, false);
}

}  // namespace drnet::program
