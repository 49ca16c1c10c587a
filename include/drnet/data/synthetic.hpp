// A data set that the program draws: every picture holds one shape full of chevrons before a cluttered
// background, and its class is the pair (shape, whether the chevrons point up or down). Chevrons are stripes
// that lean one way left of the shape's centre and the other way right of it; mirror images keep the class.
//
// What a smaller copy keeps is the sampling theorem: stripes of f cycles a pixel along an axis that is
// resized to s times its pixels turn into stripes of s - f cycles that lean the other way where f > s / 2.
// The bands of f lie around such limits, so that a chevron from above the limit looks like the opposite one
// from below it:
//
//     f    0.11 0.14      0.225 0.275      0.35 0.40     0.5
//           coarse           medium           fine        |
//     s/2                  0.25: half      0.375: 3/4     1: the picture itself
//
// Coarse chevrons survive half the size, medium ones three quarters, fine ones need every pixel.
// pixels [size][size][3]; a picture is a function of (seed, split, index).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/data/dataset.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

struct SyntheticOptions {
  std::size_t images = 10'000;
  std::uint64_t seed = 0;
  Split split = Split::train;  ///< the two splits of a seed share no picture
  int size = 32;               ///< height and width in pixels, 24 to 1024
  float fine = 0.25F;          ///< share of pictures whose chevrons are lost at three quarters of the size
  float medium = 0.25F;        ///< share of those that are lost at half the size only
  float noise = 0.06F;         ///< half width of the uniform noise of every sample, of a range of 1
};

/// See the head of this file. Classes: 5 shapes x 2 directions, in turn (label = index mod 10).
/// Throws Error for options out of range.
class Synthetic final : public Dataset {
 public:
  enum class Shape { disc, square, triangle, cross, star };
  enum class Chevrons { up, down };
  enum class Detail { coarse, medium, fine };
  static constexpr int kShapes = 5, kChevrons = 2;

  using Color = std::array<float, 3>;  // red, green, blue in [0, 1]

  /// A blob or a stroke of the background: all points closer than `radius` to the segment from a to b.
  struct Clutter {
    float ax, ay, bx, by, radius;
    Color color;
  };

  /// Everything that is drawn in a picture except its noise; lengths in pixels, angles in radians.
  struct Scene {
    Shape shape;
    Chevrons chevrons;
    Detail detail;
    std::array<float, 2> frequency;  ///< of the stripes along x and y, in cycles a pixel
    float x, y, radius;              ///< centre and size of the shape
    float shape_angle, phase;
    Color crest, trough;           ///< the stripes' two colours
    Color top_left, bottom_right;  ///< the background runs from one to the other
    std::array<Clutter, 3> clutter;
  };

  explicit Synthetic(const SyntheticOptions& options) : options_(options) {
    require(options.images >= 1 && options.images <= std::numeric_limits<std::uint32_t>::max(), "images",
            "1 to 4294967295", std::to_string(options.images));
    require(options.size >= 24 && options.size <= 1024, "size", "24 to 1024", std::to_string(options.size));
    require(options.fine >= 0.0F && options.fine <= 1.0F, "fine", "0 to 1", std::to_string(options.fine));
    require(options.medium >= 0.0F && options.fine + options.medium <= 1.0F, "medium", "0 to 1 - fine",
            std::to_string(options.medium));
    require(options.noise >= 0.0F && options.noise <= 1.0F, "noise", "0 to 1", std::to_string(options.noise));
    for (const char* shape : {"disc", "square", "triangle", "cross", "star"})
      for (const char* chevrons : {"upward ", "downward "}) names_.push_back(std::string(chevrons) + shape);
  }

  [[nodiscard]] std::size_t size() const override { return options_.images; }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override {
    return static_cast<int>(checked(index) % (kShapes * kChevrons));
  }
  [[nodiscard]] std::string describe(std::size_t index) const override {
    return "synthetic picture " + std::to_string(checked(index)) + " of seed " +
           std::to_string(options_.seed);
  }

  /// The stripes' higher frequency in cycles a pixel: a copy of s times the size keeps their direction where
  /// this is below s / 2.
  [[nodiscard]] float difficulty(std::size_t index) const {
    const auto [along_x, along_y] = scene(index).frequency;
    return std::max(along_x, along_y);
  }

