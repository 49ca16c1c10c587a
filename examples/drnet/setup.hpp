// How weights are read and networks run, as the command line says.
#pragma once

#include "model.hpp"

#include <string>

namespace drnet::program {

/// `names`: "torchvision" or "mindspore", or empty: torchvision's, with `official` MindSpore's. Throws Error
/// for anything else.
[[nodiscard]] LoadOptions load_options(const std::string& names, bool official);

/// `router` as make_router() reads it, or empty: the predictor, with `official` Gumbel noise beside it.
[[nodiscard]] SessionOptions session_options(const std::string& router, bool official, const ModelInfo& model,
                                             std::uint64_t seed);

/// The candidate of that many pixels. Throws Error naming `option` and listing all.
[[nodiscard]] int candidate_index(const char* option, int pixels, const std::vector<int>& candidates);

}  // namespace drnet::program
