// What a result was made with, for its log.
#pragma once

#include <string>

namespace drnet::program {

/// "g++ 12.2.0".
[[nodiscard]] std::string compiler_name();
/// The first processor's name and how many there are; empty where the system does not say.
[[nodiscard]] std::string processor_name();

}  // namespace drnet::program
