#include "preparation.hpp"

#include <cmath>
#include <sstream>

namespace drnet::program {

namespace {

using Metadata = std::map<std::string, std::string>;
using Channels = std::array<float, 3>;

Channels three_numbers(const std::string& text, bool positive, const std::string& place) {
  std::istringstream stream(text);
  Channels values{};
  std::string rest;
  for (float& v : values) stream >> v;
  bool valid = !stream.fail() && !(stream >> rest);
  for (const float v : values) valid = valid && std::isfinite(v) && (!positive || v > 0);
  if (!valid) throw Error(place, positive ? "three numbers above 0" : "three numbers", "'" + text + "'");
  return values;
}

std::string text_of(const Channels& values) {
  std::ostringstream text;
  text.precision(9);
  text << values[0] << ' ' << values[1] << ' ' << values[2];
  return text.str();
}

}  // namespace

Transform Preparation::operator()(Transform cut) const {
  Transform whole = cut.then(normalize(normalization));
  return half_turn ? whole.then(drnet::half_turn()) : whole;
}

Preparation preparation_of(const Metadata& metadata, const std::string& place) {
  Preparation result;
  if (const auto found = metadata.find("mean"); found != metadata.end())
    result.normalization.mean = three_numbers(found->second, false, place + ", mean");
  if (const auto found = metadata.find("std"); found != metadata.end())
    result.normalization.deviation = three_numbers(found->second, true, place + ", std");
  if (const auto found = metadata.find("rotate180"); found != metadata.end()) {
    result.half_turn = found->second.starts_with("true");
    if (!result.half_turn && !found->second.starts_with("false"))
      throw Error(place + ", rotate180", "true or false", "'" + found->second + "'");
  }
  return result;
}

Metadata metadata_of(const Preparation& preparation) {
  Metadata result;
  if (const Normalization usual; preparation.normalization.mean != usual.mean ||
                                 preparation.normalization.deviation != usual.deviation) {
    result["mean"] = text_of(preparation.normalization.mean);
    result["std"] = text_of(preparation.normalization.deviation);
  }
  if (preparation.half_turn) result["rotate180"] = "true";
  return result;
}

}  // namespace drnet::program