  [[nodiscard]] Scene scene(std::size_t index) const {
    const Random random = random_of(index);
    std::uint32_t draw = 0;  // braces below keep the order of evaluation
    const auto uniform = [&](float lo, float hi) { return random.uniform(draw++, lo, hi); };
    const auto angle = [&] { return uniform(0.0F, 2.0F * std::numbers::pi_v<float>); };
    const auto color = [&](float lo, float hi) {
      return Color{uniform(lo, hi), uniform(lo, hi), uniform(lo, hi)};
    };
    const float side = static_cast<float>(options_.size);

    Scene s{};
    s.shape = static_cast<Shape>(label(index) / kChevrons);
    s.chevrons = static_cast<Chevrons>(label(index) % kChevrons);
    const float detail = uniform(0, 1);
    s.detail = detail < options_.fine                     ? Detail::fine
               : detail < options_.fine + options_.medium ? Detail::medium
                                                          : Detail::coarse;
    const float higher = band(s.detail, uniform(-1, 1)), lower = higher * uniform(0.35F, 0.65F);
    s.frequency = {higher, lower};
    if (uniform(0, 1) < 0.5F) std::swap(s.frequency[0], s.frequency[1]);
    s.radius = uniform(side * 0.38F, side * 0.45F);
    const float free = side / 2.0F - s.radius * 0.9F;
    s.x = side / 2.0F + uniform(-free, free);
    s.y = side / 2.0F + uniform(-free, free);
    s.shape_angle = uniform(-0.5F, 0.5F);
    s.phase = angle();
    s.top_left = color(0.0F, 0.4F);
    s.bottom_right = color(0.0F, 0.4F);
    s.crest = color(0.7F, 1.0F);
    s.trough = color(0.3F, 0.6F);
    for (Clutter& c : s.clutter)
      c = {uniform(0, side),
           uniform(0, side),
           uniform(0, side),
           uniform(0, side),
           uniform(0.02F, 0.06F) * side,
           color(0.1F, 0.9F)};
    return s;
  }

  [[nodiscard]] Image image(std::size_t index) const override {
    const Scene s = scene(index);
    std::vector<Color> canvas = background(s);
    for (const Clutter& c : s.clutter) {
      const auto alpha = [&](float x, float y) { return coverage(stroke_distance(c, x, y)); };
      paint(canvas, alpha, [&](float, float) { return c.color; });
    }
    const auto alpha = [&](float x, float y) { return coverage(shape_distance(s, x, y)); };
    paint(canvas, alpha, [&](float x, float y) { return mix(s.trough, s.crest, wave(s, x, y)); });
    return with_noise(canvas, random_of(index));
  }

 private:
  /// The frequency, in cycles a pixel, at `t` in [-1, 1] of a band.
  [[nodiscard]] static constexpr float band(Detail detail, float t) noexcept {
    if (detail == Detail::coarse) return 0.127F + 0.016F * t;
    return (detail == Detail::medium ? 0.25F : 0.375F) + 0.025F * t;
  }

  /// The first draw of the noise; scenes use fewer than this.
  static constexpr std::uint32_t kNoiseDraw = 1024;

  static void require(bool valid, const char* option, const char* expected, const std::string& got) {
    if (!valid) throw Error(std::string("SyntheticOptions::") + option, expected, got);
  }

  [[nodiscard]] Random random_of(std::size_t index) const {
    return {options_.seed, Purpose::synthetic, options_.split == Split::train ? 0U : 1U,
            static_cast<std::uint32_t>(checked(index))};
  }

