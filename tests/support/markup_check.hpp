// Whether HTML or SVG text is well formed: every tag closed in order, attributes quoted, no stray '<' or '&'.
#pragma once

#include <array>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// The fault, or "" for a well-formed document.
inline std::string markup_fault(std::string_view text) {
  static const std::set<std::string, std::less<>> kVoid{"meta", "img", "input", "br"};
  std::vector<std::string> open;
  const auto fault = [&](const std::string& what, std::size_t at) {
    return what + ": " + std::string(text.substr(at, 60));
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '&') {
      const std::size_t end = text.find(';', at);
      if (end == std::string_view::npos || end - at > 6) return fault("bare &", at);
      at = end + 1;
    } else if (text[at] != '<') {
      ++at;
    } else {
      std::size_t end = at + 1;
      for (bool quoted = false; end < text.size() && (quoted || text[end] != '>'); ++end) {
        if (text[end] == '"') quoted = !quoted;
        if (text[end] == '<') return fault("< inside a tag", at);
      }
      if (end == text.size()) return fault("tag without end", at);
      const std::string_view tag = text.substr(at + 1, end - at - 1);
      std::size_t length = tag.starts_with('/') ? 1 : 0;
      while (length < tag.size() && std::isalnum(static_cast<unsigned char>(tag[length])) != 0) ++length;
      const std::string name(tag.substr(0, length));
      if (name.starts_with('/')) {
        if (open.empty() || open.back() != name.substr(1)) return fault("closes another tag", at);
        open.pop_back();
      } else if (!tag.starts_with('!') && !tag.ends_with('/') && !kVoid.contains(name)) {
        if (name.empty()) return fault("tag without a name", at);
        open.push_back(name);
      }
      at = end + 1;
      if (name == "style") at = text.find("</style", at);  // CSS is not markup
    }
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

/// How often `part` occurs.
inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

}  // namespace support
