// Catch2 2.13 and 3 under one include: the tests use only what both have, plus `contains` below, because
// version 3 gave the matcher of substrings another name.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace support {

/// Matches a string that contains `part`: CHECK_THAT(error.what(), support::contains("line 3")).
[[nodiscard]] inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

}  // namespace support
