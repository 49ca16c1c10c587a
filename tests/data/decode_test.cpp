// JPEG and PNG decoding: every kind of sample, and every kind of damage.
#include <drnet/data/decode.hpp>

#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include "pictures.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

drnet::Image decode(const std::string& text) {
  return drnet::decode(bytes_of(text), "a.jpg");
}

/// What the error says that decoding `text` throws; empty when it does not throw.
std::string error_of(const std::string& text) {
  try {
    (void)decode(text);
  } catch (const drnet::Error& e) {
    CHECK(e.place() == "a.jpg");
    return e.what();
  }
  return {};
}

void check_near(const drnet::Image& a, const drnet::Image& b, int tolerance) {
  REQUIRE(a.height == b.height);
  REQUIRE(a.width == b.width);
  REQUIRE(a.channels == b.channels);
  REQUIRE(a.pixels.size() == b.pixels.size());
  int worst = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  CHECK(worst <= tolerance);
}

}  // namespace

TEST_CASE("JPEG: grey and colour, baseline and progressive", "[decode]") {
  for (const int channels : {1, 3})
    for (const bool progressive : {false, true}) {
      const auto image = support::gradient(37, 53, channels);
      check_near(decode(support::encode_jpeg(image, progressive)), image, 6);
    }
}

TEST_CASE("JPEG: CMYK becomes RGB", "[decode]") {
  drnet::Image ink{8, 8, 4, {}};
  for (int i = 0; i < 64; ++i) ink.pixels.insert(ink.pixels.end(), {255, 128, 0, 255});
  // libjpeg marks CMYK as Adobe's, whose samples are inverted ink.
  const auto image = decode(support::encode_jpeg(ink, false, 100));
  REQUIRE(image.channels == 3);
  REQUIRE(image.pixels.size() == 8 * 8 * 3);
  CHECK(std::abs(image.at(4, 4, 0) - 255) <= 3);
  CHECK(std::abs(image.at(4, 4, 1) - 128) <= 3);
  CHECK(std::abs(image.at(4, 4, 2) - 0) <= 3);
}

TEST_CASE("CMYK samples mean ink, or light where they are inverted", "[decode]") {
  const std::vector<std::uint8_t> cmyk{0, 255, 51, 0, 0, 0, 0, 255};
  CHECK(drnet::cmyk_to_rgb(cmyk, false) == std::vector<std::uint8_t>{255, 0, 204, 0, 0, 0});
  CHECK(drnet::cmyk_to_rgb(cmyk, true) == std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0});
}

TEST_CASE("PNG: grey and colour come back to the bit", "[decode]") {
  for (const int channels : {1, 3}) {
    const auto image = support::gradient(19, 23, channels);
    check_near(decode(support::encode_png(image)), image, 0);
  }
}

TEST_CASE("PNG: palettes, alpha, 16 and 1 bit", "[decode]") {
  const auto palette =
      decode(support::encode_png(1, 3, PNG_COLOR_TYPE_PALETTE, 8, {1, 0, 1}, {{10, 20, 30}, {40, 50, 60}}));
  CHECK(palette.channels == 3);
  CHECK(palette.pixels == std::vector<std::uint8_t>{40, 50, 60, 10, 20, 30, 40, 50, 60});

  const auto rgba =
      decode(support::encode_png(1, 2, PNG_COLOR_TYPE_RGB_ALPHA, 8, {1, 2, 3, 0, 4, 5, 6, 128}));
  CHECK(rgba.channels == 3);
  CHECK(rgba.pixels == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});

  const auto grey_alpha = decode(support::encode_png(1, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, {7, 0, 9, 255}));
  CHECK(grey_alpha.channels == 1);
  CHECK(grey_alpha.pixels == std::vector<std::uint8_t>{7, 9});

  const auto deep = decode(support::encode_png(1, 3, PNG_COLOR_TYPE_GRAY, 16, {0, 0, 128, 128, 255, 255}));
  CHECK(deep.channels == 1);
  CHECK(deep.pixels == std::vector<std::uint8_t>{0, 128, 255});

  const auto deep_rgb =
      decode(support::encode_png(1, 1, PNG_COLOR_TYPE_RGB, 16, {10, 10, 100, 100, 200, 200}));
  CHECK(deep_rgb.pixels == std::vector<std::uint8_t>{10, 100, 200});

  const auto bits = decode(support::encode_png(1, 8, PNG_COLOR_TYPE_GRAY, 1, {0b10100000}));
  CHECK(bits.pixels == std::vector<std::uint8_t>{255, 0, 255, 0, 0, 0, 0, 0});
}

TEST_CASE("one pixel, and 20,000 x 1", "[decode]") {
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(20000, 1), std::pair(1, 20000)}) {
    const auto image = support::gradient(height, width, 3);
    check_near(decode(support::encode_png(image)), image, 0);
    check_near(decode(support::encode_jpeg(image)), image, 12);
  }
}

TEST_CASE("a picture cut short is an error at every length, never grey rows", "[decode]") {
  const auto image = support::gradient(48, 40, 3);
  for (const std::string& whole :
       {support::encode_jpeg(image), support::encode_jpeg(image, true), support::encode_png(image)}) {
    REQUIRE(error_of(whole).empty());
    const bool png = whole[0] != '\xFF';
    const std::size_t end = whole.size() - (png ? 12 : 0);  // without IEND all pixels of a PNG are there
    for (std::size_t length = 0; length < end; ++length) {
      INFO(length << " of " << whole.size() << " bytes");
      REQUIRE(!error_of(whole.substr(0, length)).empty());
    }
  }
}

TEST_CASE("damaged bytes give a picture or an error, nothing else", "[decode]") {
  const auto image = support::gradient(16, 16, 3);
  int errors = 0;
  for (const std::string& whole : {support::encode_jpeg(image, true), support::encode_png(image)})
    for (std::size_t i = 0; i < whole.size(); ++i)
      for (const char flip : {'\x01', '\x80', '\xFF'}) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        errors += error_of(damaged).empty() ? 0 : 1;
      }
  CHECK(errors > 100);
}

TEST_CASE("text, and absurd sizes, are named in the error", "[decode]") {
  CHECK_THAT(error_of("hello world"), support::contains("JPEG or PNG"));
  CHECK_THAT(error_of("hello world"), support::contains("68 65 6c 6c 6f"));
  CHECK_THAT(error_of(""), support::contains("no bytes"));

  std::string huge = support::encode_jpeg(support::gradient(8, 8, 1));
  const std::size_t frame = huge.find("\xFF\xC0");  // FFC0, length, precision, height, width
  REQUIRE(frame != std::string::npos);
  huge.replace(frame + 5, 4, "\xFF\x00\xFF\x00", 4);
  CHECK_THAT(error_of(huge), support::contains("65280 x 65280"));
}

TEST_CASE("read_image names the file", "[decode]") {
  const support::TempDir folder;
  const auto good = folder.write("good.png", support::encode_png(support::gradient(4, 5, 1)));
  CHECK(drnet::read_image(good).width == 5);
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      (void)drnet::read_image(path);
    } catch (const drnet::Error& e) {
      return e.what();
    }
    return {};
  };
  CHECK_THAT(message(folder / "absent.jpg"), support::contains("absent.jpg"));
  CHECK_THAT(message(folder.write("empty.jpg", "")), support::contains("empty.jpg: expected content"));
  CHECK_THAT(message(folder.write("text.jpg", "not a picture")),
             support::contains("text.jpg: expected a JPEG"));
  CHECK_THAT(message(folder.path()), support::contains("a folder"));
}
