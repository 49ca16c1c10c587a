// JSON Lines logs (jsonlines.org): one JSON object per line, so that a log can be followed while it grows
// and read after a crash. The events of a training run are described in docs/log-format.md.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/read_file.hpp>

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// The objects of a log, and what stood behind the last whole line: a writer that was stopped leaves the
/// beginning of a line there.
struct Log {
  std::vector<nlohmann::json> entries;
  std::string incomplete;  ///< empty in a log that is whole
};

namespace log_detail {

/// The object on one line; discarded (not an object) if there is none.
inline nlohmann::json parse_line(std::string_view line) {
  return nlohmann::json::parse(line, nullptr, false);
}

/// An open file, closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) noexcept : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const noexcept { return value_; }

 private:
  int value_;
};

}  // namespace log_detail

/// Reads a log. A last line without its newline counts if it is whole, and is reported as `incomplete` if it
/// is not; everything else that is not one JSON object a line throws Error with "file:line".
[[nodiscard]] inline Log read_log(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  Log log;
  for (std::size_t begin = 0, line_number = 1; begin < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    nlohmann::json entry = log_detail::parse_line(line);
    if (entry.is_object())
      log.entries.push_back(std::move(entry));
    else if (end == text.size())
      log.incomplete = line;
    else
      throw Error(path.string() + ":" + std::to_string(line_number), "one JSON object a line",
                  line.empty() ? "an empty line" : "'" + std::string(line.substr(0, 80)) + "'");
    begin = end + 1;
  }
  return log;
}

/// Appends objects to a log, each with one write of its whole line.
class JsonLog {
 public:
  enum class Mode { replace, append };

  /// Creates the file, or empties it, or continues it; continuing a log that was cut off first removes the
  /// incomplete line. Throws Error if the file cannot be written or, to be continued, is not a log.
  explicit JsonLog(std::filesystem::path path, Mode mode = Mode::replace) : path_(std::move(path)) {
    std::error_code ignored;
    const bool continues = mode == Mode::append && std::filesystem::is_regular_file(path_, ignored);
    const std::string unfinished = continues ? unfinished_line() : std::string();
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (mode == Mode::replace ? O_TRUNC : 0);
    file_ = log_detail::Descriptor(::open(path_.c_str(), flags, 0666));
    if (file_.get() < 0) throw Error(path_.string(), "a log that can be written", reason());
    if (!unfinished.empty()) finish(unfinished);
  }

  /// Writes one object as one line, which is in the file when this returns. NaN and infinity become null;
  /// text that is not UTF-8 gets replacement characters. Throws Error for anything but an object, and if
  /// the line does not fit on the disk; the log then ends with the line before.
  void write(const nlohmann::json& entry) {
    if (!entry.is_object()) throw Error(path_.string(), "a JSON object to log", entry.type_name());
    append(entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  [[nodiscard]] static std::string reason() {
    return std::error_code(errno, std::generic_category()).message();
  }

  /// What stands behind the last newline of a log. A file that is no log must not lose its end: all lines
  /// are checked, and what is removed must look like the beginning of one.
  [[nodiscard]] std::string unfinished_line() const {
    const std::string incomplete = read_log(path_).incomplete;
    if (!incomplete.empty() && incomplete.front() != '{')
      throw Error(path_.string(), "a log to continue", "a file that ends in something else");
    const std::string text = read_text(path_);
    return text.substr(text.rfind('\n') + 1);  // npos + 1 = 0: everything
  }

  /// A whole last line gets its newline, the beginning of one is removed.
  void finish(const std::string& last) {
    if (log_detail::parse_line(last).is_object()) return append("\n");
    const ::off_t end = ::lseek(file_.get(), 0, SEEK_END);
    shorten(end - static_cast<::off_t>(last.size()));
  }

  void append(std::string_view line) {
    const ::off_t before = ::lseek(file_.get(), 0, SEEK_END);
    while (!line.empty()) {
      const ::ssize_t written = ::write(file_.get(), line.data(), line.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        const std::string why = reason();
        if (before >= 0) shorten(before);  // not seekable: a pipe, where nothing can be taken back
        throw Error(path_.string(), "room for another line", why);
      }
      line.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void shorten(::off_t bytes) {
    if (::ftruncate(file_.get(), bytes) != 0)
      throw Error(path_.string(), "a log whose last line can be removed", reason());
  }

  std::filesystem::path path_;
  log_detail::Descriptor file_;
};

}  // namespace drnet::inline DRNET_ISA
