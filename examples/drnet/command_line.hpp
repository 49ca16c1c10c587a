// The command line, for those who have its words from elsewhere.
#pragma once

#include "options.hpp"

#include <string>
#include <vector>

namespace drnet::program {

/// The options of `drnet train` in words as on a command line. Throws Error naming `place` for what the
/// command would not take.
[[nodiscard]] TrainOptions parse_train_options(std::vector<std::string> words, const std::string& place);

}  // namespace drnet::program
