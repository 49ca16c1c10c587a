// Charts as inline SVG text: what all of them share, and lines; svg_bars.hpp and svg_scatter.hpp have the
// others. Colours come from CSS variables (kChartStyle), so that one chart serves light, dark and print; NaN
// is a gap, never a point. Palettes: Okabe & Ito (2008) for series, viridis for ordered resolutions; both are
// safe for colour-blind eyes.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/markup.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA::svg {

/// CSS of every chart: seven series colours --c0 to --c6, ink, grid and paper, for both colour schemes.
inline constexpr std::string_view kChartStyle = R"(:root{color-scheme:light dark;
--paper:#fff;--card:#f5f7f9;--ink:#1b2027;--soft:#57606a;--grid:#dde2e8;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b8588f;--c4:#c98a00;--c5:#3a9fd6;--c6:#1b2027}
@media screen and (prefers-color-scheme:dark){:root{
--paper:#14171c;--card:#1d2229;--ink:#e8ebef;--soft:#a3acb8;--grid:#343b45;
--c0:#4c9be8;--c1:#f0743e;--c2:#2bc48a;--c3:#e39ac6;--c4:#f2b53b;--c5:#9ad4f5;--c6:#e8ebef}}
svg text{font-family:system-ui,sans-serif;font-size:12px;fill:var(--ink)}
svg .soft{fill:var(--soft)}svg .bold{font-weight:600}
svg .grid{stroke:var(--grid);stroke-width:1;fill:none}
svg .axis{stroke:var(--soft);stroke-width:1;fill:none}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .dots{fill:none;stroke-width:5.5;stroke-linecap:round}
svg .faint{opacity:.55;stroke-width:1.2}svg .halo{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
svg .bar{stroke:var(--paper);stroke-width:1}svg .paper{fill:var(--paper)}
)";

inline constexpr std::size_t kSeriesColors = 7;

/// "var(--c3)"; colours repeat after seven series, dashes and marks then tell them apart.
[[nodiscard]] inline std::string series_color(std::size_t index) {
  return markup::fill_in("var(--c{})", {std::to_string(index % kSeriesColors)});
}

/// Stroke dashes of series 0 to 6, 7 to 13, …
[[nodiscard]] inline std::string_view series_dashes(std::size_t index) {
  constexpr std::array<std::string_view, 6> kDashes{"none", "7 4", "1 5", "9 4 1 4", "3 4", "14 5"};
  return kDashes[index / kSeriesColors % kDashes.size()];
}

/// Fill of the `rank`-th of `count` resolutions, largest first, and black or white, whichever reads on it.
struct Shade {
  std::string fill;
  std::string_view text;
};
[[nodiscard]] inline Shade resolution_shade(std::size_t rank, std::size_t count) {
  constexpr std::array<std::array<int, 3>, 6> kViridis{
      {{59, 82, 139}, {44, 114, 142}, {33, 145, 140}, {40, 174, 128}, {94, 201, 98}, {173, 220, 48}}};
  const double at =
      count > 1 ? 5.0 * static_cast<double>(std::min(rank, count - 1)) / static_cast<double>(count - 1) : 0;
  const auto low = std::min<std::size_t>(static_cast<std::size_t>(at), 4);
  std::array<int, 3> rgb{};
  for (std::size_t c = 0; c < 3; ++c)
    rgb[c] = static_cast<int>(
        std::lround(std::lerp(kViridis[low][c], kViridis[low + 1][c], at - static_cast<double>(low))));
  const bool dark = 299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] < 105'000;  // luma of BT.601
  return {markup::fill_in("rgb({})", {join(rgb, ",")}), dark ? "#fff" : "#000"};
}

/// A number as a coordinate: one decimal is a tenth of a pixel.
[[nodiscard]] inline std::string px(double value) {
  return markup::number(value, 1);
}

/// What a chart can place: beyond 10^30 differences lose their meaning, and may overflow.
[[nodiscard]] inline bool plottable(double value) {
  return std::abs(value) < 1e30;
}

/// One axis: a range, and ticks on the multiples of a step that is 1, 2 or 5 times a power of ten; where it
/// is logarithmic, on 1, 2 and 5 times the powers of ten.
struct Axis {
  double low = 0, high = 1, step = 1;
  int decimals = 0;
  bool logarithmic = false;

  [[nodiscard]] double fraction(double value) const {
    return logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  }
  [[nodiscard]] std::vector<double> ticks() const {
    std::vector<double> values;
    if (logarithmic) {
      for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10)
        for (const double times : {1, 2, 5})
          if (const double tick = times * power; tick >= 0.999 * low && tick <= 1.001 * high)
            values.push_back(tick);
      return values;
    }
    const double first = std::ceil(low / step - 1e-6), last = std::floor(high / step + 1e-6);
    for (double i = first; i <= last; ++i) values.push_back(i * step);
    return values;
  }
  /// What stands beside a tick.
  [[nodiscard]] std::string text(double tick) const {
    return markup::number(
        tick, logarithmic ? std::max(0, static_cast<int>(-std::floor(std::log10(tick) + 1e-6))) : decimals);
  }
};

