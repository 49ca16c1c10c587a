// What the loader, the trainer and the evaluation see of a data set: numbered pictures with labels.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/data/image.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Which half of a data set that has two.
enum class Split { train, test };

/// Pictures 0 .. size() - 1. All const members may be called from any number of threads at the same time.
class Dataset {
 public:
  Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;
  virtual ~Dataset() = default;

  [[nodiscard]] virtual std::size_t size() const = 0;

  /// Names of the classes; a label is an index into them.
  [[nodiscard]] virtual const std::vector<std::string>& class_names() const = 0;

  [[nodiscard]] virtual int label(std::size_t index) const = 0;

  /// Reads, draws or decodes one picture. Throws Error naming the file when that fails.
  [[nodiscard]] virtual Image image(std::size_t index) const = 0;

  /// Where a picture comes from: "cat/7.jpg" or "record 17 of data_batch_1.bin" (records count from 0).
  [[nodiscard]] virtual std::string describe(std::size_t index) const = 0;

 protected:
  /// `index` itself; throws Error when it is not below size().
  [[nodiscard]] std::size_t checked(std::size_t index) const {
    if (index >= size())
      throw Error("picture index", "less than " + std::to_string(size()), std::to_string(index));
    return index;
  }
};

}  // namespace drnet::inline DRNET_ISA
