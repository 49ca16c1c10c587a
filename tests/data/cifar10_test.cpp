// CIFAR-10 files: what is read, and what is refused.
#include <drnet/data/cifar10.hpp>

#include <support/catch.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include <initializer_list>
#include <string>
#include <tuple>

namespace {

using drnet::Cifar10, drnet::Split;

/// Records with the labels given; sample i of a record is i mod 251 plus its label.
std::string records(std::initializer_list<int> labels) {
  std::string bytes;
  for (const int label : labels) {
    bytes += static_cast<char>(label);
    for (int i = 0; i < 3072; ++i) bytes += static_cast<char>(i % 251 + label);
  }
  return bytes;
}

std::string error_of(const support::TempDir& folder, Split split) {
  try {
    const Cifar10 set(folder.path(), split);
  } catch (const drnet::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("CIFAR-10: records become pictures, in the order of the batches", "[cifar10]") {
  const support::TempDir folder;
  folder.write("data_batch_10.bin", records({4}));
  folder.write("data_batch_9.bin", records({3, 7}));
  const Cifar10 set(folder.path(), Split::train);
  REQUIRE(set.size() == 3);
  CHECK(set.class_names().size() == 10);
  CHECK(set.class_names()[3] == "cat");
  CHECK(set.label(0) == 3);
  CHECK(set.label(1) == 7);
  CHECK(set.label(2) == 4);
  CHECK(set.describe(1) == "record 1 of data_batch_9.bin");
  CHECK(set.describe(2) == "record 0 of data_batch_10.bin");
  const auto image = set.image(1);
  REQUIRE(image.height == 32);
  REQUIRE(image.width == 32);
  REQUIRE(image.channels == 3);
  for (const auto& [y, x, c] : {std::tuple(0, 0, 0), std::tuple(5, 9, 1), std::tuple(31, 31, 2)})
    CHECK(image.at(y, x, c) == (c * 1024 + y * 32 + x) % 251 + 7);
  CHECK_THROWS_AS(set.label(3), drnet::Error);
  CHECK_THROWS_AS(set.image(3), drnet::Error);
  CHECK_THROWS_AS(set.describe(3), drnet::Error);
}

TEST_CASE("CIFAR-10: the test file alone serves for testing, not for training", "[cifar10]") {
  const support::TempDir folder;
  folder.write("test_batch.bin", records({1}));
  folder.write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  const Cifar10 set(folder.path(), Split::test);
  CHECK(set.size() == 1);
  CHECK(set.class_names()[9] == "j");
  CHECK_THAT(error_of(folder, Split::train), support::contains("data_batch_1.bin"));
}

TEST_CASE("CIFAR-10: what is wrong is named", "[cifar10]") {
  const support::TempDir folder;
  CHECK_THAT(error_of(folder, Split::test),
             support::contains("test_batch.bin: expected a file, got nothing there"));
  folder.write("test_batch.bin", "");
  CHECK_THAT(error_of(folder, Split::test), support::contains("an empty file"));
  folder.write("test_batch.bin", records({1, 2}).substr(0, 4000));
  CHECK_THAT(error_of(folder, Split::test), support::contains("1 records and 927 bytes"));
  folder.write("test_batch.bin", records({1}) + "x");
  CHECK_THAT(error_of(folder, Split::test), support::contains("1 records and 1 bytes"));
  folder.write("test_batch.bin", records({1, 10}));
  CHECK_THAT(error_of(folder, Split::test),
             support::contains("record 1: expected a label from 0 to 9, got 10"));
  folder.write("test_batch.bin", records({1}));
  folder.write("batches.meta.txt", "a\nb\n");
  CHECK_THAT(error_of(folder, Split::test), support::contains("10 class names"));
  CHECK_THROWS_AS(Cifar10(folder / "absent", Split::test), drnet::Error);
  CHECK_THROWS_AS(Cifar10(folder / "test_batch.bin", Split::test), drnet::Error);
}

TEST_CASE("CIFAR-10: the real files", "[cifar10]") {
  const auto data = support::reference_or_skip("data");
  if (!data) return;
  const Cifar10 set(*data / "cifar10", Split::test);
  CHECK(set.size() > 0);
  for (std::size_t i = 0; i < set.size(); i += 97) {
    CHECK(set.label(i) < 10);
    CHECK(set.image(i).pixels.size() == 3072);
  }
}
