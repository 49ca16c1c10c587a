// From a data set's name to batches for a network: which pictures, and how they are cut to the network's
// input.
#pragma once

#include "model.hpp"
#include "options.hpp"

#include <drnet/data/augment.hpp>
#include <drnet/data/dataset.hpp>

#include <memory>
#include <string>

namespace drnet::program {

/// Opens the data set (its first `limit` pictures) for a network. Throws Error where the numbers of classes
/// differ.
[[nodiscard]] std::unique_ptr<Dataset> open_pictures(const DataOptions& options, Split split,
                                                     const ModelInfo& model, std::uint64_t seed);

/// The pictures that a run is judged by. Throws Error as above, and where there are none.
[[nodiscard]] std::shared_ptr<const Dataset> open_validation(const TrainOptions& options,
                                                             const ModelInfo& model);

/// Of folders of pictures: throws Error where a class has none to train on, and for a picture to be judged by
/// that is also trained on. Other data sets have halves that are what they are. `whole`: false where only the
/// first training pictures are used, which may be without a class.
void check_lists(const std::string& training_name, const Dataset& training,
                 const std::string& validation_name, const Dataset& validation, bool whole);

/// Without randomness: pictures whose sides are the largest candidate L stay as they are; of others the
/// shorter side becomes L * 256 / 224 and the middle L x L pixels count. CIFAR's networks take the whole
/// picture instead.
[[nodiscard]] Transform evaluation_transform(const ModelInfo& model);

/// For training. Throws Error for another crop.
[[nodiscard]] Transform training_transform(const ModelInfo& model, const Augmentation& how);

}  // namespace drnet::program
