// The safetensors container: what a file may hold, and one case for every way in which it can be broken.
#include <drnet/io/safetensors.hpp>
#include <support/catch.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace {

using drnet::DType;
using drnet::NamedTensor;
using drnet::SafeTensors;

/// The bytes of a file with this header and so many zero bytes of data.
std::string file_of(const std::string& header, std::size_t data, std::uint64_t length) {
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + std::string(data, '\0');
}
std::string file_of(const std::string& header, std::size_t data) {
  return file_of(header, data, header.size());
}

/// A header entry.
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + shape + R"(],"data_offsets":[)" +
         offsets + "]}";
}

/// A header of these entries.
std::string object(std::initializer_list<std::string> entries) {
  return std::string("{").append(drnet::join(std::vector<std::string>(entries), ",")).append("}");
}

/// Reading these bytes throws an Error that names the file and contains `words`.
void check_fails(const std::string& bytes, const std::string& words) {
  const support::TempDir folder;
  const auto path = folder.write("broken.safetensors", bytes);
  std::string message = "no error";
  try {
    (void)SafeTensors::read(path);
  } catch (const drnet::Error& error) {
    message = error.what();
    CHECK(error.place().find(path.string()) == 0);
  }
  CHECK_THAT(message, support::contains(words));
}

const std::string kPair = object({entry("a", "F32", "2,3", "0,24"), entry("b", "U8", "5", "24,29")});

}  // namespace

TEST_CASE("safetensors round trip", "[safetensors]") {
  const support::TempDir folder;
  const std::vector<std::uint8_t> bytes{1, 2, 255};
  const std::vector<float> floats{1.5F, -0.0F, std::numeric_limits<float>::infinity(), 1e-45F};
  const std::vector<double> doubles{0.1, -2e300};
  const std::vector<std::int64_t> integers{std::numeric_limits<std::int64_t>::min(), 7};
  const std::vector<float> none;
  const std::vector<NamedTensor> tensors{
      drnet::named_tensor<std::uint8_t>("bytes", {3}, bytes),
      drnet::named_tensor<float>("net/w \"é\"", {2, 2}, floats),
      drnet::named_tensor<double>("doubles", {2, 1}, doubles),
      drnet::named_tensor<std::int64_t>("n", {2}, integers),
      drnet::named_tensor<float>("none", {4, 0, 2}, none),
      drnet::named_tensor<float>("scalar", {}, std::span(floats).first(1))};
  const std::map<std::string, std::string> metadata{{"format", "pt"}, {"note", "line\nbreak"}};
  const auto path = folder / "all.safetensors";
  drnet::write_safetensors(path, tensors, metadata);
  CHECK(folder.entries() == 1);

  const SafeTensors file = SafeTensors::read(path);
  CHECK(file.metadata() == metadata);
  CHECK(file.names().size() == tensors.size());
  for (const NamedTensor& tensor : tensors) {
    INFO(tensor.name);
    REQUIRE(file.contains(tensor.name));
    CHECK(file.info(tensor.name).shape == tensor.shape);
    CHECK(file.info(tensor.name).dtype == tensor.dtype);
    CHECK(file.info(tensor.name).begin % static_cast<std::size_t>(drnet::bytes_of(tensor.dtype)) == 0);
    const auto read = file.bytes(tensor.name);
    CHECK(std::equal(read.begin(), read.end(), tensor.bytes.begin(), tensor.bytes.end()));
  }
  CHECK(file.values<std::uint8_t>("bytes") == bytes);
  CHECK(file.values<std::int64_t>("n") == integers);
  CHECK(file.values<double>("doubles") == doubles);
  CHECK(file.values<float>("scalar") == std::vector<float>{1.5F});
  CHECK(file.values<float>("none").empty());
}

