// The drawn data set: reproducible, balanced, and with pictures for which half the size, three quarters or
// only the whole is enough.
#include <drnet/data/synthetic.hpp>
#include <drnet/kernels/resize.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using drnet::Synthetic, drnet::SyntheticOptions, drnet::Split;

/// A square one-channel picture, [size][size].
struct Plane {
  int size;
  std::vector<float> values;
  [[nodiscard]] double at(int row, int column) const {
    return static_cast<double>(values[static_cast<std::size_t>(row * size + column)]);
  }
};

Plane green_of(const drnet::Image& image) {
  Plane green{image.width, {}};
  for (std::size_t i = 1; i < image.pixels.size(); i += 3)
    green.values.push_back(static_cast<float>(image.pixels[i]));
  return green;
}

Plane resized(const Plane& p, int size) {
  return {size, drnet::resize<float>(p.values, 1, p.size, p.size, size, size)};
}

/// Which way the chevrons seem to point at a size: the sum of the products of the slopes along x and y, which
/// says how stripes lean, right of the shape's centre and with the other sign left of it.
Synthetic::Chevrons direction_at(int size, const Plane& green, const Synthetic::Scene& scene) {
  const Plane p = resized(green, size);
  const double scale = static_cast<double>(size) / green.size;
  const double x = scale * static_cast<double>(scene.x), y = scale * static_cast<double>(scene.y);
  const double inside = 0.45 * scale * static_cast<double>(scene.radius);  // of every kind of shape
  double lean = 0;
  for (int row = 1; row + 1 < size; ++row)
    for (int column = 1; column + 1 < size; ++column) {
      const double dx = column + 0.5 - x, dy = row + 0.5 - y;
      if (dx * dx + dy * dy > inside * inside || std::abs(dx) < 1.5) continue;
      const double product =
          (p.at(row, column + 1) - p.at(row, column - 1)) * (p.at(row + 1, column) - p.at(row - 1, column));
      lean += dx > 0 ? product : -product;
    }
  return lean > 0 ? Synthetic::Chevrons::down : Synthetic::Chevrons::up;
}

}  // namespace

TEST_CASE("synthetic: a picture is a function of seed, split and index", "[synthetic]") {
  const Synthetic a({.images = 50, .seed = 7}), b({.images = 1000, .seed = 7}),
      other({.images = 50, .seed = 8});
  const Synthetic test({.images = 50, .seed = 7, .split = Split::test});
  for (std::size_t i = 0; i < 50; ++i) {
    const auto pixels = a.image(i).pixels;
    CHECK(pixels == b.image(i).pixels);
    CHECK(pixels != other.image(i).pixels);
    CHECK(pixels != test.image(i).pixels);
  }
  std::vector<std::uint8_t> elsewhere;
  std::thread([&] { elsewhere = a.image(11).pixels; }).join();
  CHECK(elsewhere == a.image(11).pixels);
}

TEST_CASE("synthetic: sizes, labels and names", "[synthetic]") {
  const Synthetic set({.images = 100, .size = 48});
  CHECK(set.size() == 100);
  CHECK(set.class_names().size() == 10);
  CHECK(std::set<std::string>(set.class_names().begin(), set.class_names().end()).size() == 10);
  std::vector<int> count(10);
  for (std::size_t i = 0; i < 100; ++i) {
    ++count.at(static_cast<std::size_t>(set.label(i)));
    const auto scene = set.scene(i);
    const auto& name = set.class_names()[static_cast<std::size_t>(set.label(i))];
    CHECK(name.starts_with(scene.chevrons == Synthetic::Chevrons::up ? "upward " : "downward "));
    CHECK(name.ends_with("star") == (scene.shape == Synthetic::Shape::star));
    CHECK(set.difficulty(i) == std::max(scene.frequency[0], scene.frequency[1]));
    CHECK(set.difficulty(i) < 0.5F);
  }
  CHECK(count == std::vector<int>(10, 10));
  const auto image = set.image(3);
  CHECK(image.height == 48);
  CHECK(image.width == 48);
  CHECK(image.pixels.size() == 48 * 48 * 3);
  CHECK_THROWS_AS(set.image(100), drnet::Error);
  CHECK_THROWS_AS(set.label(100), drnet::Error);
}

