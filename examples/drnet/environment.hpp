// Environment variables in paths, so that what says where data are says it for every machine.
#pragma once

#include <drnet/core/error.hpp>

#include <cctype>
#include <cstdlib>
#include <string>

namespace drnet::program {

/// The text with each $NAME (letters, digits, _) replaced by that environment variable. Throws Error for one
/// that is not set.
[[nodiscard]] inline std::string with_variables(const std::string& text) {
  const auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (text[i] == '$')
      while (end < text.size() && in_name(text[end])) ++end;
    if (end == i + 1) {
      result += text[i++];
      continue;
    }
    const std::string name = text.substr(i + 1, end - i - 1);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) throw Error(text, "the environment variable " + name, "none of this name");
    result += value;
    i = end;
  }
  return result;
}

}  // namespace drnet::program