/// The axis of the plottable values: about five ticks, no narrower than `least_step`. One value, equal values
/// or none get a range around them.
template <class Values>
[[nodiscard]] Axis nice_axis(const Values& values, double least_step = 0) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values)
    if (plottable(value)) low = std::min(low, value), high = std::max(high, value);
  if (low > high) low = 0, high = 1;
  const double magnitude = std::max(std::abs(low), std::abs(high));
  if (high - low <= 1e-9 * magnitude) {  // also keeps a step representable beside its values
    const double around = magnitude > 0 ? 0.1 * magnitude : 0.5;
    low -= around, high += around;
  }
  const double rough = std::max({(high - low) / 5, least_step, 1e-30});
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double times = rough / power;
  Axis axis;
  axis.step = power * (times <= 1.0001 ? 1 : times <= 2.0001 ? 2 : times <= 5.0001 ? 5 : 10);
  axis.low = axis.step * std::floor(low / axis.step + 1e-6);
  axis.high = axis.step * std::ceil(high / axis.step - 1e-6);
  if (axis.high <= axis.low) axis.high = axis.low + axis.step;
  axis.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(axis.step) + 1e-6)));
  return axis;
}

/// The logarithmic axis of the plottable values above 0, if the largest is at least `ratio` times the
/// smallest (and not 10^6 times); nothing otherwise.
template <class Values>
[[nodiscard]] std::optional<Axis> log_axis(const Values& values, double ratio) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const double value : values)
    if (plottable(value)) low = std::min(low, value), high = std::max(high, value);
  if (!(low > 1e-30) || high < ratio * low || high > 1e6 * low) return std::nullopt;
  return Axis{.low = low / 1.15, .high = 1.15 * high, .step = 1, .decimals = 0, .logarithmic = true};
}

struct Point {
  double x = 0, y = 0;
};

/// A line; `style` selects colour and dashes.
struct Series {
  std::string name;
  std::size_t style = 0;
  std::vector<Point> points;
  bool faint = false;  ///< a thin line, without dots
};

/// A vertical line with a name, where something begins.
struct Rule {
  double x = 0;
  std::string name;
};

struct ChartText {
  std::string title;    ///< what is drawn, with the unit of y
  std::string x_title;  ///< with the unit of x
  double least_x_step = 0;
  std::vector<Rule> rules{};
  std::string alternative{};  ///< what is read out in place of the picture; empty: the title
  std::string description{};  ///< what else is read out
};

/// Width and height of a chart in its own pixels; the page scales it.
struct Size {
  double width = 420, height = 270;
};

namespace detail {

/// The plot rectangle of every chart with two axes, in a picture of width x height.
struct Frame {
  double width = 420, height = 270, left = 50, top = 30, right = 408, bottom = 228;
  Axis x{}, y{};
  std::vector<std::string> x_names{};  // of x = 0, 1, ... in place of numbers

  static Frame of(const Size& size) {
    return {.width = size.width, .height = size.height, .right = size.width - 12, .bottom = size.height - 42};
  }

  [[nodiscard]] double place_x(double value) const { return left + x.fraction(value) * (right - left); }
  [[nodiscard]] double place_y(double value) const { return bottom - y.fraction(value) * (bottom - top); }
};

/// About the width of 12 px text; a character of several bytes counts once.
inline double text_width(std::string_view content) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return 7 * static_cast<double>(std::count_if(content.begin(), content.end(), begins));
}

inline std::string text(double x, double y, std::string_view attributes, std::string_view content) {
  return markup::fill_in(R"(<text x="{}" y="{}" {}>{}</text>)",
                         {px(x), px(y), attributes, markup::escape(content)});
}

inline std::string path(std::string_view attributes, std::string_view commands) {
  return markup::fill_in(R"(<path {} d="{}"/>)", {attributes, commands});
}

inline std::string open_svg(double width, double height, const std::string& title) {
  return markup::fill_in(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)",
                         {px(width), px(height), markup::escape(title)});
}

/// Path commands of a line across the plot.
inline std::string horizontal(const Frame& frame, double y) {
  return markup::fill_in("M{} {}H{}", {px(frame.left), px(y), px(frame.right)});
}

/// Title, grid, tick labels.
std::string open_chart(const auto& frame, const auto& words) {
  std::string svg =
      open_svg(frame.width, frame.height, words.alternative.empty() ? words.title : words.alternative);
  if (!words.description.empty())
    svg += markup::fill_in("<desc>{}</desc>", {markup::escape(words.description)});
  svg += text(8, 16, "class=\"bold\"", words.title);
  std::string grid;
  for (const double tick : frame.y.ticks()) {
    grid += horizontal(frame, frame.place_y(tick));
    svg += text(frame.left - 6, frame.place_y(tick) + 4, "class=\"soft\" text-anchor=\"end\"",
                frame.y.text(tick));
  }
  for (const double tick : frame.x.ticks())
    svg += text(frame.place_x(tick), frame.bottom + 17, "class=\"soft\" text-anchor=\"middle\"",
                frame.x_names.empty() ? frame.x.text(tick) : frame.x_names[static_cast<std::size_t>(tick)]);
  svg += path("class=\"grid\"", grid);
  svg += path("class=\"axis\"", horizontal(frame, frame.bottom));
  svg += text((frame.left + frame.right) / 2, frame.bottom + 36, "class=\"soft\" text-anchor=\"middle\"",
              words.x_title);
  return svg;
}

