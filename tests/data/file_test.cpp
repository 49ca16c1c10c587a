// Files as data sets read them: whole, and refused before memory is asked for where they are absurdly large.
#include <drnet/data/cifar10.hpp>
#include <drnet/data/file.hpp>

#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <filesystem>
#include <string>

TEST_CASE("A file that is larger than any of a data set is refused before it is read", "[file]") {
  const support::TempDir folder;
  const auto path = folder.write("test_batch.bin", "");
  std::filesystem::resize_file(path, drnet::kMaxFileBytes + 1);  // a hole: it takes no room
  const std::string limit = "expected at most " + std::to_string(drnet::kMaxFileBytes) + " bytes";
  CHECK_THROWS_WITH(drnet::read_file(path), support::contains(limit));
  CHECK_THROWS_WITH(drnet::read_lines(path), support::contains(limit));
  CHECK_THROWS_WITH(drnet::Cifar10(folder.path(), drnet::Split::test),
                    support::contains("test_batch.bin: " + limit));
}

TEST_CASE("The lines of a file keep their numbers", "[file]") {
  const support::TempDir folder;
  const auto lines = drnet::read_lines(folder.write("list.txt", "\n one \r\n\t\nlast"));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].number == 2);
  CHECK(lines[0].text == " one");
  CHECK(lines[1].number == 4);
  CHECK(lines[1].text == "last");
}