TEST_CASE("safetensors converts between the two floating types only", "[safetensors]") {
  const support::TempDir folder;
  const std::vector<double> doubles{0.1, 1.0 / 3};
  const std::vector<float> floats{0.1F, -3.25F};
  const std::vector<std::int64_t> integers{1};
  const std::vector<NamedTensor> tensors{drnet::named_tensor<double>("d", {2}, doubles),
                                         drnet::named_tensor<float>("f", {2}, floats),
                                         drnet::named_tensor<std::int64_t>("i", {1}, integers)};
  drnet::write_safetensors(folder / "x", tensors);
  const SafeTensors file = SafeTensors::read(folder / "x");
  CHECK(file.values<float>("d") == std::vector<float>{0.1F, static_cast<float>(1.0 / 3)});
  CHECK(file.values<double>("f") == std::vector<double>{static_cast<double>(0.1F), -3.25});
  CHECK_THROWS_AS(file.values<float>("i"), drnet::Error);
  CHECK_THROWS_AS(file.values<std::int64_t>("f"), drnet::Error);
  CHECK_THROWS_AS(file.values<std::int32_t>("i"), drnet::Error);
  CHECK_THROWS_AS(file.values<std::uint64_t>("i"), drnet::Error);
  CHECK_THROWS_AS(file.values<float>("absent"), drnet::Error);
  CHECK_THROWS_AS(file.bytes("absent"), drnet::Error);
  CHECK(!file.contains("absent"));
}

TEST_CASE("safetensors names every dtype of the format", "[safetensors]") {
  for (const char* name : {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "U16", "I16", "F16", "BF16", "U32",
                           "I32", "F32", "U64", "I64", "F64"}) {
    INFO(name);
    const support::TempDir folder;
    const std::size_t bytes = std::string(name).find("64") != std::string::npos   ? 8
                              : std::string(name).find("32") != std::string::npos ? 4
                              : std::string(name).find("16") != std::string::npos ? 2
                                                                                  : 1;
    const auto path = folder.write(
        "x", file_of(object({entry("t", name, "3", "0," + std::to_string(3 * bytes))}), 3 * bytes));
    const SafeTensors file = SafeTensors::read(path);
    CHECK(drnet::name_of(file.info("t").dtype) == name);
    CHECK(file.bytes("t").size() == 3 * bytes);
  }
  STATIC_REQUIRE(drnet::dtype_of<float>() == DType::f32);
  STATIC_REQUIRE(drnet::dtype_of<std::int64_t>() == DType::i64);
  STATIC_REQUIRE(drnet::dtype_of<std::uint8_t>() == DType::u8);
  STATIC_REQUIRE(!drnet::TensorElement<bool>);
}

TEST_CASE("safetensors accepts what the format allows", "[safetensors]") {
  const support::TempDir folder;
  const SafeTensors pair = SafeTensors::read(folder.write("pair", file_of(kPair + "   ", 29)));
  CHECK(pair.names() == std::vector<std::string>{"a", "b"});
  CHECK(SafeTensors::read(folder.write("none", file_of("{}", 0))).names().empty());
  const auto swapped = object({entry("z", "U8", "5", "24,29"), entry("y", "F32", "6", "0,24")});
  CHECK(SafeTensors::read(folder.write("swapped", file_of(swapped, 29))).names() ==
        std::vector<std::string>{"y", "z"});
}

TEST_CASE("safetensors refuses files of a wrong length", "[safetensors]") {
  check_fails("", "got 0 bytes");
  check_fails("1234567", "got 7 bytes");
  check_fails(file_of(kPair, 28), "truncated");
  check_fails(file_of(kPair, 0), "truncated");
  check_fails(file_of(kPair, 30), "1 trailing bytes");
  check_fails(file_of("{}", 1), "1 trailing bytes");
  check_fails(file_of("{}", 0, 3), "a header inside the file");
  check_fails(file_of("{}", 0, 100'000'001), "at most 100 MB");
  check_fails(file_of("{}", 0, ~std::uint64_t{0}), "at most 100 MB");
}

