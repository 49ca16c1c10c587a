// Reading files: whole, whatever their size, and with the reason when that fails.
#include <drnet/io/read_file.hpp>
#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

std::string failure(const std::filesystem::path& path) {
  try {
    (void)drnet::read_text(path);
    return "no error";
  } catch (const drnet::Error& error) {
    CHECK(error.place() == path.string());
    return error.what();
  }
}

}  // namespace

TEST_CASE("files are read whole", "[read_file]") {
  const support::TempDir folder;
  for (const std::size_t size : {0u, 1u, 65'535u, 65'536u, 65'537u, 200'000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    const auto path = folder.write("x", bytes);
    CHECK((drnet::read_text(path) == bytes));
    std::ifstream file = drnet::open_file(path);
    CHECK(drnet::file_bytes(file, path) == size);
    CHECK(file.peek() == (size == 0 ? std::ifstream::traits_type::eof() : 0));
  }
}

TEST_CASE("files say why they cannot be read", "[read_file]") {
  const support::TempDir folder;
  CHECK_THAT(failure(folder / "missing"), support::contains("No such file"));
  CHECK_THAT(failure(folder.path()), support::contains("a folder"));
  CHECK_THAT(failure("/dev/null"), support::contains("a special file"));
  CHECK_THAT(failure(folder.write("file", "") / "x"), support::contains("expected an existing file"));
  // A regular file of Linux whose first byte cannot be read.
  if (std::filesystem::exists("/proc/self/mem"))
    CHECK_THAT(failure("/proc/self/mem"), support::contains("a read error"));
}
