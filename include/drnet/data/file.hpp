// Whole files and lists of lines, read with errors that name the file.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Larger files are refused: no picture and no batch of a data set comes near this.
inline constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 32;

/// Throws Error unless `path` is a folder.
inline void require_folder(const std::filesystem::path& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::is_directory(status))
    throw Error(path.string(), "a folder", std::filesystem::exists(status) ? "a file" : "nothing there");
}

/// Throws Error unless `path` is a regular file; returns its size in bytes, which may be 0.
inline std::size_t require_file(const std::filesystem::path& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::is_regular_file(status))
    throw Error(path.string(), "a file",
                std::filesystem::is_directory(status) ? "a folder"
                : std::filesystem::exists(status)     ? "something else"
                                                      : "nothing there");
  const auto size = std::filesystem::file_size(path, code);
  if (code) throw Error(path.string(), "a readable file", code.message());
  if (size > kMaxFileBytes)
    throw Error(path.string(), "at most " + std::to_string(kMaxFileBytes) + " bytes",
                std::to_string(size) + " bytes");
  return static_cast<std::size_t>(size);
}

/// All bytes of a file that is not empty. Throws Error when it is missing, empty, not a file or unreadable.
[[nodiscard]] inline std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::vector<std::uint8_t> bytes(require_file(path));
  if (bytes.empty()) throw Error(path.string(), "content", "an empty file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string(), "a readable file", "one that cannot be opened");
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::size_t>(file.gcount()) != bytes.size())
    throw Error(path.string(), std::to_string(bytes.size()) + " bytes",
                std::to_string(file.gcount()) + " bytes");
  return bytes;
}

/// Paths of what a folder holds, in no particular order. Throws Error when it is not a readable folder.
[[nodiscard]] inline std::vector<std::filesystem::path> read_folder(const std::filesystem::path& folder) {
  require_folder(folder);
  std::error_code code;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code))
    paths.push_back(entry->path());
  if (code) throw Error(folder.string(), "a readable folder", code.message());
  return paths;
}

/// Whether `path` is a regular file; false also where the question itself fails (a name too long, …).
[[nodiscard]] inline bool is_file(const std::filesystem::path& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

/// Whether `path` is a folder; false also where the question itself fails.
[[nodiscard]] inline bool is_folder(const std::filesystem::path& path) {
  std::error_code code;
  return std::filesystem::is_directory(path, code);
}

/// One line of a text file, without white space at its end, and its number (from 1).
struct Line {
  std::size_t number = 0;
  std::string text;
};

/// The lines of a text file that are not blank. Throws Error when it cannot be read or has none.
[[nodiscard]] inline std::vector<Line> read_lines(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  std::vector<Line> lines;
  std::size_t number = 0;
  for (auto begin = bytes.begin(); begin != bytes.end();) {
    const auto end = std::find(begin, bytes.end(), std::uint8_t{'\n'});
    std::string text(begin, end);
    text.erase(text.find_last_not_of(" \t\r") + 1);
    ++number;
    if (!text.empty()) lines.push_back({number, std::move(text)});
    begin = end == bytes.end() ? end : end + 1;
  }
  if (lines.empty()) throw Error(path.string(), "at least one line of text", "only blank lines");
  return lines;
}

}  // namespace drnet::inline DRNET_ISA
