#include <support/catch.hpp>

#include <drnet/tensor/buffer.hpp>

#include <cstdint>

using drnet::Buffer;

TEMPLATE_TEST_CASE("A buffer starts as zeros, aligned for every SIMD width", "[buffer]", float, double, int) {
  for (const int size : {1, 3, 16, 1000}) {
    const Buffer<TestType> buffer(size);
    REQUIRE(buffer.size() == size);
    REQUIRE(buffer.span().size() == static_cast<std::size_t>(size));
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(std::all_of(buffer.span().begin(), buffer.span().end(), [](TestType v) { return v == 0; }));
  }
}

TEST_CASE("An empty buffer is usable", "[buffer]") {
  const Buffer<float> none, zero(0);
  CHECK(none.size() == 0);
  CHECK(zero.span().empty());
  const Buffer<float> copy = zero;
  CHECK(copy.size() == 0);
}

TEST_CASE("Copies of a buffer are independent", "[buffer]") {
  Buffer<int> a(5);
  a[2] = 7;
  Buffer<int> b = a;
  b[2] = 8;
  CHECK(a[2] == 7);
  CHECK(b[2] == 8);
  a = b;
  CHECK(a[2] == 8);
  CHECK(a.data() != b.data());
  const Buffer<int>& itself = a;
  a = itself;
  CHECK(a[2] == 8);
}

TEST_CASE("A moved buffer takes its memory along and leaves nothing", "[buffer]") {
  Buffer<int> a(5);
  a[4] = 9;
  const int* const memory = a.data();
  Buffer<int> b = std::move(a);
  CHECK(b.data() == memory);
  CHECK(b[4] == 9);
  CHECK(a.size() == 0);  // NOLINT: what is left is part of the contract
  CHECK(a.span().empty());
}

TEST_CASE("A buffer grows to zeros and never shrinks", "[buffer]") {
  Buffer<int> a(4);
  a.fill(3);
  const int* const memory = a.data();
  a.reserve(2);
  CHECK(a.data() == memory);
  CHECK(a.size() == 4);
  CHECK(a[3] == 3);
  a.reserve(9);
  REQUIRE(a.size() == 9);
  CHECK(std::all_of(a.span().begin(), a.span().end(), [](int v) { return v == 0; }));
}
