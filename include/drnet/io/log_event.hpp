// One event of a log (docs/log-format.md) with typed access to its fields: null and missing ones are not
// known, those of a wrong type are errors that name the line.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/markup.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// The fields of one object; `place` is its line in messages.
template <class Json>
class LogEvent {
 public:
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  LogEvent(const Json& fields, std::string place) : fields_(fields), place_(std::move(place)) {}

  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] const Json* find(const char* key) const {
    const auto found = fields_.find(key);
    return found == fields_.end() || found->is_null() ? nullptr : &*found;
  }

  [[nodiscard]] double number(const char* key) const {
    const Json* value = find(key);
    return value ? number(key, *value) : kUnknown;
  }

  [[nodiscard]] std::vector<double> numbers(const char* key) const {
    std::vector<double> values;
    for (const Json& value : array(key)) values.push_back(value.is_null() ? kUnknown : number(key, value));
    return values;
  }

  /// A whole number in low..high; `missing` without one.
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t low, std::int64_t high,
                                     std::int64_t missing) const {
    const Json* value = find(key);
    return value ? integer(key, *value, low, high) : missing;
  }

  [[nodiscard]] std::vector<std::int64_t> counts(const char* key) const {
    std::vector<std::int64_t> values;
    for (const Json& value : array(key)) values.push_back(integer(key, value, 0, INT64_MAX));
    return values;
  }

  [[nodiscard]] std::vector<int> resolutions(const char* key) const {
    std::vector<int> values;
    for (const Json& value : array(key)) values.push_back(static_cast<int>(integer(key, value, 1, 65'535)));
    return values;
  }

  /// Text, or the digits of a class index.
  [[nodiscard]] std::string text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return "";
    if (value->is_number_integer()) return value->dump();
    if (!value->is_string()) fail(key, "text", *value);
    return value->template get<std::string>();
  }

  [[nodiscard]] const Json& array(const char* key) const {
    static const Json kNone = Json::array();
    const Json* value = find(key);
    if (value == nullptr) return kNone;
    if (!value->is_array()) fail(key, "a list", *value);
    return *value;
  }

  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> values;
    for (const Json& value : array(key)) {
      if (!value.is_string()) fail(key, "texts", value);
      values.push_back(value.template get<std::string>());
    }
    return values;
  }

  /// Lists of counts, one of them for each row.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> table(const char* key) const {
    std::vector<std::vector<std::int64_t>> rows;
    for (const Json& row : array(key)) {
      if (!row.is_array()) fail(key, "lists of counts", row);
      rows.emplace_back();
      for (const Json& value : row) rows.back().push_back(integer(key, value, 0, INT64_MAX));
    }
    return rows;
  }

  /// `count` flags, written by markup::to_hex(); none where the field is missing.
  [[nodiscard]] std::vector<bool> flags(const char* key, std::int64_t count) const {
    const Json* value = find(key);
    if (value == nullptr) return {};
    const auto result = markup::from_hex(text(key), static_cast<std::size_t>(count));
    if (!result) fail(key, std::to_string(count) + " bits as hexadecimal digits", *value);
    return *result;
  }

  /// The objects of a list.
  [[nodiscard]] std::vector<LogEvent> objects(const char* key) const {
    std::vector<LogEvent> events;
    for (const Json& value : array(key)) {
      if (!value.is_object()) fail(key, "objects", value);
      events.emplace_back(value, place_);
    }
    return events;
  }

  [[noreturn]] void fail(const char* key, const std::string& expected, const Json& got) const {
    throw Error(place_ + ", \"" + key + "\"", expected, markup::shorten(got.dump(), 60));
  }

 private:
  [[nodiscard]] double number(const char* key, const Json& value) const {
    if (!value.is_number()) fail(key, "a number", value);
    return value.template get<double>();
  }
  [[nodiscard]] std::int64_t integer(const char* key, const Json& value, std::int64_t low,
                                     std::int64_t high) const {
    const bool whole = value.is_number_integer() &&
                       !(value.is_number_unsigned() && value.template get<std::uint64_t>() > INT64_MAX);
    if (!whole || value.template get<std::int64_t>() < low || value.template get<std::int64_t>() > high)
      fail(key, "a whole number from " + std::to_string(low) + " to " + std::to_string(high), value);
    return value.template get<std::int64_t>();
  }

  const Json& fields_;
  std::string place_;
};

}  // namespace drnet::inline DRNET_ISA
