// Reference values from outside the project, found at run time through DRNET_REFERENCE_DIR: its folders
// reference/ (values and fill() of make_golden.py), weights/ and data/. A test that needs one begins with
//     const auto file = support::load_or_skip("operators");
//     if (!file) return;
#pragma once

#include <drnet/io/read_file.hpp>
#include <drnet/io/safetensors.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// The folder `part` ("reference", "weights" or "data") of DRNET_REFERENCE_DIR, if both are there.
inline std::optional<std::filesystem::path> reference_dir(std::string_view part = "reference") {
  const char* root = std::getenv("DRNET_REFERENCE_DIR");
  if (root == nullptr || *root == '\0') return std::nullopt;
  const std::filesystem::path folder = std::filesystem::path(root) / part;
  return std::filesystem::is_directory(folder) ? std::optional(folder) : std::nullopt;
}

/// ctest turns a test that prints this line into a skipped one (SKIP_REGULAR_EXPRESSION).
inline void print_skipped(std::string_view reason) {
  std::cout << "SKIPPED: " << reason << std::endl;
}

/// As reference_dir(), and says so when the test has to return without it.
inline std::optional<std::filesystem::path> reference_or_skip(std::string_view part = "reference") {
  auto folder = reference_dir(part);
  if (!folder) print_skipped("DRNET_REFERENCE_DIR has no folder '" + std::string(part) + "' (or is not set)");
  return folder;
}

inline nlohmann::json load_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(drnet::read_text(path));
}

/// What stands before every name in fill(), in the reference folder in use; empty without one.
inline std::string prefix() {
  const auto folder = reference_dir();
  return folder ? drnet::read_text(*folder / "prefix.txt") : std::string();
}

/// FNV-1a, 64 bits, over the bytes of the text.
constexpr std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

/// One output of SplitMix64 whose state was z, increment applied first.
constexpr std::uint64_t splitmix64(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// `count` values in [lo, hi) that depend only on prefix, name and index: float32(lo + (hi - lo) u),
/// u = (splitmix64(fnv1a64(prefix + name) + i) >> 40) 2^-24. The float32 value is the value, in double too.
template <class T>
std::vector<T> fill(std::string_view name, std::size_t count, double lo = -1.0, double hi = 1.0) {
  static const std::string before = prefix();
  const std::uint64_t start = fnv1a64(before + std::string(name));
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double u = static_cast<double>(splitmix64(start + i) >> 40) * 0x1p-24;
    values[i] = static_cast<T>(static_cast<float>(lo + (hi - lo) * u));
  }
  return values;
}

/// A .json and the .safetensors of the same name: "operators", "models" or "dynamic_step".
struct ReferenceFile {
  nlohmann::json json;
  drnet::SafeTensors tensors;
};

inline std::optional<ReferenceFile> load_or_skip(std::string_view stem) {
  const auto folder = reference_or_skip();
  if (!folder) return std::nullopt;
  const std::string name(stem);
  return ReferenceFile{load_json(*folder / (name + ".json")),
                       drnet::SafeTensors::read(*folder / (name + ".safetensors"))};
}

/// One entry of operators.json; refers to the file it came from.
struct OperatorCase {
  std::string name, op;
  nlohmann::json attributes;
  std::vector<std::string> tensors;
  const drnet::SafeTensors* file;

  [[nodiscard]] bool has(std::string_view tensor) const { return file->contains(path(tensor)); }
  [[nodiscard]] const std::vector<std::int64_t>& shape(std::string_view tensor) const {
    return file->info(path(tensor)).shape;
  }
  template <class T>
  [[nodiscard]] std::vector<T> values(std::string_view tensor) const {
    return file->values<T>(path(tensor));
  }
  [[nodiscard]] std::string path(std::string_view tensor) const { return name + "/" + std::string(tensor); }
};

/// The cases of one operator ("conv2d", "batch_norm", …); `operators` must outlive them.
inline std::vector<OperatorCase> operator_cases(const ReferenceFile& operators, std::string_view op) {
  std::vector<OperatorCase> cases;
  for (const auto& entry : operators.json)
    if (entry.at("op") == op)
      cases.push_back({entry.at("case").get<std::string>(), std::string(op), entry.at("attrs"),
                       entry.at("tensors").get<std::vector<std::string>>(), &operators.tensors});
  return cases;
}

/// Largest |value|; 0 for nothing.
template <class Values>
double largest_magnitude(const Values& values) {
  double largest = 0;
  for (const auto value : values) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest;
}

/// Where two ranges differ most.
struct Difference {
  double error = 0;  ///< |actual - expected|; infinite for a NaN on one side only or unequal sizes
  std::size_t index = 0;
  double actual = 0, expected = 0;
};

template <class Actual, class Expected>
Difference largest_difference(const Actual& actual, const Expected& expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::size(actual) != std::size(expected)) return {kInfinity, 0, 0, 0};
  Difference worst;
  for (std::size_t i = 0; i < std::size(actual); ++i) {
    const double a = static_cast<double>(actual[i]), e = static_cast<double>(expected[i]);
    const double error = a == e ? 0.0 : std::abs(a - e);
    const bool both_nan = std::isnan(a) && std::isnan(e);
    if (both_nan || error <= worst.error) continue;
    worst = {std::isnan(error) ? kInfinity : error, i, a, e};
  }
  return worst;
}

/// max |actual - expected| / scale, scale > 0: the tensor's own largest magnitude unless the tolerance is
/// stated against another one.
template <class Actual, class Expected>
double max_error(const Actual& actual, const Expected& expected, double scale) {
  return largest_difference(actual, expected).error / scale;
}

template <class Actual, class Expected>
double max_error(const Actual& actual, const Expected& expected) {
  const double scale = largest_magnitude(expected);
  return max_error(actual, expected, scale > 0 ? scale : 1.0);
}

/// Empty when max_error <= tolerance, else a sentence with the place and both values, so that
///     CHECK(support::disagreement(y, expected, 1e-5, scale) == "");
/// shows it when it fails.
template <class Actual, class Expected>
std::string disagreement(const Actual& actual, const Expected& expected, double tolerance, double scale) {
  std::ostringstream text;
  text.precision(9);
  if (std::size(actual) != std::size(expected)) {
    text << std::size(actual) << " elements instead of " << std::size(expected);
    return text.str();
  }
  const Difference worst = largest_difference(actual, expected);
  if (worst.error <= tolerance * scale) return {};
  text << "element " << worst.index << " of " << std::size(actual) << ": " << worst.actual << " instead of "
       << worst.expected << ", " << worst.error / scale << " of the scale " << scale << " (allowed "
       << tolerance << ")";
  return text.str();
}

template <class Actual, class Expected>
std::string disagreement(const Actual& actual, const Expected& expected, double tolerance) {
  return disagreement(actual, expected, tolerance, largest_magnitude(expected));
}

}  // namespace support
