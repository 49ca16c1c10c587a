// The pictures that batch norms are measured on.
#pragma once

#include "model.hpp"
#include "pictures.hpp"

#include <drnet/data/loader.hpp>

#include <algorithm>

namespace drnet::program {

/// `count` random pictures of a data set (all, where it has fewer), prepared as for evaluation. Throws Error
/// for an empty one.
[[nodiscard]] inline Batch measured_pictures(const Dataset& dataset, const ModelInfo& info, std::size_t count,
                                             std::uint64_t seed) {
  // Without threads of its own a loader decodes no second batch.
  const Loader loader(dataset, evaluation_transform(info),
                      {.batch = std::min(count, dataset.size()), .seed = seed, .threads = 0});
  for (Batch batch : loader.epoch(0)) return batch;
  throw Error("pictures to measure batch norms on", "at least one", "none");
}

}  // namespace drnet::program
