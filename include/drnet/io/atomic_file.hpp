// Files that are there whole or not at all: written under a temporary name in the same folder, flushed to
// the disk (fsync), then renamed over the target (POSIX rename is atomic within a folder).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <concepts>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace drnet::inline DRNET_ISA {

namespace atomic_file_detail {

/// The system's words for an errno value; a stream that failed without setting errno still says so.
inline std::string reason(int error) {
  return error != 0 ? std::error_code(error, std::generic_category()).message() : "a write error";
}

/// Removes the temporary file unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : path_(unique_sibling(target)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    if (!renamed_) std::filesystem::remove(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  void rename_to(const std::filesystem::path& target) {
    std::error_code error;
    std::filesystem::rename(path_, target, error);
    if (error) throw Error(target.string(), "a file that can be replaced", error.message());
    renamed_ = true;
  }

 private:
  /// Unique among the processes (id) and threads (counter) of this machine.
  static std::filesystem::path unique_sibling(const std::filesystem::path& target) {
    static std::atomic<unsigned> counter{0};
    std::string name(".");
    name.append(target.filename().string()).append(".").append(std::to_string(::getpid()));
    name.append("-").append(std::to_string(counter++)).append(".tmp");
    return target.parent_path() / name;
  }

  std::filesystem::path path_;
  bool renamed_ = false;
};

/// fsync of a file or a folder by name; returns errno, or 0. (fsync acts on the file, not on the descriptor
/// that wrote it, so that the descriptor inside a stream is not needed.)
inline int flush_to_disk(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

/// The target of `path`, which may be a symbolic link. Throws Error for the name of something else.
inline std::filesystem::path target_of(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
  if (error) target = path;  // a path that cannot be examined fails when it is written, with its reason
  if (fs::exists(target, error) && !fs::is_regular_file(target, error))
    throw Error(path.string(), "a file or a free name", "a folder or special file of that name");
  return target;
}

/// A file that is complete on the disk, but not yet in its place.
class StagedFile {
 public:
  template <class Writer>
  StagedFile(const std::filesystem::path& path, Writer&& writer)
      : target_(target_of(path)), temporary_(target_) {
    errno = 0;
    std::ofstream file(temporary_.path(), std::ios::binary | std::ios::trunc);
    if (!file) throw Error(path.string(), "a folder that can be written", reason(errno));
    writer(static_cast<std::ostream&>(file));
    if (file) file.close();
    if (!file) throw Error(path.string(), "room for the whole file", reason(errno));
    if (const int failed = flush_to_disk(temporary_.path()); failed != 0)
      throw Error(path.string(), "a file that can be flushed to disk", reason(failed));
  }

  void put_in_place() {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::file_status old = fs::status(target_, error);
    if (fs::exists(old)) fs::permissions(temporary_.path(), old.permissions(), error);
    temporary_.rename_to(target_);
    // The file is in place; some file systems cannot flush a folder, which only delays the new name.
    flush_to_disk(target_.has_parent_path() ? target_.parent_path() : fs::path("."));
  }

 private:
  std::filesystem::path target_;
  TemporaryFile temporary_;
};

}  // namespace atomic_file_detail

/// Calls `writer(std::ostream&)` on a temporary file and puts it in place of `path` when everything reached
/// the disk. A symbolic link is followed, and a file that is replaced keeps its permissions. Whatever fails
/// (no such folder, no permission, disk full, an exception of the writer), `path` is as it was and no
/// temporary file is left. Throws Error with the reason.
template <std::invocable<std::ostream&> Writer>
void write_atomically(const std::filesystem::path& path, Writer&& writer) {
  atomic_file_detail::StagedFile(path, std::forward<Writer>(writer)).put_in_place();
}

/// One file of several, and what writes it.
struct FileToWrite {
  std::filesystem::path path;
  std::function<void(std::ostream&)> write;
};

/// As write_atomically() for several files: all of them reach the disk, one after the other, before the first
/// takes its place.
inline void write_atomically(std::span<const FileToWrite> files) {
  std::deque<atomic_file_detail::StagedFile> staged;
  for (const FileToWrite& file : files) staged.emplace_back(file.path, file.write);
  for (auto& file : staged) file.put_in_place();
}

}  // namespace drnet::inline DRNET_ISA
