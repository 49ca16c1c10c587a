// Opening files for reading, with the reason when that fails (missing, a folder, no permission).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <system_error>
#include <vector>

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

/// How many bytes an open file holds; reading goes on at its start. Throws Error if it has no size.
[[nodiscard]] inline std::uint64_t file_bytes(std::ifstream& file, const std::filesystem::path& path) {
  const std::streamoff end = file.seekg(0, std::ios::end).tellg();
  if (end < 0 || !file.seekg(0)) throw Error(path.string(), "a file with a size", "one without");
  return static_cast<std::uint64_t>(end);
}

/// The whole file as text. Throws Error if it cannot be opened or read.
[[nodiscard]] inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file = open_file(path);
  std::string text;
  std::vector<char> block(std::size_t{1} << 16);
  do {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
  } while (file);
  if (file.bad()) throw Error(path.string(), "a readable file", "a read error");
  return text;
}

}  // namespace drnet::inline DRNET_ISA
