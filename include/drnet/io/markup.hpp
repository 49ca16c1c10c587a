// Text for HTML, SVG and logs: escaping, shortening, numbers that do not depend on the locale, base64
// (RFC 4648) for data URIs, and flags as hexadecimal digits.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA::markup {

/// Valid UTF-8, with replacement characters (U+FFFD) for what is not.
[[nodiscard]] inline std::string valid_utf8(std::string_view text) {
  const std::string quoted =
      nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(std::string_view(quoted)).get<std::string>();
}

/// Text for the content or a quoted attribute of HTML and XML; control characters, which XML forbids, are
/// replaced.
[[nodiscard]] inline std::string escape(std::string_view text) {
  constexpr std::string_view kSpecial = "&<>\"'";
  constexpr std::array<std::string_view, 5> kEntities{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  std::string result;
  for (const char c : valid_utf8(text)) {
    const std::size_t special = kSpecial.find(c);
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (special != std::string_view::npos)
      result += kEntities[special];
    else if (control)
      result += "\xef\xbf\xbd";
    else
      result += c;
  }
  return result;
}

/// The pattern with its `{}` replaced by the values, in order; what is text must be escaped before. Throws
/// Error if there are not as many of both.
[[nodiscard]] inline std::string fill_in(std::string_view pattern,
                                         std::initializer_list<std::string_view> values) {
  std::string result;
  std::size_t at = 0;
  for (const std::string_view value : values) {
    const std::size_t hole = pattern.find("{}", at);
    if (hole == std::string_view::npos) throw Error(std::string(pattern), "a {} for every value", "fewer");
    result.append(pattern, at, hole - at).append(value);
    at = hole + 2;
  }
  if (pattern.find("{}", at) != std::string_view::npos)
    throw Error(std::string(pattern), "a value for every {}", "fewer");
  return result.append(pattern, at);
}

/// At most `length` characters (code points), the last one an ellipsis where text was cut.
[[nodiscard]] inline std::string shorten(std::string_view text, std::size_t length) {
  const std::string valid = valid_utf8(text);
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  if (static_cast<std::size_t>(std::count_if(valid.begin(), valid.end(), starts_character)) <= length)
    return valid;
  std::size_t characters = 0, end = 0;
  while (end < valid.size() && (!starts_character(valid[end]) || characters++ < length - 1)) ++end;
  return valid.substr(0, end) + "…";
}

/// Fixed-point text with so many decimals, exponents from 10^15 on, an en dash for what is not finite.
[[nodiscard]] inline std::string number(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  std::array<char, 64> text{};
  const bool huge = std::abs(value) >= 1e15;
  const auto end = std::to_chars(
      text.data(), text.data() + text.size(), value == 0 ? 0.0 : value,  // 0 and not -0
      huge ? std::chars_format::scientific : std::chars_format::fixed, std::clamp(decimals, 0, 20));
  return std::string(text.data(), end.ptr);
}

/// As number(), with so many significant digits.
[[nodiscard]] inline std::string significant(double value, int digits) {
  const bool has_magnitude = std::isfinite(value) && value != 0;
  const int magnitude = has_magnitude ? static_cast<int>(std::floor(std::log10(std::abs(value)))) : 0;
  return number(value, digits - 1 - magnitude);
}

inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

[[nodiscard]] inline std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kBase64[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// The bytes, or nothing for text that is not base64 with its padding.
[[nodiscard]] inline std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = i < text.size() - padding ? kBase64.find(text[i]) : 0;
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 == 3)
      for (int shift = 16; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(group >> shift));
  }
  bytes.erase(bytes.end() - static_cast<std::ptrdiff_t>(padding), bytes.end());
  return bytes;
}

/// Four flags a digit, the first of them its highest bit; flags that fill up the last digit are 0.
[[nodiscard]] inline std::string to_hex(const std::vector<bool>& flags) {
  std::string text((flags.size() + 3) / 4, '0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t digit = 0;
    for (std::size_t k = 4 * i; k < 4 * i + 4; ++k)
      digit = 2 * digit + (k < flags.size() && flags[k] ? 1 : 0);
    text[i] = "0123456789abcdef"[digit];
  }
  return text;
}

/// `count` flags, or nothing for text that to_hex() does not make of so many.
[[nodiscard]] inline std::optional<std::vector<bool>> from_hex(std::string_view text, std::size_t count) {
  std::vector<bool> flags;
  for (const char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    for (const std::size_t bit : {8U, 4U, 2U, 1U}) flags.push_back((digit & bit) != 0);
  }
  if (flags.size() != (count + 3) / 4 * 4) return std::nullopt;
  for (; flags.size() > count; flags.pop_back())
    if (flags.back()) return std::nullopt;
  return flags;
}

}  // namespace drnet::inline DRNET_ISA::markup
