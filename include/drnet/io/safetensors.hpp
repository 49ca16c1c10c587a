// The safetensors container (github.com/huggingface/safetensors): 8-byte little-endian header length, a JSON
// header {name: {dtype, shape, data_offsets}}, then one byte buffer in row-major order. Read with every
// check of the reference implementation and written atomically. Knows nothing of networks.
// What touches JSON is a template of its type, so that only a program that reads or writes a file compiles
// it.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/read_file.hpp>

#include <Eigen/Core>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <istream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

/// Element types of the format, under its own names in lower case.
enum class DType { boolean, u8, i8, f8_e5m2, f8_e4m3, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

namespace safetensors_detail {

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  std::int64_t bytes;
};

inline constexpr std::array<DTypeInfo, 15> kDTypes{{{DType::boolean, "BOOL", 1},
                                                    {DType::u8, "U8", 1},
                                                    {DType::i8, "I8", 1},
                                                    {DType::f8_e5m2, "F8_E5M2", 1},
                                                    {DType::f8_e4m3, "F8_E4M3", 1},
                                                    {DType::u16, "U16", 2},
                                                    {DType::i16, "I16", 2},
                                                    {DType::f16, "F16", 2},
                                                    {DType::bf16, "BF16", 2},
                                                    {DType::u32, "U32", 4},
                                                    {DType::i32, "I32", 4},
                                                    {DType::f32, "F32", 4},
                                                    {DType::u64, "U64", 8},
                                                    {DType::i64, "I64", 8},
                                                    {DType::f64, "F64", 8}}};

/// The reference implementation refuses longer headers; a corrupt length never allocates more than this.
inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
/// Larger files are refused before memory is asked for: no network and no checkpoint comes near this.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 33;

}  // namespace safetensors_detail

/// The format's name of an element type, e.g. "F32".
[[nodiscard]] constexpr std::string_view name_of(DType dtype) {
  return safetensors_detail::kDTypes[static_cast<std::size_t>(dtype)].name;
}

/// Bytes of one element.
[[nodiscard]] constexpr std::int64_t bytes_of(DType dtype) {
  return safetensors_detail::kDTypes[static_cast<std::size_t>(dtype)].bytes;
}

/// The C++ types with a dtype; no bool, because a byte of a file may be neither of its values.
template <class T>
concept TensorElement =
    (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, float> || std::same_as<T, double>;

/// The dtype that stores a C++ type.
template <TensorElement T>
[[nodiscard]] constexpr DType dtype_of() {
  if constexpr (std::same_as<T, float>) return DType::f32;
  if constexpr (std::same_as<T, double>) return DType::f64;
  constexpr bool is_signed = std::signed_integral<T>;
  if constexpr (sizeof(T) == 1) return is_signed ? DType::i8 : DType::u8;
  if constexpr (sizeof(T) == 2) return is_signed ? DType::i16 : DType::u16;
  if constexpr (sizeof(T) == 4) return is_signed ? DType::i32 : DType::u32;
  return is_signed ? DType::i64 : DType::u64;
}

/// What the header says of one tensor; [begin, end) are byte offsets into the buffer behind the header.
struct TensorInfo {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;
};

/// A tensor in the caller's memory, for writing.
struct NamedTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// A NamedTensor over typed values (row-major); the values must outlive it.
template <TensorElement T>
[[nodiscard]] NamedTensor named_tensor(std::string name, std::vector<std::int64_t> shape,
                                       std::span<const T> values) {
  return {std::move(name), dtype_of<T>(), std::move(shape), std::as_bytes(values)};
}

namespace safetensors_detail {

/// "[64, 3, 7, 7]".
inline std::string shape_text(std::span<const std::int64_t> shape) {
  return std::string("[").append(join(shape)).append("]");
}

/// Bytes of shape x dtype, or nothing if a side is negative or the product leaves 63 bits.
inline std::optional<std::uint64_t> byte_count(std::span<const std::int64_t> shape, DType dtype) {
  std::int64_t count = bytes_of(dtype);
  for (const std::int64_t side : shape)
    if (side < 0 || __builtin_mul_overflow(count, side, &count)) return std::nullopt;
  return static_cast<std::uint64_t>(count);
}

/// nlohmann-json keeps the last of equal keys silently; this callback sees them all and refuses.
template <class Json>
class RefuseDuplicates {
 public:
  explicit RefuseDuplicates(std::string place) : place_(std::move(place)) {}

  bool operator()(int, typename Json::parse_event_t event, const Json& value) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(value.template get<std::string>()).second)
      throw Error(place_, "unique names", "'" + value.template get<std::string>() + "' twice");
    return true;
  }

 private:
  std::string place_;
  std::vector<std::set<std::string>> keys_;
};

