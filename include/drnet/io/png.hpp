// 8-bit pixels as an uncompressed PNG (W3C PNG specification), for pictures inside reports: every browser and
// renderer reads it, and it needs no library.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace png_detail {

using Bytes = std::vector<std::uint8_t>;

inline void append_big_endian(Bytes& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// CRC-32 of a chunk (PNG specification, annex D).
inline std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

inline void append_chunk(Bytes& png, std::string_view type, std::span<const std::uint8_t> content) {
  append_big_endian(png, static_cast<std::uint32_t>(content.size()));
  Bytes chunk(type.begin(), type.end());
  chunk.insert(chunk.end(), content.begin(), content.end());
  png.insert(png.end(), chunk.begin(), chunk.end());
  append_big_endian(png, crc32(chunk));
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4): no compression, and no dependency for it.
inline Bytes stored_zlib(std::span<const std::uint8_t> bytes) {
  Bytes stream{0x78, 0x01};
  std::uint32_t a = 1, b = 0;  // Adler-32
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, 65'535);
    stream.push_back(at + size == bytes.size());
    for (const std::size_t word : {size, ~size & 0xFFFF})
      for (int shift = 0; shift <= 8; shift += 8) stream.push_back(static_cast<std::uint8_t>(word >> shift));
    for (const std::uint8_t byte : bytes.subspan(at, size)) {
      stream.push_back(byte);
      a = (a + byte) % 65'521;
      b = (b + a) % 65'521;
    }
    at += size;
  }
  append_big_endian(stream, b << 16 | a);
  return stream;
}

}  // namespace png_detail

/// An uncompressed PNG of 8-bit pixels: rows from the top, channels interleaved, 1 (grey) or 3 (RGB).
/// pixels.size() == width * height * channels, all positive; otherwise throws Error.
[[nodiscard]] inline std::vector<std::uint8_t> to_png(int width, int height, int channels,
                                                      std::span<const std::uint8_t> pixels) {
  const std::string got = std::to_string(width) + " x " + std::to_string(height) + " x " +
                          std::to_string(channels) + " with " + std::to_string(pixels.size()) + " bytes";
  constexpr int kMaxSide = 1 << 14;
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide || (channels != 1 && channels != 3))
    throw Error("picture", "sides from 1 to 16384 and 1 or 3 channels", got);
  const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  if (pixels.size() != row * static_cast<std::size_t>(height))
    throw Error("picture", "width x height x channels bytes", got);

  png_detail::Bytes header;
  png_detail::append_big_endian(header, static_cast<std::uint32_t>(width));
  png_detail::append_big_endian(header, static_cast<std::uint32_t>(height));
  const std::uint8_t color_type = channels == 3 ? 2 : 0;
  header.insert(header.end(), {8, color_type, 0, 0, 0});  // 8 bits; deflate, no filter, not interlaced

  png_detail::Bytes lines;
  for (std::size_t at = 0; at < pixels.size(); at += row) {
    lines.push_back(0);  // filter "none"
    lines.insert(lines.end(), pixels.begin() + static_cast<std::ptrdiff_t>(at),
                 pixels.begin() + static_cast<std::ptrdiff_t>(at + row));
  }
  png_detail::Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  png_detail::append_chunk(png, "IHDR", header);
  png_detail::append_chunk(png, "IDAT", png_detail::stored_zlib(lines));
  png_detail::append_chunk(png, "IEND", {});
  return png;
}

}  // namespace drnet::inline DRNET_ISA
