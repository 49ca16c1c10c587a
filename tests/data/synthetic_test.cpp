// The drawn data set: reproducible, balanced, and with pictures that half the size does and does not suffice
// for.
#include <drnet/data/synthetic.hpp>
#include <drnet/kernels/resize.hpp>

#include <support/catch.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using drnet::Synthetic, drnet::SyntheticOptions, drnet::Split;

/// Variance of the green channel of a size x size picture in the middle of the scene's shape.
double variance(const std::vector<float>& green, int size, double x, double y, double radius) {
  double sum = 0, squares = 0;
  int count = 0;
  for (int row = 0; row < size; ++row)
    for (int column = 0; column < size; ++column) {
      const double dx = column + 0.5 - x, dy = row + 0.5 - y;
      if (dx * dx + dy * dy > radius * radius) continue;
      const double v = static_cast<double>(green[static_cast<std::size_t>(row * size + column)]);
      sum += v;
      squares += v * v;
      ++count;
    }
  return squares / count - sum / count * (sum / count);
}

/// The share of the texture's variance that is left after an antialiased resize to half.
double left_at_half(const Synthetic& set, std::size_t index) {
  const auto image = set.image(index);
  const auto scene = set.scene(index);
  std::vector<float> green;
  for (std::size_t i = 1; i < image.pixels.size(); i += 3)
    green.push_back(static_cast<float>(image.pixels[i]));
  const auto half =
      drnet::resize<float>(green, 1, image.height, image.width, image.height / 2, image.width / 2);
  const double x = static_cast<double>(scene.x), y = static_cast<double>(scene.y);
  const double radius = 0.45 * static_cast<double>(scene.radius);  // inside every kind of shape
  const double before = variance(green, image.width, x, y, radius);
  return variance(half, image.width / 2, x / 2, y / 2, radius / 2) / before;
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
    CHECK(name.starts_with(scene.texture == Synthetic::Texture::stripes ? "striped" : "checked"));
    CHECK(name.ends_with("star") == (scene.shape == Synthetic::Shape::star));
    CHECK(scene.period >= Synthetic::kMinFine);
    CHECK(set.difficulty(i) == 1.0F / scene.period);
  }
  CHECK(count == std::vector<int>(10, 10));
  const auto image = set.image(3);
  CHECK(image.height == 48);
  CHECK(image.width == 48);
  CHECK(image.pixels.size() == 48 * 48 * 3);
  CHECK_THROWS_AS(set.image(100), drnet::Error);
  CHECK_THROWS_AS(set.label(100), drnet::Error);
}

TEST_CASE("synthetic: half the size keeps coarse texture and loses fine texture", "[synthetic]") {
  const Synthetic set({.images = 600, .seed = 3, .noise = 0.0F});
  int fine = 0, coarse = 0;
  double left_of_fine = 0, left_of_coarse = 0;
  for (std::size_t i = 0; i < set.size(); ++i)
    if (set.difficulty(i) > 0.3F) {
      ++fine;
      left_of_fine += left_at_half(set, i);
    } else {
      ++coarse;
      left_of_coarse += left_at_half(set, i);
    }
  CHECK(fine > 240);
  CHECK(coarse > 240);
  CHECK(left_of_fine / fine < 0.05);
  CHECK(left_of_coarse / coarse > 0.25);
}

TEST_CASE("synthetic: the share of fine textures is an option", "[synthetic]") {
  const Synthetic none({.images = 300, .fine = 0.0F}), all({.images = 300, .fine = 1.0F});
  for (std::size_t i = 0; i < 300; ++i) {
    CHECK(none.difficulty(i) < 0.25F);
    CHECK(all.difficulty(i) > 1.0F / 3.0F);
  }
  CHECK_THROWS_AS(Synthetic({.fine = 1.5F}), drnet::Error);
}

TEST_CASE("synthetic: the shape is where the scene says, in the texture's colours", "[synthetic]") {
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