template <class Json>
Json parse_header(const std::string& place, const std::string& text) {
  if (text.empty() || text.front() != '{') throw Error(place, "a JSON object", "something else");
  try {
    return Json::parse(text, RefuseDuplicates<Json>(place));
  } catch (const typename Json::exception& error) {
    throw Error(place, "a JSON object", error.what());
  }
}

/// A JSON number as a non-negative 63-bit integer; `what` describes it in the message.
template <class Json>
std::int64_t natural(const std::string& place, const Json& value, const char* what) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (!value.is_number_unsigned() || value.template get<std::uint64_t>() > kMax)
    throw Error(place, std::string(what) + " from 0 to 2^63 - 1", value.dump());
  return value.template get<std::int64_t>();
}

template <class Json>
const Json& field(const std::string& place, const Json& entry, const char* key, typename Json::value_t type) {
  if (!entry.is_object() || !entry.contains(key) || entry.at(key).type() != type)
    throw Error(place, std::string("an entry with dtype (text), shape and data_offsets (arrays)"),
                entry.dump());
  return entry.at(key);
}

template <class Json>
TensorInfo parse_info(const std::string& place, const Json& entry) {
  TensorInfo info;
  const auto& dtype =
      field(place, entry, "dtype", Json::value_t::string).template get_ref<const std::string&>();
  const auto* known =
      std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeInfo& d) { return d.name == dtype; });
  if (known == kDTypes.end()) throw Error(place, "a known dtype", "'" + dtype + "'");
  info.dtype = known->dtype;
  for (const auto& side : field(place, entry, "shape", Json::value_t::array))
    info.shape.push_back(natural(place, side, "shape entries"));
  const auto& offsets = field(place, entry, "data_offsets", Json::value_t::array);
  if (offsets.size() != 2) throw Error(place, "two data_offsets", offsets.dump());
  info.begin = static_cast<std::size_t>(natural(place, offsets[0], "data_offsets"));
  info.end = static_cast<std::size_t>(natural(place, offsets[1], "data_offsets"));

  const std::string range = "data_offsets " + offsets.dump();
  if (info.begin > info.end) throw Error(place, "data_offsets in ascending order", range);
  const auto bytes = byte_count(info.shape, info.dtype);
  if (!bytes) throw Error(place, "a shape of less than 2^63 bytes", shape_text(info.shape));
  if (*bytes != info.end - info.begin)
    throw Error(place, std::to_string(*bytes) + " bytes for " + shape_text(info.shape) + " " + dtype, range);
  return info;
}

}  // namespace safetensors_detail

/// One safetensors file in memory.
class SafeTensors {
 public:
  /// Reads and checks a whole file. Throws Error for everything that departs from the format: lengths,
  /// JSON, duplicate names, dtypes, shapes, and buffers with overlaps, gaps, missing or trailing bytes.
  template <class Json = nlohmann::json>
  [[nodiscard]] static SafeTensors read(const std::filesystem::path& path) {
    SafeTensors file(path.string());
    std::ifstream stream = open_file(path);
    const std::uint64_t size = file_bytes(stream, path);
    if (size > safetensors_detail::kMaxFileBytes)
      throw Error(file.place_, "at most " + std::to_string(safetensors_detail::kMaxFileBytes) + " bytes",
                  std::to_string(size) + " bytes");
    const std::string header = file.read_header(stream, size);
    file.parse<Json>(header);
    file.check_layout(size - 8 - header.size());
    file.buffer_.resize(size - 8 - header.size());
    file.read_exactly(stream, reinterpret_cast<char*>(file.buffer_.data()), file.buffer_.size());
    return file;
  }

