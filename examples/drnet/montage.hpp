// Example pictures, cut as the network sees them, with what it said of them.
#pragma once

#include "model.hpp"

#include <drnet/data/dataset.hpp>
#include <drnet/io/montage.hpp>

#include <vector>

namespace drnet::program {

/// The pixels of image i of a batch that evaluation_transform() made, as they were before its preparation; by
/// halves smaller than that as long as it has the size at which a page shows it.
[[nodiscard]] MontageImage montage_image(const ImageBatch<float>& images, Index i,
                                         const Preparation& preparation);

/// Classifies `count` pictures drawn from the data set (by `seed`).
[[nodiscard]] std::vector<MontageImage> make_montage(const Model& model, const Policy& policy,
                                                     const Router& router, const Dataset& dataset,
                                                     std::size_t count, std::uint64_t seed);

}  // namespace drnet::program
