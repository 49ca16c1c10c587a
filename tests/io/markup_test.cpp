// Escaping, numbers, base64 and PNG bytes.
#include <drnet/io/markup.hpp>
#include <drnet/io/png.hpp>
#include <support/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#if defined(DRNET_WITH_IMAGE)
#include <png.h>
#endif

using namespace drnet::markup;

TEST_CASE("markup escapes what HTML and XML reserve", "[markup]") {
  CHECK(escape("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  CHECK(escape("é – 猫") == "é – 猫");
  CHECK(escape("</script><script>") == "&lt;/script&gt;&lt;script&gt;");
  CHECK(escape(std::string("a\0b\x1b", 4)) ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd");
  CHECK(escape("\xff") == "\xef\xbf\xbd");
  CHECK(escape("a\nb\tc") == "a\nb\tc");
}

TEST_CASE("markup fills in values", "[markup]") {
  CHECK(fill_in("<a b=\"{}\">{}</a>", {"1", "{}"}) == "<a b=\"1\">{}</a>");
  CHECK(fill_in("{}{}", {"", "x"}) == "x");
  CHECK(fill_in("", {}).empty());
  CHECK_THROWS_AS(fill_in("{}", {}), drnet::Error);
  CHECK_THROWS_AS(fill_in("{}", {"1", "2"}), drnet::Error);
}

TEST_CASE("markup shortens by characters", "[markup]") {
  CHECK(shorten("abcdef", 6) == "abcdef");
  CHECK(shorten("abcdef", 5) == "abcd…");
  CHECK(shorten("ééééé", 3) == "éé…");
  CHECK(shorten("", 3).empty());
}

TEST_CASE("markup numbers", "[markup]") {
  CHECK(number(1.25, 1) == "1.2");
  CHECK(number(-0.0, 2) == "0.00");
  CHECK(number(1234567, 0) == "1234567");
  CHECK(number(2.5e20, 1) == "2.5e+20");
  CHECK(number(std::numeric_limits<double>::max(), 20).size() < 40);
  CHECK(number(std::numeric_limits<double>::quiet_NaN(), 1) == "–");
  CHECK(number(-std::numeric_limits<double>::infinity(), 1) == "–");
  CHECK(significant(0, 3) == "0.00");
  CHECK(significant(12.345, 3) == "12.3");
  CHECK(significant(0.012345, 3) == "0.0123");
  CHECK(significant(123456, 3) == "123456");
}

TEST_CASE("base64 of RFC 4648", "[markup]") {
  const std::vector<std::pair<std::string, std::string>> vectors{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}};
  for (const auto& vector : vectors) {
    const std::vector<std::uint8_t> bytes(vector.first.begin(), vector.first.end());
    CHECK(to_base64(bytes) == vector.second);
    CHECK(from_base64(vector.second) == bytes);
  }
  std::vector<std::uint8_t> all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  CHECK(from_base64(to_base64(all)) == all);
  for (const char* wrong : {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9*", "Zm 9"})
    CHECK(!from_base64(wrong).has_value());
}

TEST_CASE("png refuses pictures whose bytes do not fit", "[png]") {
  const std::vector<std::uint8_t> pixels(12);
  CHECK_NOTHROW(drnet::to_png(2, 2, 3, pixels));
  CHECK_THROWS_AS(drnet::to_png(2, 3, 3, pixels), drnet::Error);
  CHECK_THROWS_AS(drnet::to_png(3, 1, 4, pixels), drnet::Error);
  CHECK_THROWS_AS(drnet::to_png(0, 2, 3, {}), drnet::Error);
  CHECK_THROWS_AS(drnet::to_png(-2, -2, 3, pixels), drnet::Error);
  CHECK_THROWS_AS(drnet::to_png(1 << 20, 1 << 20, 3, pixels), drnet::Error);
}

TEST_CASE("png checksums", "[png]") {
  // The check values of the CRC-32 and Adler-32 literature: "123456789" and "Wikipedia".
  const std::string digits = "123456789", wikipedia = "Wikipedia";
  CHECK(drnet::png_detail::crc32(std::vector<std::uint8_t>(digits.begin(), digits.end())) == 0xCBF43926);
  const auto stream =
      drnet::png_detail::stored_zlib(std::vector<std::uint8_t>(wikipedia.begin(), wikipedia.end()));
  CHECK(std::vector<std::uint8_t>(stream.end() - 4, stream.end()) ==
        std::vector<std::uint8_t>{0x11, 0xE6, 0x03, 0x98});
}

#if defined(DRNET_WITH_IMAGE)
TEST_CASE("png files are read back by libpng", "[png]") {
  for (const int channels : {1, 3})
    for (const int side : {1, 7, 300}) {  // 300 x 300 x 3 needs several stored blocks
      std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side * channels));
      for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
      const auto file = drnet::to_png(side, side, channels, pixels);

      png_image image{};
      image.version = PNG_IMAGE_VERSION;
      REQUIRE(png_image_begin_read_from_memory(&image, file.data(), file.size()) != 0);
      CHECK(image.width == static_cast<png_uint_32>(side));
      CHECK(image.height == static_cast<png_uint_32>(side));
      image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
      std::vector<std::uint8_t> read(PNG_IMAGE_SIZE(image));
      REQUIRE(png_image_finish_read(&image, nullptr, read.data(), 0, nullptr) != 0);
      CHECK(read == pixels);
    }
}
#endif

TEST_CASE("flags as hexadecimal digits", "[markup]") {
  CHECK(to_hex({}) == "");
  CHECK(to_hex({true}) == "8");
  CHECK(to_hex({false, true, false, true, true}) == "58");
  for (std::size_t count = 0; count < 20; ++count) {
    std::vector<bool> flags;
    for (std::size_t i = 0; i < count; ++i) flags.push_back(i * i % 3 == 1);
    CHECK(from_hex(to_hex(flags), count) == flags);
    CHECK(!from_hex(to_hex(flags), count + 4));
  }
  CHECK(!from_hex("5g", 8));
  CHECK(!from_hex("5A", 8));  // one text for the same flags
  CHECK(!from_hex("59", 7));
  CHECK(!from_hex("5", 0));
}