std::string draw_rules(const auto& frame, std::span<const Rule> rules) {
  std::string svg;
  for (const Rule& rule : rules) {
    const double x = frame.place_x(rule.x);
    if (!plottable(rule.x) || x < frame.left || x > frame.right) continue;
    svg += path("class=\"axis\" stroke-dasharray=\"2 3\"",
                markup::fill_in("M{} {}V{}", {px(x), px(frame.top), px(frame.bottom)}));
    svg += text(x + 4, frame.top + 10, "class=\"soft halo\"", rule.name);
  }
  return svg;
}

inline std::string no_data(const Frame& frame) {
  return text((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2,
              "class=\"soft\" text-anchor=\"middle\"", "no data");
}

/// Circle, square, triangle or diamond, by the style's repetition of colours.
inline std::string mark(double x, double y, std::size_t style) {
  constexpr std::array<std::string_view, 4> kShapes{"m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
                                                    "m-4.5 -4.5h9v9h-9z", "m0 -6l5.5 10h-11z",
                                                    "m0 -6l6 6l-6 6l-6 -6z"};
  return markup::fill_in(
      R"(<path class="bar" fill="{}" d="M{} {}{}"/>)",
      {series_color(style), px(x), px(y), kShapes[style / kSeriesColors % kShapes.size()]});
}

/// The series as a line with gaps, and dots where a line is solid and has few points, or a point stands
/// alone.
std::string draw_series(const auto& frame, const auto& series) {
  constexpr std::size_t kDottedUpTo = 16;
  const auto usable = [&](std::size_t i) {
    return i < series.points.size() && plottable(series.points[i].x) && plottable(series.points[i].y);
  };
  std::string line, dots;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    if (!usable(i)) continue;
    const bool continues = i > 0 && usable(i - 1);
    const std::string x = px(frame.place_x(series.points[i].x)), y = px(frame.place_y(series.points[i].y));
    line += markup::fill_in("{}{} {}", {continues ? "L" : "M", x, y});
    const bool alone = !continues && !usable(i + 1);
    if (alone || (!series.faint && series.style < kSeriesColors && series.points.size() <= kDottedUpTo))
      dots += markup::fill_in("M{} {}h0", {x, y});
  }
  return markup::fill_in(R"(<g stroke="{}"><title>{}</title><path class="{}" stroke-dasharray="{}" d="{}"/>)"
                         R"(<path class="dots" d="{}"/></g>)",
                         {series_color(series.style), markup::escape(series.name),
                          series.faint ? "line faint" : "line", series_dashes(series.style), line, dots});
}

}  // namespace detail

/// The marks of a series for a legend: a piece of its line, and its point in a scatter chart.
[[nodiscard]] inline std::string legend_mark(std::size_t style) {
  return markup::fill_in(R"(<svg class="mark" width="34" height="14" viewBox="0 0 34 14" aria-hidden="true">)"
                         R"(<path class="line" stroke="{}" stroke-dasharray="{}" d="M2 7H32"/>{}</svg>)",
                         {series_color(style), series_dashes(style), detail::mark(17, 7, style)});
}

/// A piece of its line alone.
[[nodiscard]] inline std::string legend_line(std::size_t style) {
  return markup::fill_in(R"(<svg class="mark" width="34" height="14" viewBox="0 0 34 14" aria-hidden="true">)"
                         R"(<path class="line" stroke="{}" stroke-dasharray="{}" d="M2 7H32"/></svg>)",
                         {series_color(style), series_dashes(style)});
}

/// A square of a resolution's shade, for a legend.
[[nodiscard]] inline std::string legend_square(const Shade& shade) {
  return markup::fill_in(R"(<svg class="mark" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">)"
                         R"(<rect width="12" height="12" rx="2" fill="{}"/></svg>)",
                         {shade.fill});
}

/// Several series in one chart, 420 x 270.
template <class Words = ChartText>
[[nodiscard]] std::string line_chart(std::span<const Series> series, const Words& words) {
  std::vector<double> x, y;
  for (const Series& one : series)
    for (const Point& point : one.points)
      if (plottable(point.x) && plottable(point.y)) x.push_back(point.x), y.push_back(point.y);
  detail::Frame frame;
  frame.x = nice_axis(x, words.least_x_step);
  frame.y = nice_axis(y);
  std::string svg = detail::open_chart(frame, words);
  for (const Series& one : series) svg += detail::draw_series(frame, one);
  if (!x.empty()) svg += detail::draw_rules(frame, words.rules);
  return svg + (x.empty() ? detail::no_data(frame) : "") + "</svg>";
}

}  // namespace drnet::inline DRNET_ISA::svg
