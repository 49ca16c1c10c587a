// NumPy's .npy files (numpy.org/neps/nep-0001-npy-format.html, versions 1 to 3) as xtensor arrays of any
// shape. Written by xtensor; read here, because xtensor 0.24 does not check that the data is complete and
// misreads headers of 128 bytes and more.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/read_file.hpp>

#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>

#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Numbers; no bool, because a byte of a file may be neither of its values.
template <class T>
concept NpyElement = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

namespace npy_detail {

static_assert(std::endian::native == std::endian::little, "npy data is read in little-endian order");

/// numpy's own limit: what is longer describes a structured type, or is no npy file.
inline constexpr std::size_t kMaxHeaderBytes = 10'000;

struct Header {
  std::string type;  ///< e.g. "<f4"
  bool column_major = false;
  std::vector<std::size_t> shape;
};

/// The header's dictionary as text.
inline std::string header_text(const std::string& place, std::istream& file) {
  unsigned char start[8] = {};
  file.read(reinterpret_cast<char*>(start), sizeof start);
  if (!file || std::string_view(reinterpret_cast<const char*>(start), 6) != "\x93NUMPY")
    throw Error(place, "an npy file", "other bytes at its start");
  if (start[6] < 1 || start[6] > 3) throw Error(place, "npy version 1, 2 or 3", std::to_string(start[6]));
  unsigned char digits[4] = {};
  file.read(reinterpret_cast<char*>(digits), start[6] == 1 ? 2 : 4);
  const std::uint32_t length = std::uint32_t{digits[0]} | std::uint32_t{digits[1]} << 8 |
                               std::uint32_t{digits[2]} << 16 | std::uint32_t{digits[3]} << 24;
  if (!file || length > kMaxHeaderBytes)
    throw Error(place, "a header of at most " + std::to_string(kMaxHeaderBytes) + " bytes",
                file ? std::to_string(length) + " bytes" : "the end of the file");
  std::string text(length, '\0');
  if (!file.read(text.data(), length)) throw Error(place, "a whole header", "the end of the file");
  return text;
}

/// The text behind `'key':` in a Python dictionary literal.
inline std::string_view value_of(const std::string& place, std::string_view dictionary,
                                 std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "'";
  std::size_t at = dictionary.find(quoted);
  if (at != std::string_view::npos) at = dictionary.find_first_not_of(' ', at + quoted.size());
  if (at != std::string_view::npos && dictionary[at] == ':') at = dictionary.find_first_not_of(' ', at + 1);
  if (at == std::string_view::npos) throw Error(place, "a header with " + quoted, std::string(dictionary));
  return dictionary.substr(at);
}

/// What stands between the delimiter at the text's start and the next `close`.
inline std::string_view between(const std::string& place, std::string_view text, char open, char close) {
  const std::size_t end = text.find(close, 1);
  if (text.front() != open || end == std::string_view::npos)
    throw Error(place, std::string("a header value between ") + open + " and " + close, std::string(text));
  return text.substr(1, end - 1);
}

/// The sides in "3, 4" or "3," or "".
inline std::vector<std::size_t> parse_shape(const std::string& place, std::string_view text) {
  std::vector<std::size_t> shape;
  const char *at = text.data(), *const end = at + text.size();
  const auto skip_spaces = [&] {
    while (at != end && *at == ' ') ++at;
  };
  for (skip_spaces(); at != end; skip_spaces()) {
    const auto [stop, failed] = std::from_chars(at, end, shape.emplace_back());
    at = stop;
    skip_spaces();
    if (failed != std::errc{} || (at != end && *at != ','))
      throw Error(place, "a shape of numbers from 0 to 2^64 - 1", "(" + std::string(text) + ")");
    if (at != end) ++at;
  }
  return shape;
}

inline Header parse_header(const std::string& place, std::istream& file) {
  const std::string text = header_text(place, file);
  Header header;
  header.type = between(place, value_of(place, text, "descr"), '\'', '\'');
  const std::string_view order = value_of(place, text, "fortran_order");
  header.column_major = order.substr(0, 4) == "True";
  if (!header.column_major && order.substr(0, 5) != "False")
    throw Error(place, "True or False as fortran_order", std::string(order));
  header.shape = parse_shape(place, between(place, value_of(place, text, "shape"), '(', ')'));
  return header;
}

/// The file must end with the last element.
inline void check_size(const std::string& place, std::istream& file, const Header& header,
                       std::uint64_t file_bytes, std::uint64_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::size_t side : header.shape)
    if (__builtin_mul_overflow(bytes, std::uint64_t{side}, &bytes))
      throw Error(place, "a shape of less than 2^64 bytes", "(" + join(header.shape) + ")");
  const std::uint64_t rest = file_bytes - static_cast<std::uint64_t>(file.tellg());
  if (bytes != rest)
    throw Error(place, std::to_string(bytes) + " bytes of data for shape (" + join(header.shape) + ")",
                std::to_string(rest) + " bytes");
}

template <class T, xt::layout_type Layout>
xt::xarray<T, Layout> read_data(const std::string& place, std::istream& file, const Header& header) {
  xt::xarray<T, Layout> array;
  array.resize(header.shape);
  if (!file.read(reinterpret_cast<char*>(array.data()),
                 static_cast<std::streamsize>(array.size() * sizeof(T))))
    throw Error(place, "readable data", "a read error");
  return array;
}

}  // namespace npy_detail

/// Reads an array of exactly the element type T (no conversion), in either order. Throws Error for every
/// departure from the format, another element type or byte order, missing or trailing bytes.
template <NpyElement T>
[[nodiscard]] xt::xarray<T> read_npy(const std::filesystem::path& path) {
  const std::string place = path.string();
  std::ifstream file = open_file(path);
  const std::uint64_t size = file_bytes(file, path);
  const npy_detail::Header header = npy_detail::parse_header(place, file);
  const std::string wanted = xt::detail::build_typestring<T>();
  if (header.type != wanted) throw Error(place, "elements of type " + wanted, header.type);
  npy_detail::check_size(place, file, header, size, sizeof(T));
  if (header.column_major)
    return npy_detail::read_data<T, xt::layout_type::column_major>(place, file, header);
  return npy_detail::read_data<T, xt::layout_type::row_major>(place, file, header);
}

/// Writes any xtensor expression atomically, in row-major order and version 1. Throws Error when that fails.
template <class Expression>
void write_npy(const std::filesystem::path& path, const xt::xexpression<Expression>& expression) {
  // dump_npy would call xt::eval, which under g++ 12 takes a lazy expression of any shape for
  // four-dimensional.
  const xt::xarray<typename Expression::value_type> values(expression.derived_cast());
  const std::string bytes = xt::dump_npy(values);
  write_atomically(path, [&](std::ostream& file) {
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
}

}  // namespace drnet::inline DRNET_ISA
