// The one exception of the library: what a file, an argument or a data set did wrong, where, what was
// expected and what was found instead. drnet never aborts, prints or exits.
#pragma once

#include <drnet/core/config.hpp>

#include <concepts>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace drnet::inline DRNET_ISA {

/// Thrown for every input that cannot be used.
/// `place` names the file or argument (and where in it), e.g. "train.txt, line 3" or "--threads".
class Error : public std::runtime_error {
 public:
  Error(std::string place, std::string expected, std::string got)
      : std::runtime_error(place + ": expected " + expected + ", got " + got),
        place_(std::move(place)),
        expected_(std::move(expected)),
        got_(std::move(got)) {}

  [[nodiscard]] const std::string& place() const noexcept { return place_; }
  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
  [[nodiscard]] const std::string& got() const noexcept { return got_; }

 private:
  std::string place_, expected_, got_;
};

/// "a, b, c" from any range of strings or numbers: for lists inside messages.
template <class Range>
[[nodiscard]] std::string join(const Range& items, std::string_view separator = ", ") {
  std::string text;
  bool first = true;
  for (const auto& item : items) {
    if (!first) text += separator;
    first = false;
    if constexpr (requires { std::to_string(item); })
      text += std::to_string(item);
    else
      text += item;
  }
  return text;
}

}  // namespace drnet::inline DRNET_ISA
