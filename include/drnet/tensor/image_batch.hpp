// A batch of planar images [count][channels][height][width], already normalized: what sessions and trainers
// read.
#pragma once

#include <drnet/tensor/buffer.hpp>

namespace drnet::inline DRNET_ISA {

/// Non-owning view of planar images of one size.
template <class T>
struct ImageBatch {
  const T* data = nullptr;
  Index count = 0;
  int channels = 3, height = 0, width = 0;

  [[nodiscard]] Index image_size() const { return Index{channels} * height * width; }
  [[nodiscard]] const T* image(Index i) const { return data + i * image_size(); }
};

}  // namespace drnet::inline DRNET_ISA
