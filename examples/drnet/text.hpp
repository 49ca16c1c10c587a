// Numbers as text for the screen.
#pragma once

#include <cstdio>
#include <string>

namespace drnet::program {

/// A number with a fixed number of decimals.
[[nodiscard]] inline std::string fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  return buffer;
}

/// Text in a column of at least `width` characters.
[[nodiscard]] inline std::string left(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}
[[nodiscard]] inline std::string right(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace drnet::program
