// Fingerprints of what a run works on, so that a result can be told from that of other pictures or weights:
// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv), against changes and not against forgers.
#pragma once

#include <drnet/data/dataset.hpp>

#include <filesystem>
#include <string>

namespace drnet::program {

/// Of a file's bytes, 16 hexadecimal digits; empty where there is no such file.
[[nodiscard]] std::string fingerprint(const std::filesystem::path& file);
/// Of which pictures a data set has, in which order and with which labels; their pixels are not read.
[[nodiscard]] std::string fingerprint(const Dataset& pictures);

}  // namespace drnet::program
