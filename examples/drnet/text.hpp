// Numbers and tables as text for the screen.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

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

/// Lines whose columns are as wide as their widest cell. `alignment` has an l (left) or r (right) for each
/// column, the last one for all that follow.
[[nodiscard]] inline std::string table(const std::vector<std::vector<std::string>>& rows,
                                       std::string_view alignment) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], row[c].size());
    }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool is_left = alignment[std::min(c, alignment.size() - 1)] == 'l';
      text += (is_left ? left(row[c], widths[c]) : right(row[c], widths[c])) + "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace drnet::program
