// A data set that the program draws: every picture holds one textured shape before a cluttered background,
// and its class is the pair (shape, texture). The texture's period is drawn from just above two pixels
// upwards, so that some pictures keep their class at half the size and others do not: fine texture averages
// to plain colour. pixels [size][size][3]; a picture is a function of (seed, split, index).
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
#include <vector>

namespace drnet::inline DRNET_ISA {

struct SyntheticOptions {
  std::size_t images = 10'000;
  std::uint64_t seed = 0;
  Split split = Split::train;  ///< the two splits of a seed share no picture
  int size = 32;               ///< height and width in pixels, 24 to 1024
  float fine = 0.5F;           ///< share of pictures whose texture is lost at half the size
  float noise = 0.06F;         ///< half width of the uniform noise of every sample, of a range of 1
};

/// See the head of this file. Classes: 5 shapes x 2 textures, in turn (label = index mod 10).
/// Throws Error for options out of range.
class Synthetic final : public Dataset {
 public:
  enum class Shape { disc, square, triangle, cross, star };
  enum class Texture { stripes, checks };
  static constexpr int kShapes = 5, kTextures = 2;
  /// Periods of fine textures, in pixels (sampling would lose a period of 2), and where coarse ones start: at
  /// half the size they still have more than three pixels.
  static constexpr float kMinFine = 2.2F, kMaxFine = 2.5F, kMinCoarse = 7.0F;

  using Color = std::array<float, 3>;  // red, green, blue in [0, 1]

  /// A blob or a stroke of the background: all points closer than `radius` to the segment from a to b.
  struct Clutter {
    float ax, ay, bx, by, radius;
    Color color;
  };

  /// Everything that is drawn in a picture except its noise; lengths in pixels, angles in radians.
  struct Scene {
    Shape shape;
    Texture texture;
    float period;        ///< distance between two wave crests of the texture
    float x, y, radius;  ///< centre and size of the shape
    float shape_angle, texture_angle, phase;
    Color crest, trough;           ///< the texture's two colours
    Color top_left, bottom_right;  ///< the background runs from one to the other
    std::array<Clutter, 3> clutter;
  };

  explicit Synthetic(const SyntheticOptions& options) : options_(options) {
    require(options.images >= 1 && options.images <= std::numeric_limits<std::uint32_t>::max(), "images",
            "1 to 4294967295", std::to_string(options.images));
    require(options.size >= 24 && options.size <= 1024, "size", "24 to 1024", std::to_string(options.size));
    require(options.fine >= 0.0F && options.fine <= 1.0F, "fine", "0 to 1", std::to_string(options.fine));
    require(options.noise >= 0.0F && options.noise <= 1.0F, "noise", "0 to 1", std::to_string(options.noise));
    for (const char* shape : {"disc", "square", "triangle", "cross", "star"})
      for (const char* texture : {"striped ", "checked "}) names_.push_back(std::string(texture) + shape);
  }

  [[nodiscard]] std::size_t size() const override { return options_.images; }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override {
    return static_cast<int>(checked(index) % (kShapes * kTextures));
  }
  [[nodiscard]] std::string describe(std::size_t index) const override {
    return "synthetic picture " + std::to_string(checked(index)) + " of seed " +
           std::to_string(options_.seed);
  }

  /// The texture's spatial frequency in cycles a pixel: at least 0.4 for fine textures, at most 1/7 for
  /// coarse ones.
  [[nodiscard]] float difficulty(std::size_t index) const { return 1.0F / scene(index).period; }

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
    s.shape = static_cast<Shape>(label(index) / kTextures);
    s.texture = static_cast<Texture>(label(index) % kTextures);
    const bool fine = uniform(0, 1) < options_.fine;
    s.period = fine ? uniform(kMinFine, kMaxFine) : uniform(kMinCoarse, side * (9.0F / 32.0F));
    s.radius = uniform(std::max(side * 0.32F, 1.5F * s.period), side * 0.45F);  // room for some crests
    const float free = side / 2.0F - s.radius * 0.9F;
    s.x = side / 2.0F + uniform(-free, free);
    s.y = side / 2.0F + uniform(-free, free);
    s.shape_angle = uniform(-0.5F, 0.5F);
    s.texture_angle = angle();
    s.phase = angle();
    s.top_left = color(0.0F, 0.6F);
    s.bottom_right = color(0.0F, 0.6F);
    s.crest = color(0.7F, 1.0F);
    s.trough = color(0.2F, 0.6F);
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

  /// The texture in [0, 1]: one wave, or the product of two waves that cross. The period of those is longer
  /// by sqrt(2), so that both textures have the same spatial frequency and differ in their directions alone.
  [[nodiscard]] static float wave(const Scene& s, float x, float y) noexcept {
    const float turn = 2.0F * std::numbers::pi_v<float> / s.period;
    const float u = turn * (std::cos(s.texture_angle) * x + std::sin(s.texture_angle) * y);
    const float v = turn * (std::cos(s.texture_angle) * y - std::sin(s.texture_angle) * x);
    if (s.texture == Texture::stripes) return 0.5F + 0.5F * std::sin(u + s.phase);
    constexpr float kLonger = 1.0F / std::numbers::sqrt2_v<float>;
    return 0.5F + 0.5F * std::sin(kLonger * u + s.phase) * std::sin(kLonger * v - s.phase);
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
