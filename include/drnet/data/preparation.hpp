// How the pictures of some weights are prepared: what their file says of mean, standard deviation and
// turning, so that nobody has to say it again.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/data/augment.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>
#include <string>

namespace drnet::inline DRNET_ISA {

namespace detail {
/// Throws Error unless the text is three finite numbers (above 0, if `positive`).
inline std::array<float, 3> three_numbers(const std::string& text, bool positive, const std::string& place) {
  std::istringstream stream(text);
  std::array<float, 3> values{};
  std::string rest;
  for (float& v : values) stream >> v;
  bool valid = !stream.fail() && !(stream >> rest);
  for (const float v : values) valid = valid && std::isfinite(v) && (!positive || v > 0);
  if (!valid) throw Error(place, positive ? "three numbers above 0" : "three numbers", "'" + text + "'");
  return values;
}

/// Three numbers in the fewest digits that read back exactly.
inline std::string text_of(const std::array<float, 3>& values) {
  std::string text;
  for (const float v : values) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr;
    text.append(text.empty() ? "" : " ").append(digits.data(), end);
  }
  return text;
}
}  // namespace detail

/// What happens to a picture between the cut to the network's input and the network.
struct Preparation {
  Normalization normalization{};  ///< ImageNet's unless a file says otherwise
  bool half_turn = false;         ///< the picture is turned by 180 degrees

  /// `cut`, then this.
  template <class P = Picture>
  [[nodiscard]] Transform operator()(const Transform& cut) const {
    const Transform whole = cut.then(normalize<P>(normalization));
    return half_turn ? whole.then(drnet::half_turn()) : whole;
  }
};

/// From the metadata of a weights file: "mean" and "std" (three numbers each, of samples in [0, 1]) and
/// "rotate180" ("true" or "false", an explanation may follow). Throws Error at `place` for other values.
[[nodiscard]] inline Preparation preparation_of(const std::map<std::string, std::string>& metadata,
                                                const std::string& place) {
  Preparation result;
  if (const auto found = metadata.find("mean"); found != metadata.end())
    result.normalization.mean = detail::three_numbers(found->second, false, place + ", mean");
  if (const auto found = metadata.find("std"); found != metadata.end())
    result.normalization.deviation = detail::three_numbers(found->second, true, place + ", std");
  if (const auto found = metadata.find("rotate180"); found != metadata.end()) {
    result.half_turn = found->second.starts_with("true");
    if (!result.half_turn && !found->second.starts_with("false"))
      throw Error(place + ", rotate180", "true or false", "'" + found->second + "'");
  }
  return result;
}

/// The same as metadata.
[[nodiscard]] inline std::map<std::string, std::string> metadata_of(const Preparation& preparation) {
  return {{"mean", detail::text_of(preparation.normalization.mean)},
          {"std", detail::text_of(preparation.normalization.deviation)},
          {"rotate180", preparation.half_turn ? "true" : "false"}};
}

}  // namespace drnet::inline DRNET_ISA