TEST_CASE("synthetic: a smaller copy turns the chevrons that are too fine for it", "[synthetic]") {
  const Synthetic set({.images = 1200, .seed = 3, .size = 48, .fine = 0.3F, .medium = 0.3F, .noise = 0.0F});
  std::array<int, 3> pictures{};
  std::array<std::array<double, 3>, 3> right{};  // share by detail and size
  constexpr std::array<int, 3> sizes = {24, 36, 48};
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto scene = set.scene(i);
    const auto detail = static_cast<std::size_t>(scene.detail);
    const Plane green = green_of(set.image(i));
    ++pictures[detail];
    for (std::size_t s = 0; s < 3; ++s)
      right[detail][s] += direction_at(sizes[s], green, scene) == scene.chevrons ? 1 : 0;
  }
  for (std::size_t d = 0; d < 3; ++d) {
    CAPTURE(d, pictures[d]);
    CHECK(pictures[d] > 300);
    for (double& share : right[d]) share /= pictures[d];
  }
  const auto [coarse, medium, fine] = right;
  CHECK(coarse[0] > 0.95);
  CHECK(coarse[1] > 0.95);
  CHECK(coarse[2] > 0.95);
  CHECK(std::abs(medium[0] - 0.5) < 0.1);  // half of the band lies above the limit
  CHECK(medium[1] > 0.95);
  CHECK(medium[2] > 0.95);
  CHECK(fine[0] < 0.3);  // all of it does, and little is left of it
  CHECK(std::abs(fine[1] - 0.5) < 0.1);
  CHECK(fine[2] > 0.95);
}

TEST_CASE("synthetic: a mirror image shows the same class", "[synthetic]") {
  const Synthetic set({.images = 100, .seed = 9, .size = 64, .fine = 0.0F, .medium = 0.0F});
  for (std::size_t i = 0; i < set.size(); ++i) {
    auto scene = set.scene(i);
    Plane green = green_of(set.image(i));
    for (auto row = green.values.begin(); row != green.values.end(); row += 64) std::reverse(row, row + 64);
    scene.x = 64.0F - scene.x;
    CHECK(direction_at(64, green, scene) == scene.chevrons);
  }
}

TEST_CASE("synthetic: the shares of detail are options", "[synthetic]") {
  using Detail = Synthetic::Detail;
  const Synthetic coarse({.images = 300, .fine = 0.0F, .medium = 0.0F}),
      medium({.fine = 0.0F, .medium = 1.0F}), fine({.images = 300, .fine = 1.0F, .medium = 0.0F});
  for (std::size_t i = 0; i < 300; ++i) {
    CHECK(coarse.scene(i).detail == Detail::coarse);
    CHECK(coarse.difficulty(i) < 0.15F);
    CHECK(medium.scene(i).detail == Detail::medium);
    CHECK(std::abs(medium.difficulty(i) - 0.25F) < 0.026F);
    CHECK(fine.scene(i).detail == Detail::fine);
    CHECK(std::abs(fine.difficulty(i) - 0.375F) < 0.026F);
  }
  CHECK_THROWS_AS(Synthetic({.fine = 1.5F}), drnet::Error);
  CHECK_THROWS_AS(Synthetic({.fine = 0.6F, .medium = 0.5F}), drnet::Error);
}

TEST_CASE("synthetic: the shape is where the scene says, in the stripes' colours", "[synthetic]") {
  const Synthetic set({.images = 200, .seed = 5, .noise = 0.0F});
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto scene = set.scene(i);
    const auto image = set.image(i);
    const int x = static_cast<int>(scene.x), y = static_cast<int>(scene.y);
    for (int c = 0; c < 3; ++c) {
      const auto channel = static_cast<std::size_t>(c);
      const float low = 255.0F * std::min(scene.crest[channel], scene.trough[channel]) - 1.0F;
      const float high = 255.0F * std::max(scene.crest[channel], scene.trough[channel]) + 1.0F;
      CHECK(image.at(y, x, c) >= low);
      CHECK(image.at(y, x, c) <= high);
    }
  }
}

TEST_CASE("synthetic: options out of range are named", "[synthetic]") {
  CHECK_THROWS_AS(Synthetic({.images = 0}), drnet::Error);
  CHECK_THROWS_AS(Synthetic({.size = 8}), drnet::Error);
  CHECK_THROWS_AS(Synthetic({.size = 100'000}), drnet::Error);
  CHECK_THROWS_AS(Synthetic({.noise = -1.0F}), drnet::Error);
  try {
    const Synthetic set({.images = 0});
    FAIL("no error");
  } catch (const drnet::Error& e) {
    CHECK(e.place() == "SyntheticOptions::images");
  }
}
