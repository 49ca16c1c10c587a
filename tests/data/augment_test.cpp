// Transforms: each operation on its own, the ready pipelines, and pictures of extreme shape.
#include <drnet/data/augment.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

namespace {

using drnet::Draws, drnet::Image, drnet::Operation, drnet::Picture, drnet::Purpose, drnet::Random;

Random random_of(std::uint32_t sample) {
  return {1, Purpose::augmentation, 0, sample};
}

/// [3][rows][columns] with a different value everywhere.
Picture numbered(int rows, int columns) {
  Picture picture(Picture::shape_type{3, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
  for (std::size_t i = 0; i < picture.size(); ++i) picture.data()[i] = static_cast<float>(i + 1);
  return picture;
}

Picture applied(const Operation& operation, const Picture& picture, std::uint32_t sample = 0) {
  Draws draws(random_of(sample));
  return operation(picture, draws);
}

std::array<std::size_t, 3> shape_of(const Picture& picture) {
  return {picture.shape(0), picture.shape(1), picture.shape(2)};
}

Image flat(int rows, int columns, int channels, std::uint8_t value) {
  const auto samples = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns * channels);
  return {rows, columns, channels, std::vector<std::uint8_t>(samples, value)};
}

using Shape = std::array<std::size_t, 3>;

}  // namespace

TEST_CASE("to_picture: planes of [0, 1], grey three times", "[augment]") {
  const auto color = drnet::to_picture({1, 2, 3, {0, 51, 102, 153, 204, 255}});
  CHECK(shape_of(color) == Shape{3, 1, 2});
  CHECK(std::vector<float>(color.data(), color.data() + 6) ==
        std::vector<float>{0.0F, 153 / 255.0F, 51 / 255.0F, 204 / 255.0F, 102 / 255.0F, 1.0F});
  const auto grey = drnet::to_picture({2, 1, 1, {255, 51}});
  CHECK(shape_of(grey) == Shape{3, 2, 1});
  CHECK(std::vector<float>(grey.data(), grey.data() + 6) == std::vector<float>{1, 0.2F, 1, 0.2F, 1, 0.2F});
  CHECK_THROWS_AS(drnet::to_picture({2, 2, 3, {1, 2, 3}}), drnet::Error);
  CHECK_THROWS_AS(drnet::to_picture({2, 2, 2, std::vector<std::uint8_t>(8)}), drnet::Error);
  CHECK_THROWS_AS(drnet::to_picture({}), drnet::Error);
}

TEST_CASE("random_crop: a window of the padded picture, all positions", "[augment]") {
  const Picture picture = numbered(4, 5);
  std::set<float> corners;
  for (std::uint32_t sample = 0; sample < 400; ++sample) {
    const Picture window = applied(drnet::random_crop(4, 1), picture, sample);
    REQUIRE(shape_of(window) == Shape{3, 4, 4});
    // Find the offset from an inner value, then check the window against padding of zeros.
    const int index = static_cast<int>(window(0, 1, 1)) - 1, top = index / 5 - 1, left = index % 5 - 1;
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) {
        const int row = top + y, column = left + x;
        const bool inside = row >= 0 && row < 4 && column >= 0 && column < 5;
        CHECK(window(2, y, x) == (inside ? picture(2, row, column) : 0.0F));
      }
    corners.insert(window(0, 1, 1));
  }
  CHECK(corners.size() == 3 * 4);  // (4 + 2 - 4 + 1) x (5 + 2 - 4 + 1) positions
  CHECK((applied(drnet::random_crop(4, 0), numbered(4, 4)) == numbered(4, 4)));
  CHECK_THROWS_AS(applied(drnet::random_crop(8, 1), picture), drnet::Error);
  CHECK_THROWS_AS(drnet::random_crop(4, -1), drnet::Error);
}

TEST_CASE("half_turn: rows and columns from the other end", "[augment]") {
  const Picture picture = numbered(2, 3), turned = applied(drnet::half_turn(), picture);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 3; ++x) CHECK(turned(c, y, x) == picture(c, 1 - y, 2 - x));
}

TEST_CASE("random_flip: mirrors columns, with its probability", "[augment]") {
  const Picture picture = numbered(3, 4);
  const Picture mirrored = applied(drnet::random_flip(1.0), picture);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t y = 0; y < 3; ++y)
      for (std::size_t x = 0; x < 4; ++x) CHECK(mirrored(c, y, x) == picture(c, y, 3 - x));
  CHECK((applied(drnet::random_flip(0.0), picture) == picture));
  int flips = 0;
  for (std::uint32_t sample = 0; sample < 1000; ++sample)
    flips += applied(drnet::random_flip(0.5), picture, sample) == mirrored ? 1 : 0;
  CHECK(flips > 420);
  CHECK(flips < 580);
  CHECK_THROWS_AS(drnet::random_flip(1.5), drnet::Error);
}

