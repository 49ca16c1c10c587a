// JPEG (libjpeg-turbo) and PNG (libpng) to 8-bit grey or RGB. Component drnet::image.
// bytes of a file -> Image [height][width][1 or 3]
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/data/file.hpp>
#include <drnet/data/image.hpp>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <jpeglib.h>
#include <png.h>

namespace drnet::inline DRNET_ISA {

/// Throws Error when a picture of this size would pass the limits of image.hpp.
inline void check_image_size(std::int64_t height, std::int64_t width, const std::string& place) {
  if (height < 1 || width < 1 || height > kMaxImageSide || width > kMaxImageSide ||
      height * width > kMaxImagePixels)
    throw Error(place,
                "sides from 1 to " + std::to_string(kMaxImageSide) + " and at most " +
                    std::to_string(kMaxImagePixels) + " pixels",
                std::to_string(width) + " x " + std::to_string(height));
}

/// A libjpeg decompressor that reports failure by return value. libjpeg leaves a failing call by longjmp,
/// which must not pass over C++ objects: `start` and `read` hold the setjmp and only trivial locals. Warnings
/// (a truncated or corrupt stream that libjpeg would fill with grey) count as failures.
class JpegReader {
 public:
  explicit JpegReader(std::span<const std::uint8_t> bytes) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { fail(info); };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0) fail(info);
    };
    errors_.output_message = [](j_common_ptr) {};
    info_.client_data = this;
    started_ = start(bytes.data(), bytes.size());
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&info_); }

  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] const jpeg_decompress_struct& info() const noexcept { return info_; }
  [[nodiscard]] std::string message() const { return message_; }

  /// Decodes all rows into `pixels`, `stride` bytes each.
  [[nodiscard]] bool read(std::uint8_t* pixels, std::size_t stride) noexcept {
    if (setjmp(jump_) != 0) return false;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + stride * info_.output_scanline;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

 private:
  [[nodiscard]] bool start(const std::uint8_t* data, std::size_t size) noexcept {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, data, size);
    jpeg_read_header(&info_, TRUE);
    if (info_.jpeg_color_space != JCS_GRAYSCALE)
      info_.out_color_space = info_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_calc_output_dimensions(&info_);
    return true;
  }

  [[noreturn]] static void fail(j_common_ptr info) {
    auto& self = *static_cast<JpegReader*>(info->client_data);
    info->err->format_message(info, self.message_);
    std::longjmp(self.jump_, 1);
  }

  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX]{};
  bool started_ = false;
};

/// CMYK samples to RGB; Adobe's files hold them inverted.
[[nodiscard]] inline std::vector<std::uint8_t> cmyk_to_rgb(std::span<const std::uint8_t> cmyk,
                                                           bool inverted) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(cmyk.size() / 4 * 3);
  const auto light = [&](std::size_t i) { return inverted ? int{cmyk[i]} : 255 - cmyk[i]; };
  for (std::size_t i = 0; i + 3 < cmyk.size(); i += 4)
    for (std::size_t c = 0; c < 3; ++c)
      rgb.push_back(static_cast<std::uint8_t>((light(i + c) * light(i + 3) + 127) / 255));
  return rgb;
}

[[nodiscard]] inline Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& place) {
  JpegReader reader(bytes);
  if (!reader.started()) throw Error(place, "a JPEG picture", reader.message());
  const auto& info = reader.info();
  check_image_size(info.output_height, info.output_width, place);
  Image image{
      static_cast<int>(info.output_height), static_cast<int>(info.output_width), info.output_components, {}};
  const std::size_t stride =
      std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components);
  image.pixels.resize(stride * info.output_height);
  if (!reader.read(image.pixels.data(), stride))
    throw Error(place, "an intact JPEG picture", reader.message());
  if (image.channels == 4) {
    image.pixels = cmyk_to_rgb(image.pixels, info.saw_Adobe_marker != 0);
    image.channels = 3;
  }
  return image;
}

/// Frees what libpng's simplified reader holds, whether or not it got to the end.
class PngReader {
 public:
  PngReader() { image.version = PNG_IMAGE_VERSION; }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_image_free(&image); }
  png_image image{};
};

[[nodiscard]] inline Image decode_png(std::span<const std::uint8_t> bytes, const std::string& place) {
  PngReader reader;
  png_image& png = reader.image;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0)
    throw Error(place, "a PNG picture", png.message);
  check_image_size(png.height, png.width, place);
  // With the alpha channel kept until it is dropped below: libpng would blend it with a background instead.
  const bool color = (png.format & PNG_FORMAT_FLAG_COLOR) != 0,
             alpha = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  png.format = (color ? PNG_FORMAT_FLAG_COLOR : 0U) | (alpha ? PNG_FORMAT_FLAG_ALPHA : 0U);
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit samples are not linear light unless the file says so
  Image image{static_cast<int>(png.height), static_cast<int>(png.width), color ? 3 : 1, {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) == 0)
    throw Error(place, "an intact PNG picture", png.message);
  if (alpha) {
    const std::size_t channels = color ? 3 : 1, count = image.pixels.size() / (channels + 1);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t c = 0; c < channels; ++c)
        image.pixels[channels * i + c] = image.pixels[(channels + 1) * i + c];
    image.pixels.resize(channels * count);
  }
  return image;
}

/// Decodes a JPEG or PNG picture, told apart by content: grey stays grey, colour (also CMYK and palettes)
/// becomes RGB, 16 bits become 8, alpha is dropped, EXIF orientation is ignored. Throws Error at `place` when
/// the bytes are neither, are damaged or cut short, or pass the size limits.
[[nodiscard]] inline Image decode(std::span<const std::uint8_t> bytes, const std::string& place) {
  if (bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF)
    return decode_jpeg(bytes, place);
  if (bytes.size() >= 8 && png_sig_cmp(bytes.data(), 0, 8) == 0) return decode_png(bytes, place);
  std::string start;
  for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
    char hex[4];
    std::snprintf(hex, sizeof hex, " %02x", byte);
    start += hex;
  }
  throw Error(place, "a JPEG or PNG picture",
              start.empty() ? "no bytes" : std::to_string(bytes.size()) + " bytes that start with" + start);
}

/// Reads and decodes one file. Throws Error naming it.
[[nodiscard]] inline Image read_image(const std::filesystem::path& path) {
  return decode(read_file(path), path.string());
}

}  // namespace drnet::inline DRNET_ISA