TEST_CASE("safetensors refuses headers that are not its JSON", "[safetensors]") {
  check_fails(file_of("", 0), "a JSON object");
  check_fails(file_of("[]", 0), "a JSON object");
  check_fails(file_of(" {}", 0), "a JSON object");
  check_fails(file_of("{\"a\":", 0), "a JSON object");
  check_fails(file_of("{}{}", 0), "a JSON object");
  check_fails(file_of("{\"\xff\":1}", 0), "a JSON object");
  check_fails(file_of(R"({"a":1})", 0), "an entry with dtype");
  check_fails(file_of(R"({"a":{"dtype":"F32","shape":[]}})", 0), "an entry with dtype");
  check_fails(file_of(R"({"a":{"dtype":1,"shape":[],"data_offsets":[0,4]}})", 4), "an entry with dtype");
  check_fails(file_of(R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8), "an entry with dtype");
  check_fails(file_of(R"({"__metadata__":{"a":1}})", 0), "text for 'a'");
  check_fails(file_of(R"({"__metadata__":[]})", 0), "an object of texts");
  check_fails(file_of("{\"a\":" + std::string(100'000, '['), 0), "a JSON object");
}

TEST_CASE("safetensors refuses duplicate names", "[safetensors]") {
  check_fails(file_of(object({entry("a", "U8", "1", "0,1"), entry("a", "U8", "1", "1,2")}), 2), "'a' twice");
  check_fails(file_of(object({entry("a", "U8", "1", "0,1"), entry("\\u0061", "U8", "1", "0,1")}), 1),
              "'a' twice");
  check_fails(file_of(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
              "'dtype' twice");
  check_fails(file_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "'k' twice");
}

TEST_CASE("safetensors refuses bad dtypes and shapes", "[safetensors]") {
  check_fails(file_of(object({entry("a", "F33", "1", "0,4")}), 4), "'F33'");
  check_fails(file_of(object({entry("a", "f32", "1", "0,4")}), 4), "'f32'");
  check_fails(file_of(object({entry("a", "F32", "-1", "0,4")}), 4), "shape entries from 0");
  check_fails(file_of(object({entry("a", "F32", "1.0", "0,4")}), 4), "shape entries from 0");
  check_fails(file_of(object({entry("a", "F32", "9223372036854775808", "0,4")}), 4), "shape entries from 0");
  check_fails(file_of(object({entry("a", "F32", "99999999999999999999999", "0,4")}), 4),
              "shape entries from 0");
  check_fails(file_of(object({entry("a", "U8", "4294967296,4294967296", "0,0")}), 0), "less than 2^63 bytes");
  check_fails(file_of(object({entry("a", "F64", "2305843009213693952", "0,0")}), 0), "less than 2^63 bytes");
  check_fails(file_of(object({entry("a", "F32", "2,3", "0,20")}), 20), "24 bytes for [2, 3] F32");
}

TEST_CASE("safetensors refuses bad offsets", "[safetensors]") {
  const auto two = [](const std::string& first, const std::string& second) {
    return object({entry("a", "U8", "4", first), entry("b", "U8", "4", second)});
  };
  check_fails(file_of(two("0,4", "2,6"), 6), "an overlap");
  check_fails(file_of(two("0,4", "0,4"), 4), "an overlap");
  check_fails(file_of(two("0,4", "5,9"), 9), "a gap");
  check_fails(file_of(two("1,5", "5,9"), 9), "a gap");
  check_fails(file_of(two("0,4", "4,8"), 7), "data inside the buffer of 7 bytes");
  check_fails(file_of(two("4,0", "4,8"), 8), "ascending order");
  check_fails(file_of(two("-4,0", "0,4"), 4), "data_offsets from 0");
  check_fails(file_of(two("0,4,8", "4,8"), 8), "two data_offsets");
  check_fails(file_of(object({entry("a", "U8", "9223372036854775807", "0,9223372036854775807")}), 8),
              "truncated");
}

TEST_CASE("safetensors says why a file cannot be opened", "[safetensors]") {
  const support::TempDir folder;
  const auto file = folder.write("file", "");
  CHECK_THROWS_AS(SafeTensors::read(folder / "missing"), drnet::Error);
  CHECK_THROWS_AS(SafeTensors::read(folder.path()), drnet::Error);
  CHECK_THROWS_AS(SafeTensors::read(file / "under-a-file"), drnet::Error);
  CHECK_THROWS_AS(SafeTensors::read("/dev/null"), drnet::Error);
  CHECK_THROWS_AS(SafeTensors::read(""), drnet::Error);
}

TEST_CASE("safetensors refuses to write what it would not read", "[safetensors]") {
  const support::TempDir folder;
  const std::vector<float> values(6);
  const auto refuses = [&](const std::vector<NamedTensor>& tensors) {
    CHECK_THROWS_AS(drnet::write_safetensors(folder / "x", tensors), drnet::Error);
    CHECK(folder.entries() == 0);
  };
  refuses({drnet::named_tensor<float>("a", {2, 4}, values)});
  refuses({drnet::named_tensor<float>("a", {-2, -3}, values)});
  refuses({drnet::named_tensor<float>("a", {6}, values), drnet::named_tensor<float>("a", {6}, values)});
  refuses({drnet::named_tensor<float>("__metadata__", {6}, values)});
  refuses({drnet::named_tensor<float>("\xff", {6}, values)});
  const std::vector<NamedTensor> good{drnet::named_tensor<float>("a", {6}, values)};
  CHECK_THROWS_AS(drnet::write_safetensors(folder / "x", good, {{"k", "\xff"}}), drnet::Error);
  CHECK_THROWS_AS(drnet::write_safetensors(folder.path() / "no" / "x", good), drnet::Error);
  CHECK_THROWS_AS(drnet::write_safetensors(folder.write("file", "") / "x", good), drnet::Error);
}

TEST_CASE("safetensors survives every cut and every changed byte of a file", "[safetensors]") {
  const support::TempDir folder;
  const std::string whole = file_of(kPair, 29);
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_THROWS_AS(SafeTensors::read(folder.write("cut", whole.substr(0, length))), drnet::Error);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ change);
      bool failed = false;
      try {
        (void)SafeTensors::read(folder.write("changed", changed));
      } catch (const drnet::Error&) {
        failed = true;
      }
      // Data bytes may be anything; so may most letters of a name.
      if (at < 8) CHECK(failed);
      if (at >= whole.size() - 29) CHECK(!failed);
    }
}

TEST_CASE("safetensors reads published weights", "[safetensors]") {
  const auto weights = support::reference_or_skip("weights");
  if (!weights) return;
  const SafeTensors resnet = SafeTensors::read(*weights / "resnet20_cifar10.safetensors");
  CHECK(resnet.info("conv1.weight").shape == std::vector<std::int64_t>{16, 3, 3, 3});
  const SafeTensors mobilenet = SafeTensors::read(*weights / "mobilenet_v2_imagenet.safetensors");
  CHECK(mobilenet.info("features.0.0.weight").shape == std::vector<std::int64_t>{32, 3, 3, 3});
  CHECK(support::largest_magnitude(mobilenet.values<float>("features.0.0.weight")) > 0);
}

TEST_CASE("Numbers of 16 bits: known values of both formats") {
  const support::TempDir folder;
  const auto path = folder / "half.safetensors";
  // 1, -2, the largest half, the smallest subnormal half, infinity; 1, -2, 3.140625, 2^-126, infinity.
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00},
      brain{0x3F80, 0xC000, 0x4049, 0x0080, 0x7F80};
  const auto view = [](const char* name, DType dtype, const std::vector<std::uint16_t>& bits) {
    return NamedTensor{name, dtype, {5}, std::as_bytes(std::span<const std::uint16_t>(bits))};
  };
  const std::vector<NamedTensor> views{view("half", DType::f16, half), view("brain", DType::bf16, brain)};
  drnet::write_safetensors(path, views);
  const SafeTensors file = SafeTensors::read(path);
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(file.values<float>("half") == std::vector<float>{1, -2, 65504, 0x1p-24F, inf});
  CHECK(file.values<double>("half") == std::vector<double>{1, -2, 65504, 0x1p-24, double(inf)});
  CHECK(file.values<float>("brain") == std::vector<float>{1, -2, 3.140625F, 0x1p-126F, inf});
  CHECK_THROWS_AS(file.values<std::int16_t>("half"), drnet::Error);
}

TEST_CASE("A file that is larger than any network is refused before it is read") {
  const support::TempDir folder;
  const auto path = folder.write("giant.safetensors",
                                 file_of(object({entry("w", "F32", "34359738368", "0,137438953472")}), 0));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + (std::uintmax_t{1} << 37));  // a hole
  CHECK_THROWS_WITH(SafeTensors::read(path), support::contains("expected at most 8589934592 bytes"));
}
