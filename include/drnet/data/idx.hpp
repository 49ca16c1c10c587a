// MNIST and its relatives in IDX files (http://yann.lecun.com/exdb/mnist): big-endian magic 0x00000803 and
// count, height, width, then grey samples; magic 0x00000801 and count, then labels.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/data/dataset.hpp>
#include <drnet/data/file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// An IDX array of bytes: its extents (count first) and its data, row-major.
struct IdxArray {
  std::vector<std::size_t> extents;
  std::vector<std::uint8_t> data;
};

/// Reads a file of unsigned bytes with `rank` extents. Throws Error when the magic number is another one, an
/// extent is zero, or the file is shorter or longer than its extents say.
[[nodiscard]] inline IdxArray read_idx(const std::filesystem::path& path, std::size_t rank) {
  auto bytes = read_file(path);
  const std::size_t header = 4 + 4 * rank;
  if (bytes.size() < header)
    throw Error(path.string(), "a header of " + std::to_string(header) + " bytes",
                "a file of " + std::to_string(bytes.size()) + " bytes");
  const auto word = [&](std::size_t i) {
    std::uint32_t value = 0;
    for (std::size_t b = 0; b < 4; ++b) value = value << 8 | bytes[4 * i + b];
    return value;
  };
  const std::uint32_t magic = 0x0800U | static_cast<std::uint32_t>(rank);
  if (word(0) != magic)
    throw Error(path.string(), "magic number " + std::to_string(magic), std::to_string(word(0)));
  IdxArray array;
  std::uintmax_t elements = 1;
  for (std::size_t i = 1; i <= rank; ++i) {
    array.extents.push_back(word(i));
    const std::uintmax_t limit = kMaxFileBytes / elements;  // so that the product cannot overflow
    if (word(i) == 0 || word(i) > limit)
      throw Error(path.string() + ", extent " + std::to_string(i - 1), "1 to " + std::to_string(limit),
                  std::to_string(word(i)));
    elements *= word(i);
  }
  if (bytes.size() - header != elements)
    throw Error(path.string(),
                std::to_string(elements) + " bytes after the header (" + join(array.extents, " x ") + ")",
                std::to_string(bytes.size() - header));
  array.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
  return array;
}

/// The pair train-images-idx3-ubyte and train-labels-idx1-ubyte, or t10k-… for Split::test. Grey pictures;
/// the classes are named by their digits: "0" to "9", or further where there are higher labels.
/// Throws Error as read_idx, and when pictures and labels differ in number.
class Idx final : public Dataset {
 public:
  Idx(const std::filesystem::path& folder, Split split) {
    require_folder(folder);
    const std::string prefix = split == Split::train ? "train" : "t10k";
    images_name_ = prefix + "-images-idx3-ubyte";
    const auto images_path = folder / images_name_, labels_path = folder / (prefix + "-labels-idx1-ubyte");
    images_ = read_idx(images_path, 3);
    labels_ = read_idx(labels_path, 1).data;
    if (labels_.size() != images_.extents[0])
      throw Error(labels_path.string(), std::to_string(images_.extents[0]) + " labels (as many as pictures)",
                  std::to_string(labels_.size()));
    const std::size_t longest = std::max(images_.extents[1], images_.extents[2]);
    if (longest > std::size_t{kMaxImageSide})
      throw Error(images_path.string(), "sides up to " + std::to_string(kMaxImageSide),
                  std::to_string(longest));
    const int classes = std::max(10, *std::ranges::max_element(labels_) + 1);
    for (int i = 0; i < classes; ++i) names_.push_back(std::to_string(i));
  }

  [[nodiscard]] std::size_t size() const override { return labels_.size(); }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override { return labels_[checked(index)]; }

  [[nodiscard]] Image image(std::size_t index) const override {
    const std::size_t area = images_.extents[1] * images_.extents[2];
    const std::uint8_t* begin = images_.data.data() + checked(index) * area;
    return {
        static_cast<int>(images_.extents[1]), static_cast<int>(images_.extents[2]), 1, {begin, begin + area}};
  }

  [[nodiscard]] std::string describe(std::size_t index) const override {
    return "record " + std::to_string(checked(index)) + " of " + images_name_;
  }

 private:
  std::string images_name_;
  IdxArray images_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::string> names_;
};

}  // namespace drnet::inline DRNET_ISA
