// The pictures that batch norms are measured on, all in memory at once: 0.6 MB each at 224 pixels.
#pragma once

#include "interrupt.hpp"
#include "model.hpp"
#include "pictures.hpp"
#include "progress.hpp"

#include <drnet/data/loader.hpp>

#include <algorithm>

namespace drnet::program {

/// `count` random pictures of a data set (all, where it has fewer), as `transform` makes them in epoch
/// `epoch`. Throws Error for an empty one.
[[nodiscard]] inline Batch measured_pictures(const Dataset& dataset, const Transform& transform,
                                             std::size_t count, std::uint64_t seed, std::uint32_t epoch = 0) {
  // Without threads of its own a loader decodes no second batch.
  const Loader loader(dataset, transform,
                      {.batch = std::min(count, dataset.size()), .seed = seed, .threads = 0});
  for (Batch batch : loader.epoch(epoch)) return batch;
  throw Error("pictures to measure batch norms on", "at least one", "none");
}

/// Measures every bank of the classifier anew, and shows how far it has come.
inline void recalibrate(Model& model, const Batch& pictures, const Policy& policy) {
  Progress progress("batch norms", pictures.labels.size() * model.info().candidates.size());
  model.recalibrate(pictures.view(), policy, {.progress = [&](Index passed) {
                      check_interrupt();
                      progress.show(static_cast<std::size_t>(passed));
                    }});
}

}  // namespace drnet::program
