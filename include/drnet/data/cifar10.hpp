// CIFAR-10, binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of 3,073 bytes,
// one label 0..9, then 32 x 32 red, green and blue samples, each plane row by row.
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

/// Split::train reads every data_batch_<n>.bin that is there, Split::test reads test_batch.bin; names come
/// from batches.meta.txt where it exists. The samples stay in memory (3,073 bytes a picture).
/// Throws Error for a missing or empty file, an incomplete record, or a label above 9.
class Cifar10 final : public Dataset {
 public:
  static constexpr int kSide = 32, kClasses = 10;
  static constexpr std::size_t kPlane = std::size_t{kSide} * kSide, kRecord = 1 + 3 * kPlane;

  Cifar10(const std::filesystem::path& folder, Split split) {
    require_folder(folder);
    read_names(folder / "batches.meta.txt");
    for (const auto& path :
         split == Split::test ? std::vector{folder / "test_batch.bin"} : training_files(folder))
      read_batch(path);
  }

  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override { return *record(index); }

  [[nodiscard]] Image image(std::size_t index) const override {
    const std::uint8_t* planes = record(index) + 1;
    Image image{kSide, kSide, 3, std::vector<std::uint8_t>(3 * kPlane)};
    for (std::size_t i = 0; i < kPlane; ++i)
      for (std::size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = planes[c * kPlane + i];
    return image;
  }

  [[nodiscard]] std::string describe(std::size_t index) const override {
    const auto [batch, position] = locate(index);
    return "record " + std::to_string(position) + " of " + batch->name;
  }

 private:
  struct Batch {
    std::string name;
    std::vector<std::uint8_t> bytes;
  };

  static std::vector<std::filesystem::path> training_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& path : read_folder(folder)) {
      const std::string name = path.filename().string();
      if (name.starts_with("data_batch_") && name.ends_with(".bin")) files.push_back(path);
    }
    if (files.empty()) throw Error(folder.string(), "data_batch_1.bin and following", "none of them");
    std::ranges::sort(files, {}, [](const auto& path) {  // batch 10 after batch 9
      return std::pair(path.native().size(), path.native());
    });
    return files;
  }

  void read_names(const std::filesystem::path& path) {
    if (!is_file(path)) return;
    names_.clear();
    for (Line& line : read_lines(path)) names_.push_back(std::move(line.text));
    if (names_.size() != kClasses)
      throw Error(path.string(), "10 class names, one a line", std::to_string(names_.size()));
  }

  void read_batch(const std::filesystem::path& path) {
    auto bytes = read_file(path);
    if (bytes.size() % kRecord != 0)
      throw Error(path.string(), "whole records of " + std::to_string(kRecord) + " bytes",
                  std::to_string(bytes.size() / kRecord) + " records and " +
                      std::to_string(bytes.size() % kRecord) + " bytes");
    for (std::size_t i = 0; i < bytes.size(); i += kRecord)
      if (bytes[i] >= kClasses)
        throw Error(path.string() + ", record " + std::to_string(i / kRecord), "a label from 0 to 9",
                    std::to_string(bytes[i]));
    size_ += bytes.size() / kRecord;
    batches_.push_back({path.filename().string(), std::move(bytes)});
  }

  [[nodiscard]] std::pair<const Batch*, std::size_t> locate(std::size_t index) const {
    std::size_t position = checked(index);
    auto batch = batches_.begin();
    for (; position >= batch->bytes.size() / kRecord; ++batch) position -= batch->bytes.size() / kRecord;
    return {&*batch, position};
  }

  [[nodiscard]] const std::uint8_t* record(std::size_t index) const {
    const auto [batch, position] = locate(index);
    return batch->bytes.data() + position * kRecord;
  }

  std::vector<std::string> names_{"airplane", "automobile", "bird",  "cat",  "deer",
                                  "dog",      "frog",       "horse", "ship", "truck"};
  std::vector<Batch> batches_;
  std::size_t size_ = 0;
};

}  // namespace drnet::inline DRNET_ISA
