// Opening files for reading, with the reason when that fails (missing, a folder, no permission).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace drnet::inline DRNET_ISA {

/// Opens an existing regular file in binary mode. Throws Error naming the file and the system's reason.
[[nodiscard]] inline std::ifstream open_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    throw Error(path.string(), "an existing file", error ? error.message() : "no such file");
  if (!std::filesystem::is_regular_file(status))
    throw Error(path.string(), "a regular file",
                std::filesystem::is_directory(status) ? "a folder" : "a special file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error(path.string(), "a readable file", std::error_code(errno, std::generic_category()).message());
  return file;
}

/// The whole file as text. Throws Error if it cannot be opened or read.
[[nodiscard]] inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file = open_file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) throw Error(path.string(), "a readable file", "a read error");
  return text;
}

}  // namespace drnet::inline DRNET_ISA
