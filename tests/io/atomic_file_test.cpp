// Atomic writing: whole files, and nothing changed or left behind when something fails.
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/read_file.hpp>
#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void write_text(const std::filesystem::path& path, const std::string& text) {
  drnet::write_atomically(path, [&](std::ostream& file) { file << text; });
}

/// The message of the Error that writing to `path` throws.
std::string failure(const std::filesystem::path& path) {
  try {
    write_text(path, "text");
    return "no error";
  } catch (const drnet::Error& error) {
    CHECK(error.place() == path.string());
    return error.what();
  }
}

/// While it lives, files cannot grow beyond `bytes`: the same failing write() as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("atomic files are created and replaced", "[atomic_file]") {
  const support::TempDir folder;
  write_text(folder / "a", std::string("x\0y", 3));
  CHECK(drnet::read_text(folder / "a") == std::string("x\0y", 3));
  write_text(folder / "a", "");
  CHECK(drnet::read_text(folder / "a").empty());
  CHECK(folder.entries() == 1);
}

TEST_CASE("atomic files are written relative to the current folder", "[atomic_file]") {
  const support::TempDir folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_text("here", "text");
  std::filesystem::current_path(before);
  CHECK(drnet::read_text(folder / "here") == "text");
}

TEST_CASE("atomic files follow symbolic links", "[atomic_file]") {
  const support::TempDir folder;
  const auto target = folder.write("target", "old");
  std::filesystem::create_symlink("target", folder / "link");
  write_text(folder / "link", "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(drnet::read_text(target) == "new");
}

TEST_CASE("atomic files keep the permissions of the file that they replace", "[atomic_file]") {
  using std::filesystem::perms;
  const support::TempDir folder;
  const auto path = folder.write("secret", "old");
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write);
  write_text(path, "new");
  CHECK(drnet::read_text(path) == "new");
  CHECK((std::filesystem::status(path).permissions() == (perms::owner_read | perms::owner_write)));
}

TEST_CASE("atomic files say why they cannot be written", "[atomic_file]") {
  const support::TempDir folder;
  const auto file = folder.write("file", "kept");
  CHECK_THAT(failure(folder.path() / "no" / "x"), support::contains("No such file or directory"));
  CHECK_THAT(failure(file / "x"), support::contains("Not a directory"));
  CHECK_THAT(failure(folder.path()), support::contains("a folder or special file"));
  CHECK_THAT(failure("/dev/null"), support::contains("a folder or special file"));
  CHECK_THAT(failure(folder / std::string(300, 'n')), support::contains("File name too long"));
  CHECK_THAT(failure(""), support::contains("expected"));
  CHECK(drnet::read_text(file) == "kept");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a full disk leaves the old file", "[atomic_file]") {
  const support::TempDir folder;
  const auto path = folder.write("a", "kept");
  std::string message = "no error";
  {
    const FileSizeLimit limit(10'000);
    try {
      write_text(path, std::string(100'000, 'x'));
    } catch (const drnet::Error& error) {
      message = error.what();
    }
  }
  CHECK_THAT(message, support::contains("File too large"));
  CHECK(drnet::read_text(path) == "kept");
  CHECK(folder.entries() == 1);
}

TEST_CASE("an exception of the writer leaves the old file", "[atomic_file]") {
  const support::TempDir folder;
  const auto path = folder.write("a", "kept");
  const auto failing = [](std::ostream& file) {
    file << "half";
    throw std::logic_error("stop");
  };
  CHECK_THROWS_AS(drnet::write_atomically(path, failing), std::logic_error);
  CHECK(drnet::read_text(path) == "kept");
  CHECK(folder.entries() == 1);
}

TEST_CASE("several atomic files are written together", "[atomic_file]") {
  const support::TempDir folder;
  folder.write("a", "old");
  const std::vector<drnet::FileToWrite> files{{folder / "a", [](std::ostream& file) { file << "1"; }},
                                              {folder / "b", [](std::ostream& file) { file << "2"; }}};
  drnet::write_atomically(files);
  CHECK(drnet::read_text(folder / "a") == "1");
  CHECK(drnet::read_text(folder / "b") == "2");
  CHECK(folder.entries() == 2);
}

TEST_CASE("of several atomic files none is written where one cannot be", "[atomic_file]") {
  const support::TempDir folder;
  folder.write("a", "kept");
  const auto text = [](std::ostream& file) { file << "new"; };
  const std::vector<drnet::FileToWrite> no_folder{{folder / "a", text}, {folder / "no/b", text}};
  CHECK_THROWS_AS(drnet::write_atomically(no_folder), drnet::Error);
  const std::vector<drnet::FileToWrite> failing{
      {folder / "a", text}, {folder / "b", [](std::ostream&) { throw std::logic_error("stop"); }}};
  CHECK_THROWS_AS(drnet::write_atomically(failing), std::logic_error);
  CHECK(drnet::read_text(folder / "a") == "kept");
  CHECK(folder.entries() == 1);
}