  /// Names in the order of their bytes in the file.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  [[nodiscard]] bool contains(std::string_view name) const { return infos_.find(name) != infos_.end(); }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  /// The file's name, for messages.
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

  /// dtype, shape and offsets. Throws Error if there is no such tensor.
  [[nodiscard]] const TensorInfo& info(std::string_view name) const {
    const auto found = infos_.find(name);
    if (found == infos_.end())
      throw Error(place_, "a tensor '" + std::string(name) + "'",
                  std::to_string(names_.size()) + " tensors without it" +
                      (names_.empty() ? "" : ", from '" + names_.front() + "' to '" + names_.back() + "'"));
    return found->second;
  }

  /// The raw bytes (row-major); valid as long as this object, and not aligned for every dtype.
  [[nodiscard]] std::span<const std::byte> bytes(std::string_view name) const {
    const TensorInfo& tensor = info(name);
    return std::span(buffer_).subspan(tensor.begin, tensor.end - tensor.begin);
  }

  /// The elements in row-major order. F16, BF16, F32 and F64 convert into float and double; for any other
  /// pair of stored and wanted type this throws Error.
  template <TensorElement T>
  [[nodiscard]] std::vector<T> values(std::string_view name) const {
    const DType stored = info(name).dtype;
    if (stored == dtype_of<T>()) return copy<T>(bytes(name));
    if constexpr (std::floating_point<T>) {
      if (stored == DType::f32) return convert<T>(copy<float>(bytes(name)));
      if (stored == DType::f64) return convert<T>(copy<double>(bytes(name)));
      if (stored == DType::f16) return convert<T>(copy<Eigen::half>(bytes(name)));
      if (stored == DType::bf16) return convert<T>(copy<Eigen::bfloat16>(bytes(name)));
    }
    throw Error(place(name), std::string(name_of(dtype_of<T>())) + " values", std::string(name_of(stored)));
  }

 private:
  explicit SafeTensors(std::string place) : place_(std::move(place)) {}

  [[nodiscard]] std::string place(std::string_view name) const {
    return place_ + ", tensor '" + std::string(name) + "'";
  }

  void read_exactly(std::istream& stream, char* to, std::size_t bytes) const {
    if (!stream.read(to, static_cast<std::streamsize>(bytes)))
      throw Error(place_, std::to_string(bytes) + " more bytes", std::to_string(stream.gcount()));
  }

  [[nodiscard]] std::string read_header(std::istream& stream, std::uint64_t size) const {
    if (size < 8)
      throw Error(place_, "at least the 8 bytes of the header length", std::to_string(size) + " bytes");
    std::uint64_t length = 0;
    read_exactly(stream, reinterpret_cast<char*>(&length), sizeof length);
    if (length > safetensors_detail::kMaxHeaderBytes)
      throw Error(place_, "a header of at most 100 MB", std::to_string(length) + " bytes");
    if (length > size - 8)
      throw Error(place_, "a header inside the file of " + std::to_string(size) + " bytes",
                  "a header length of " + std::to_string(length));
    std::string header(length, '\0');
    read_exactly(stream, header.data(), header.size());
    return header;
  }

  template <class Json>
  void parse(const std::string& text) {
    const Json header = safetensors_detail::parse_header<Json>(place_ + ", header", text);
    for (const auto& [name, entry] : header.items())
      if (name == "__metadata__")
        parse_metadata(entry);
      else
        infos_.emplace(name, safetensors_detail::parse_info(place(name), entry));
    for (const auto& [name, info] : infos_) names_.push_back(name);
    std::stable_sort(names_.begin(), names_.end(), [&](const std::string& a, const std::string& b) {
      const TensorInfo &left = infos_.at(a), &right = infos_.at(b);
      return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
    });
  }