TEST_CASE("random_resized_crop: windows of the wanted area and aspect", "[augment]") {
  // A ramp along the columns: the spread of the result shows how wide the window was.
  Picture ramp(Picture::shape_type{3, 100, 100});
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t y = 0; y < 100; ++y)
      for (std::size_t x = 0; x < 100; ++x) ramp(c, y, x) = static_cast<float>(x);
  float narrowest = 100, widest = 0;
  for (std::uint32_t sample = 0; sample < 300; ++sample) {
    const Picture window =
        applied(drnet::random_resized_crop(10, {.min_scale = 0.25, .max_scale = 0.25}), ramp, sample);
    REQUIRE(shape_of(window) == Shape{3, 10, 10});
    const float wide = (window(0, 0, 8) - window(0, 0, 1)) / 7 * 10;  // inner pixels: no border effect
    narrowest = std::min(narrowest, wide);
    widest = std::max(widest, wide);
  }
  CHECK(narrowest == Approx(50 * std::sqrt(0.75)).epsilon(0.03));  // sqrt(0.25 * 100^2 * ratio)
  CHECK(widest == Approx(50 / std::sqrt(0.75)).epsilon(0.03));
  const Picture whole = applied(drnet::random_resized_crop(100, {1.0, 1.0, 1.0, 1.0}), ramp);
  CHECK((whole == ramp));
  CHECK_THROWS_AS(drnet::random_resized_crop(0), drnet::Error);
  CHECK_THROWS_AS(drnet::random_resized_crop(8, {.min_scale = 0.0}), drnet::Error);
  CHECK_THROWS_AS(drnet::random_resized_crop(8, {.min_scale = 0.9, .max_scale = 0.5}), drnet::Error);
  CHECK_THROWS_AS(drnet::random_resized_crop(8, {.min_ratio = -1.0}), drnet::Error);
}

TEST_CASE("normalize: by channel", "[augment]") {
  const Picture one = xt::ones<float>({3, 2, 2});
  const Picture result = applied(drnet::normalize({{0.5F, 0.25F, 1.0F}, {0.5F, 0.25F, 2.0F}}), one);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(result.data()[i] == 1.0F);
    CHECK(result.data()[4 + i] == 3.0F);
    CHECK(result.data()[8 + i] == 0.0F);
  }
  CHECK_THROWS_AS(drnet::normalize({{0, 0, 0}, {1, 0, 1}}), drnet::Error);
}

TEST_CASE("resize_shorter and center_crop keep the middle", "[augment]") {
  CHECK(shape_of(applied(drnet::resize_shorter(8), numbered(16, 24))) == Shape{3, 8, 12});
  CHECK(shape_of(applied(drnet::resize_shorter(8), numbered(21, 4))) == Shape{3, 42, 8});
  const Picture picture = numbered(6, 9);
  const Picture middle = applied(drnet::center_crop(3), picture);
  CHECK(shape_of(middle) == Shape{3, 3, 3});
  CHECK(middle(1, 0, 0) == picture(1, 2, 3));  // rows: 1.5 rounds to even
  CHECK_THROWS_AS(applied(drnet::center_crop(7), picture), drnet::Error);
  CHECK(shape_of(applied(drnet::resize_to(5), picture)) == Shape{3, 5, 5});
  CHECK_THROWS_AS(drnet::resize_to(-5), drnet::Error);
}

TEST_CASE("pictures of extreme shape pass every ready transform", "[augment]") {
  const std::vector<drnet::Transform> transforms{drnet::train_transform({.size = 32}),
                                                 drnet::eval_transform({.size = 32, .resize_shorter = 40}),
                                                 drnet::eval_transform({.size = 32, .resize_shorter = 0})};
  for (const auto& [rows, columns] :
       {std::pair(1, 1), std::pair(20000, 1), std::pair(1, 20000), std::pair(3, 500)})
    for (const auto& transform : transforms) {
      const Picture picture = transform(flat(rows, columns, 1, 255), random_of(3));
      REQUIRE(shape_of(picture) == Shape{3, 32, 32});
      for (std::size_t c = 0; c < 3; ++c) {
        const drnet::Normalization n;
        const float expected = (1.0F - n.mean[c]) / n.deviation[c];
        CHECK(picture(c, 0, 0) == Approx(expected).epsilon(1e-5));
        CHECK(picture(c, 31, 31) == Approx(expected).epsilon(1e-5));
      }
    }
}

TEST_CASE("a transform is a function of picture and random numbers", "[augment]") {
  Image image{40, 40, 3, {}};
  for (int i = 0; i < 40 * 40 * 3; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 37 % 256));
  const auto transform = drnet::train_transform({.size = 32, .crop = drnet::PaddedCrop{4}});
  CHECK((transform(image, random_of(5)) == transform(image, random_of(5))));
  CHECK((transform(image, random_of(5)) != transform(image, random_of(6))));
  const auto eval = drnet::eval_transform({.size = 32, .resize_shorter = 36});
  CHECK((eval(image, random_of(5)) == eval(image, random_of(6))));
  const auto turned = eval.then([](Picture picture, Draws&) -> Picture { return -picture; });
  CHECK((turned(image, random_of(0)) == -eval(image, random_of(0))));
}

TEST_CASE("ready transforms refuse what cannot be", "[augment]") {
  CHECK_THROWS_AS(drnet::train_transform({.size = 0}), drnet::Error);
  CHECK_THROWS_AS(drnet::eval_transform({.size = 100, .resize_shorter = 50}), drnet::Error);
  CHECK_THROWS_AS(drnet::eval_transform({.size = 100'000, .resize_shorter = 0}), drnet::Error);
}
