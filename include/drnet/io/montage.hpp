// A montage: example images grouped by the resolution that was chosen for them, largest first, as one
// stand-alone SVG picture. (The HTML report shows the same images as a flowing grid.)
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/io/atomic_file.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/png.hpp>
#include <drnet/io/svg_chart.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// One classified image: 8-bit pixels, rows from the top, channels (1 or 3) interleaved.
struct MontageImage {
  int width = 0, height = 0, channels = 3;
  std::vector<std::uint8_t> pixels;
  std::string label;      ///< the true class; empty if not known
  std::string predicted;  ///< the class that the network chose
  int resolution = 0;     ///< the resolution that the predictor chose

  [[nodiscard]] bool correct() const { return label == predicted; }
};

struct MontageOptions {
  int columns = 6;
  int side = 112;      ///< of a picture, in pixels of the SVG
  int per_group = 12;  ///< most images shown of each resolution; the heading counts them all
};

/// The images as a list in an event of a log (docs/log-format.md).
template <class Json = nlohmann::json>
[[nodiscard]] Json image_list(std::span<const MontageImage> images) {
  Json list = Json::array();
  for (const MontageImage& image : images)
    list.push_back({{"width", image.width},
                    {"height", image.height},
                    {"channels", image.channels},
                    {"pixels", markup::to_base64(image.pixels)},
                    {"label", image.label},
                    {"predicted", image.predicted},
                    {"resolution", image.resolution}});
  return list;
}

/// The images as a `montage` event.
template <class Json = nlohmann::json>
[[nodiscard]] Json montage_event(std::span<const MontageImage> images) {
  return {{"event", "montage"}, {"images", image_list<Json>(images)}};
}

namespace montage_detail {

// What takes an image is a template: it is compiled where a picture is made.

/// Images by resolution, largest first.
using Groups = std::map<int, std::vector<const MontageImage*>, std::greater<>>;

Groups by_resolution(const auto& images) {
  Groups groups;
  for (const auto& image : images) groups[image.resolution].push_back(&image);
  return groups;
}

/// "data:image/png;base64,…"; throws Error if the pixels do not fit the sides.
std::string data_uri(const auto& image) {
  const auto png = to_png(image.width, image.height, image.channels, image.pixels);
  return markup::fill_in("data:image/png;base64,{}", {markup::to_base64(png)});
}

/// What a reader needs to know of a prediction without telling colours apart.
struct Caption {
  std::string predicted, remark;
  bool wrong = false;
};
Caption caption(const auto& image, std::size_t characters) {
  if (image.label.empty()) return {markup::shorten(image.predicted, characters), "", false};
  const std::string predicted = markup::shorten(image.predicted, characters - 2);
  if (image.correct()) return {markup::fill_in("✓ {}", {predicted}), "", false};
  return {markup::fill_in("✗ {}", {predicted}),
          markup::fill_in("is {}", {markup::shorten(image.label, characters - 3)}), true};
}

inline std::string image_count(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " image" : " images");
}
inline std::string heading(int resolution, std::size_t count) {
  return std::to_string(resolution) + " px · " + image_count(count);
}

}  // namespace montage_detail

namespace montage_detail {

/// One picture with its caption below, upper left corner at (x, y).
std::string cell(const auto& image, int x, int y, int side) {
  const auto characters = static_cast<std::size_t>(std::max(4, side / 7));
  const Caption words = caption(image, characters);
  const std::string length = std::to_string(side);
  std::string svg = markup::fill_in(R"(<image x="{}" y="{}" width="{}" height="{}" href="{}"/>)",
                                    {std::to_string(x), std::to_string(y), length, length, data_uri(image)});
  svg += svg::detail::text(x, y + side + 14, image.correct() ? "" : "class=\"bold\"", words.predicted);
  if (!words.remark.empty()) svg += svg::detail::text(x, y + side + 28, "class=\"soft\"", words.remark);
  return svg;
}

}  // namespace montage_detail

/// The montage as an SVG document: one block of rows for each resolution. Throws Error for pixels that do
/// not fit their sides, and for options outside their ranges.
template <class Options = MontageOptions>
[[nodiscard]] std::string montage_svg(std::span<const MontageImage> images, const Options& options = {}) {
  if (options.columns < 1 || options.columns > 100 || options.side < 16 || options.side > 4096 ||
      options.per_group < 1)
    throw Error("montage", "1 to 100 columns of 16 to 4096 px and at least 1 image of each resolution",
                std::to_string(options.columns) + " columns, " + std::to_string(options.side) + " px, " +
                    std::to_string(options.per_group) + " images");
  constexpr int kMargin = 10, kGap = 10, kHeading = 30, kCaption = 42;
  const montage_detail::Groups groups = montage_detail::by_resolution(images);
  const int pitch = options.side + kGap;
  std::string content;
  int y = kMargin;
  std::size_t rank = 0;
  for (const auto& [resolution, members] : groups) {
    const svg::Shade shade = svg::resolution_shade(rank++, groups.size());
    content += markup::fill_in(R"(<rect x="{}" y="{}" width="14" height="14" rx="3" fill="{}"/>)",
                               {std::to_string(kMargin), std::to_string(y + 3), shade.fill});
    content += svg::detail::text(kMargin + 22, y + 15, "class=\"bold\" style=\"font-size:14px\"",
                                 montage_detail::heading(resolution, members.size()));
    y += kHeading;
    const int shown = static_cast<int>(std::min(members.size(), static_cast<std::size_t>(options.per_group)));
    for (int i = 0; i < shown; ++i)
      content +=
          montage_detail::cell(*members[static_cast<std::size_t>(i)], kMargin + i % options.columns * pitch,
                               y + i / options.columns * (options.side + kCaption), options.side);
    y += (shown + options.columns - 1) / options.columns * (options.side + kCaption);
  }
  const std::string width = std::to_string(2 * kMargin + options.columns * pitch - kGap),
                    height = std::to_string(y + kMargin);
  return markup::fill_in(
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" role="img" )"
      R"(aria-label="Images by chosen resolution"><style>{}</style>)"
      R"(<rect width="100%" height="100%" class="paper"/>{}</svg>)"
      "\n",
      {width, height, width, height, svg::kChartStyle, content});
}

/// Writes montage_svg() atomically.
template <class Options = MontageOptions>
void write_montage_svg(std::span<const MontageImage> images, const std::filesystem::path& path,
                       const Options& options = {}) {
  const std::string document = montage_svg(images, options);
  write_atomically(path, [&](std::ostream& file) { file << document; });
}

}  // namespace drnet::inline DRNET_ISA