  template <class Json>
  void parse_metadata(const Json& entries) {
    const std::string where = place_ + ", __metadata__";
    if (!entries.is_object()) throw Error(where, "an object of texts", entries.dump());
    for (const auto& [key, value] : entries.items()) {
      if (!value.is_string()) throw Error(where, "text for '" + key + "'", value.dump());
      metadata_.emplace(key, value.template get<std::string>());
    }
  }

  /// The tensors must tile the buffer: each begins where the one before ends, the last ends with the file.
  void check_layout(std::uint64_t buffer_bytes) const {
    std::size_t end = 0;
    for (const std::string& name : names_) {
      const TensorInfo& tensor = infos_.at(name);
      if (tensor.begin != end)
        throw Error(place(name), "data that begins at byte " + std::to_string(end),
                    std::string(tensor.begin < end ? "an overlap" : "a gap") + " (it begins at byte " +
                        std::to_string(tensor.begin) + ")");
      if (tensor.end > buffer_bytes)
        throw Error(place(name), "data inside the buffer of " + std::to_string(buffer_bytes) + " bytes",
                    "data up to byte " + std::to_string(tensor.end) + " (is the file truncated?)");
      end = tensor.end;
    }
    if (end != buffer_bytes)
      throw Error(place_, std::to_string(end) + " bytes of data",
                  std::to_string(buffer_bytes - end) + " trailing bytes");
  }

  template <class T>
  static std::vector<T> copy(std::span<const std::byte> bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  template <class T, class From>
  static std::vector<T> convert(const std::vector<From>& from) {
    std::vector<T> values(from.size());
    std::transform(from.begin(), from.end(), values.begin(),
                   [](From value) { return static_cast<T>(value); });
    return values;
  }

  std::string place_;
  std::vector<std::byte> buffer_;
  std::map<std::string, TensorInfo, std::less<>> infos_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> metadata_;
};

namespace safetensors_detail {

/// The header's JSON text, padded with spaces so that the buffer starts at a multiple of 8 bytes.
template <class Json>
std::string header_text(const std::string& place, std::span<const NamedTensor* const> tensors,
                        const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::set<std::string_view> names{"__metadata__"};
  std::size_t offset = 0;
  for (const NamedTensor* tensor : tensors) {
    const std::string where = place + ", tensor '" + tensor->name + "'";
    if (!names.insert(tensor->name).second) throw Error(where, "a unique name", "one that is taken");
    const auto bytes = byte_count(tensor->shape, tensor->dtype);
    if (!bytes || *bytes != tensor->bytes.size())
      throw Error(
          where,
          (bytes ? std::to_string(*bytes) : "a valid number of") + " bytes for " + shape_text(tensor->shape),
          std::to_string(tensor->bytes.size()));
    header[tensor->name] = {{"dtype", name_of(tensor->dtype)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + tensor->bytes.size()}}};
    offset += tensor->bytes.size();
  }
  try {
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const typename Json::exception& error) {
    throw Error(place, "names and metadata in UTF-8", error.what());
  }
}

}  // namespace safetensors_detail

/// Writes a file atomically. Tensors keep their order within one element size and go from wide to narrow
/// elements, so that every tensor is aligned (as the reference implementation does). Throws Error for
/// repeated names, a size that disagrees with the shape, text that is not UTF-8, and failures of the disk.
template <class Json = nlohmann::ordered_json>
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {}) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return bytes_of(a->dtype) > bytes_of(b->dtype);
  });
  const std::string header = safetensors_detail::header_text<Json>(path.string(), order, metadata);
  const std::uint64_t length = header.size();
  if (length > safetensors_detail::kMaxHeaderBytes)
    throw Error(path.string(), "names and metadata of at most 100 MB", std::to_string(length) + " bytes");
  write_atomically(path, [&](std::ostream& file) {
    file.write(reinterpret_cast<const char*>(&length), sizeof length);
    file.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const NamedTensor* tensor : order)
      file.write(reinterpret_cast<const char*>(tensor->bytes.data()),
                 static_cast<std::streamsize>(tensor->bytes.size()));
  });
}

}  // namespace drnet::inline DRNET_ISA