  [[nodiscard]] static Color mix(const Color& a, const Color& b, float t) noexcept {
    return {a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])};
  }

  [[nodiscard]] std::vector<Color> background(const Scene& s) const {
    const auto side = static_cast<std::size_t>(options_.size);
    std::vector<Color> canvas(side * side);
    for (std::size_t y = 0; y < side; ++y)
      for (std::size_t x = 0; x < side; ++x)
        canvas[y * side + x] =
            mix(s.top_left, s.bottom_right, static_cast<float>(x + y) / static_cast<float>(2 * side));
    return canvas;
  }

  /// Blends color(x, y) over the canvas by alpha(x, y) in [0, 1]; (x, y) is the centre of a pixel.
  template <class Alpha, class Paint>
  void paint(std::vector<Color>& canvas, Alpha alpha, Paint color) const {
    std::size_t i = 0;
    for (int row = 0; row < options_.size; ++row)
      for (int column = 0; column < options_.size; ++column, ++i) {
        const float x = static_cast<float>(column) + 0.5F, y = static_cast<float>(row) + 0.5F,
                    a = alpha(x, y);
        if (a > 0.0F) canvas[i] = mix(canvas[i], color(x, y), a);
      }
  }

  /// How much of a pixel is inside, from the signed distance (negative inside) of its centre to the edge.
  [[nodiscard]] static float coverage(float distance) noexcept {
    return std::clamp(0.5F - distance, 0.0F, 1.0F);
  }

  [[nodiscard]] static float stroke_distance(const Clutter& c, float x, float y) noexcept {
    const float dx = c.bx - c.ax, dy = c.by - c.ay, length2 = std::max(dx * dx + dy * dy, 1e-6F);
    const float t = std::clamp(((x - c.ax) * dx + (y - c.ay) * dy) / length2, 0.0F, 1.0F);
    return std::hypot(x - c.ax - t * dx, y - c.ay - t * dy) - c.radius;
  }

  /// Signed distance in pixels (near the edge) to the shape, which fits a circle of the scene's radius.
  [[nodiscard]] static float shape_distance(const Scene& s, float x, float y) noexcept {
    const float cosine = std::cos(s.shape_angle), sine = std::sin(s.shape_angle);
    const float u = (cosine * (x - s.x) + sine * (y - s.y)) / s.radius;
    const float v = (cosine * (y - s.y) - sine * (x - s.x)) / s.radius;
    return s.radius * unit_distance(s.shape, u, v);
  }

  [[nodiscard]] static float unit_distance(Shape shape, float u, float v) noexcept {
    const float au = std::abs(u), av = std::abs(v);
    switch (shape) {
      case Shape::disc:
        return std::hypot(u, v) - 0.9F;
      case Shape::square:
        return std::max(au, av) - 0.75F;
      case Shape::triangle:
        return std::max(v, 0.866F * au - 0.5F * v) - 0.55F;
      case Shape::cross:
        return std::min(std::max(au - 0.95F, av - 0.35F), std::max(av - 0.95F, au - 0.35F));
      case Shape::star:
        return 0.6F * (std::hypot(u, v) - 0.72F - 0.28F * std::cos(5.0F * std::atan2(v, u)));
    }
    return 1.0F;
  }

  /// The chevrons in [0, 1]. Rows count downwards, so a crest whose phase falls with y climbs to both sides.
  [[nodiscard]] static float wave(const Scene& s, float x, float y) noexcept {
    const float outwards = s.frequency[0] * std::abs(x - s.x), downwards = s.frequency[1] * (y - s.y);
    const float cycles = s.chevrons == Chevrons::down ? outwards + downwards : outwards - downwards;
    return 0.5F + 0.5F * std::sin(2.0F * std::numbers::pi_v<float> * cycles + s.phase);
  }

  /// 8-bit samples; one random word a pixel gives ten bits of noise to each colour.
  [[nodiscard]] Image with_noise(const std::vector<Color>& canvas, const Random& random) const {
    Image image{options_.size, options_.size, 3, std::vector<std::uint8_t>(3 * canvas.size())};
    for (std::size_t i = 0; i < canvas.size(); ++i) {
      std::uint32_t word = random.bits(kNoiseDraw + static_cast<std::uint32_t>(i));
      for (std::size_t c = 0; c < 3; ++c, word >>= 10) {
        const float noise = options_.noise * (static_cast<float>(word & 1023U) / 511.5F - 1.0F);
        const float sample = std::clamp(canvas[i][c] + noise, 0.0F, 1.0F);
        image.pixels[3 * i + c] = static_cast<std::uint8_t>(255.0F * sample + 0.5F);
      }
    }
    return image;
  }

  SyntheticOptions options_;
  std::vector<std::string> names_;
};

}  // namespace drnet::inline DRNET_ISA
