// IDX files (MNIST): what is read, and what is refused.
#include <drnet/data/idx.hpp>

#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>

namespace {

using drnet::Idx, drnet::Split;

std::string words(std::initializer_list<std::uint32_t> values) {
  std::string bytes;
  for (const std::uint32_t v : values)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(v >> shift & 0xFFU);
  return bytes;
}

const std::string kTwoPictures = words({0x803, 2, 2, 3}) + std::string("\1\2\3\4\5\6\7\10\11\12\13\14", 12);
const std::string kTwoLabels = words({0x801, 2}) + std::string("\7\0", 2);

/// The error of a training set of these two files; empty when there is none.
std::string error_of(const std::string& images, const std::string& labels) {
  const support::TempDir folder;
  folder.write("train-images-idx3-ubyte", images);
  folder.write("train-labels-idx1-ubyte", labels);
  try {
    const Idx set(folder.path(), Split::train);
  } catch (const drnet::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("IDX: pictures and labels", "[idx]") {
  const support::TempDir folder;
  folder.write("t10k-images-idx3-ubyte", kTwoPictures);
  folder.write("t10k-labels-idx1-ubyte", kTwoLabels);
  const Idx set(folder.path(), Split::test);
  REQUIRE(set.size() == 2);
  CHECK(set.class_names().size() == 10);
  CHECK(set.class_names()[7] == "7");
  CHECK(set.label(0) == 7);
  CHECK(set.label(1) == 0);
  CHECK(set.describe(1) == "record 1 of t10k-images-idx3-ubyte");
  const auto image = set.image(1);
  CHECK(image.height == 2);
  CHECK(image.width == 3);
  CHECK(image.channels == 1);
  CHECK(image.pixels == std::vector<std::uint8_t>{7, 8, 9, 10, 11, 12});
  CHECK_THROWS_AS(set.image(2), drnet::Error);
  CHECK_THROWS_AS(Idx(folder.path(), Split::train), drnet::Error);
  CHECK_THROWS_AS(Idx(folder / "absent", Split::test), drnet::Error);
}

TEST_CASE("IDX: a set with more than ten classes", "[idx]") {
  const support::TempDir folder;
  folder.write("train-images-idx3-ubyte", words({0x803, 1, 1, 1}) + "x");
  folder.write("train-labels-idx1-ubyte", words({0x801, 1}) + "\x1A");
  CHECK(Idx(folder.path(), Split::train).class_names().size() == 27);
}

TEST_CASE("IDX: what is wrong is named", "[idx]") {
  using support::contains;
  REQUIRE(error_of(kTwoPictures, kTwoLabels).empty());
  CHECK_THAT(error_of("", kTwoLabels), contains("an empty file"));
  CHECK_THAT(error_of(words({0x803, 2}), kTwoLabels), contains("a header of 16 bytes"));
  CHECK_THAT(error_of(kTwoLabels + kTwoLabels, kTwoLabels), contains("expected magic number 2051, got 2049"));
  CHECK_THAT(error_of(kTwoPictures.substr(0, 27), kTwoLabels),
             contains("expected 12 bytes after the header"));
  CHECK_THAT(error_of(kTwoPictures + "x", kTwoLabels), contains("(2 x 2 x 3), got 13"));
  CHECK_THAT(error_of(words({0x803, 0, 2, 3}), kTwoLabels), contains("extent 0"));
  CHECK_THAT(error_of(words({0x803, 2, 0, 3}), kTwoLabels), contains("extent 1"));
  CHECK_THAT(error_of(words({0x803, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}), kTwoLabels), contains("extent 1"));
  CHECK_THAT(error_of(kTwoPictures, words({0x801, 1}) + "\1"), contains("2 labels"));
  CHECK_THAT(error_of(words({0x803, 1, 1, 70000}) + std::string(70000, 'x'), words({0x801, 1}) + "\1"),
             contains("sides up to 65535"));
}
