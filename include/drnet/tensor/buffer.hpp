// Owning storage: 64-byte aligned, on the heap, zero-filled, movable.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/tensor/shape.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <span>

namespace drnet::inline DRNET_ISA {

/// A fixed number of scalars, aligned to a cache line and to every SIMD width; all zero when made.
template <class T>
class Buffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  Buffer() = default;
  /// Throws Error for a negative size, as a negative batch would ask for.
  explicit Buffer(Index size) : size_(size), data_(allocate(size)) {}
  Buffer(const Buffer& other) : Buffer(other.size_) { std::copy_n(other.data(), size_, data()); }
  Buffer(Buffer&& other) noexcept : size_(std::exchange(other.size_, 0)), data_(std::move(other.data_)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() = default;

  [[nodiscard]] T* data() noexcept { return data_.get(); }
  [[nodiscard]] const T* data() const noexcept { return data_.get(); }
  [[nodiscard]] Index size() const noexcept { return size_; }
  [[nodiscard]] std::span<T> span() noexcept { return {data(), static_cast<std::size_t>(size_)}; }
  [[nodiscard]] std::span<const T> span() const noexcept { return {data(), static_cast<std::size_t>(size_)}; }
  T& operator[](Index i) noexcept { return data_[static_cast<std::size_t>(i)]; }
  const T& operator[](Index i) const noexcept { return data_[static_cast<std::size_t>(i)]; }

  void fill(T value) { std::fill_n(data(), size_, value); }
  /// Makes room for at least `size` scalars; the contents become zero when the storage grows.
  void reserve(Index size) {
    if (size > size_) *this = Buffer(size);
  }

 private:
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete[](p, std::align_val_t{kAlignment}); }
  };
  static T* allocate(Index size) {
    if (size < 0) throw Error("Buffer: size", "at least 0", std::to_string(size));
    if (size == 0) return nullptr;
    const auto bytes = static_cast<std::size_t>(size) * sizeof(T);
    T* p = static_cast<T*>(::operator new[](bytes, std::align_val_t{kAlignment}));
    std::uninitialized_value_construct_n(p, size);
    return p;
  }

  Index size_ = 0;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace drnet::inline DRNET_ISA
