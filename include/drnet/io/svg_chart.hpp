// Charts as inline SVG text: lines, points with intervals, bars, stacked bars and stacked bands. Colours come
// from CSS variables (kChartStyle), so that one chart serves light, dark and print; NaN is a gap, never a
// point. Palettes: Okabe & Ito (2008) for series, viridis for ordered resolutions; both are safe for
// colour-blind eyes.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/markup.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
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
svg .halo{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
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

/// One axis: a range, and ticks on the multiples of a step that is 1, 2 or 5 times a power of ten.
struct Axis {
  double low = 0, high = 1, step = 1;
  int decimals = 0;

  [[nodiscard]] double fraction(double value) const { return (value - low) / (high - low); }
  [[nodiscard]] std::vector<double> ticks() const {
    std::vector<double> values;
    const double first = std::ceil(low / step - 1e-6), last = std::floor(high / step + 1e-6);
    for (double i = first; i <= last; ++i) values.push_back(i * step);
    return values;
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

struct Point {
  double x = 0, y = 0;
};

/// A line; `style` selects colour and dashes.
struct Series {
  std::string name;
  std::size_t style = 0;
  std::vector<Point> points;
};

/// A measured value with an interval; NaN bounds draw none.
struct Measurement {
  std::string name;   ///< in the tooltip
  std::string label;  ///< beside the point
  std::size_t style = 0;
  Point at;
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;
};

/// One part of a stacked bar or band.
struct Part {
  std::string name;
  Shade shade;
};

/// One bar of a bar chart.
struct Bar {
  std::string name;   ///< below the bar
  double value = 0;   ///< its height, at least 0
  std::string label;  ///< above the bar
  std::string fill;
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
};

namespace detail {

/// The plot rectangle of every chart with two axes, in a picture of width x height.
struct Frame {
  double width = 420, height = 270, left = 50, top = 30, right = 408, bottom = 228;
  Axis x{}, y{};
  std::vector<std::string> x_names{};  // of x = 0, 1, ... in place of numbers

  [[nodiscard]] double place_x(double value) const { return left + x.fraction(value) * (right - left); }
  [[nodiscard]] double place_y(double value) const { return bottom - y.fraction(value) * (bottom - top); }
};

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
  svg += text(8, 16, "class=\"bold\"", words.title);
  std::string grid;
  for (const double tick : frame.y.ticks()) {
    grid += horizontal(frame, frame.place_y(tick));
    svg += text(frame.left - 6, frame.place_y(tick) + 4, "class=\"soft\" text-anchor=\"end\"",
                markup::number(tick, frame.y.decimals));
  }
  for (const double tick : frame.x.ticks())
    svg += text(frame.place_x(tick), frame.bottom + 17, "class=\"soft\" text-anchor=\"middle\"",
                frame.x_names.empty() ? markup::number(tick, frame.x.decimals)
                                      : frame.x_names[static_cast<std::size_t>(tick)]);
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

/// The series as a line with gaps, and dots where there are few points or one stands alone.
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
    if (alone || series.points.size() <= kDottedUpTo) dots += markup::fill_in("M{} {}h0", {x, y});
  }
  return markup::fill_in(
      R"(<g stroke="{}"><title>{}</title><path class="line" stroke-dasharray="{}" d="{}"/>)"
      R"(<path class="dots" d="{}"/></g>)",
      {series_color(series.style), markup::escape(series.name), series_dashes(series.style), line, dots});
}

}  // namespace detail

/// The marks of a series for a legend: a piece of its line, and its point in a scatter chart.
[[nodiscard]] inline std::string legend_mark(std::size_t style) {
  return markup::fill_in(R"(<svg class="mark" width="34" height="14" viewBox="0 0 34 14" aria-hidden="true">)"
                         R"(<path class="line" stroke="{}" stroke-dasharray="{}" d="M2 7H32"/>{}</svg>)",
                         {series_color(style), series_dashes(style), detail::mark(17, 7, style)});
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

namespace detail {

struct Box {
  double left, top, right, bottom;
  [[nodiscard]] bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  [[nodiscard]] bool contains(const Box& other) const {
    return left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom;
  }
};

/// Finds places for labels, greedily: beside the point or some lines away with a leader; clear of points,
/// labels and intervals, or at least of points and labels. A label without a place is left out (its point
/// has a tooltip and a row in the table).
class LabelPlacer {
 public:
  explicit LabelPlacer(Box area) : area_(area) {}

  void occupy(Box box) { taken_.push_back(box); }
  void avoid(Box box) { avoided_.push_back(box); }

  std::string place(double x, double y, std::string_view label) {
    constexpr double kCharacter = 6.6;  // mean width in 12 px text
    const double width = kCharacter * static_cast<double>(label.size());
    for (const bool strict : {true, false})
      for (const int line : {0, -1, 1, -2, 2, -3, 3, -4, 4})
        for (const bool right : {true, false}) {
          const double left = right ? x + 9 : x - 9 - width, top = y + kLine * (line - 0.5);
          const Box box{left, top, left + width, top + kLine};
          if (!area_.contains(box) || hits(taken_, box) || (strict && hits(avoided_, box))) continue;
          taken_.push_back(box);
          const double end = right ? box.left - 1 : box.right + 1;
          const std::string leader =
              markup::fill_in("M{} {}L{} {}", {px(x), px(y), px(end), px(top + kLine / 2)});
          return (std::abs(line) > 1 ? path("class=\"axis\"", leader) : "") +
                 text(box.left, box.bottom - 3, "class=\"halo\"", label);
        }
    return {};
  }

 private:
  static constexpr double kLine = 14;  // height of a line of 12 px text

  static bool hits(const std::vector<Box>& boxes, const Box& box) {
    return std::any_of(boxes.begin(), boxes.end(), [&](const Box& other) { return other.overlaps(box); });
  }

  Box area_;
  std::vector<Box> taken_, avoided_;
};

/// A point with its interval; both are entered into the label placer.
std::string draw_measurement(const auto& frame, const auto& one, auto& labels) {
  const double x = frame.place_x(one.at.x), y = frame.place_y(one.at.y);
  labels.occupy({x - 6, y - 6, x + 6, y + 6});
  std::string interval;
  if (plottable(one.low) && plottable(one.high)) {
    const double low = frame.place_y(one.low), high = frame.place_y(one.high);
    labels.avoid({x - 4, high, x + 4, low});
    interval = markup::fill_in(
        R"(<path class="line" style="stroke-width:1.5" stroke="{}" d="M{} {}V{}M{} {}h8M{} {}h8"/>)",
        {series_color(one.style), px(x), px(low), px(high), px(x - 4), px(low), px(x - 4), px(high)});
  }
  return markup::fill_in("<g><title>{}</title>{}{}</g>",
                         {markup::escape(one.name), interval, mark(x, y, one.style)});
}

}  // namespace detail

/// Points with vertical intervals and labels, 440 x 320.
template <class Words = ChartText>
[[nodiscard]] std::string scatter_chart(std::span<const Measurement> all, const Words& words) {
  std::vector<Measurement> points;
  std::copy_if(all.begin(), all.end(), std::back_inserter(points),
               [](const Measurement& m) { return plottable(m.at.x) && plottable(m.at.y); });
  std::vector<double> x, y;
  for (const Measurement& one : points)
    x.push_back(one.at.x), y.insert(y.end(), {one.at.y, one.low, one.high});
  const detail::Frame frame{
      .width = 440, .height = 320, .right = 428, .bottom = 278, .x = nice_axis(x), .y = nice_axis(y)};
  detail::LabelPlacer labels({frame.left + 2, frame.top, frame.right, frame.bottom});
  std::string svg = detail::open_chart(frame, words);
  for (const Measurement& one : points) svg += detail::draw_measurement(frame, one, labels);
  for (const Measurement& one : points)
    svg += labels.place(frame.place_x(one.at.x), frame.place_y(one.at.y), markup::shorten(one.label, 32));
  return svg + (points.empty() ? detail::no_data(frame) : "") + "</svg>";
}

/// Upright bars over a common zero, 420 x 270; a value that cannot be placed leaves its place empty.
template <class Words = ChartText>
[[nodiscard]] std::string bar_chart(std::span<const Bar> bars, Words words) {
  constexpr double kWidest = 64, kCharacter = 6.6;  // px; the mean width of a character in 12 px text
  const auto height = [](const Bar& bar) { return plottable(bar.value) ? std::max(bar.value, 0.0) : 0.0; };
  std::vector<double> heights{0};
  detail::Frame frame;
  std::vector<std::string> read_out;
  for (const Bar& bar : bars) {
    heights.push_back(1.08 * height(bar));  // room for the label of the tallest
    frame.x_names.push_back(bar.name);
    read_out.push_back(markup::fill_in("{}: {}", {bar.name, bar.label}));
  }
  if (!bars.empty()) words.alternative = markup::fill_in("{}: {}", {words.title, join(read_out, "; ")});
  if (bars.empty()) frame.x_names.emplace_back();
  frame.x = {.low = -0.5, .high = static_cast<double>(frame.x_names.size()) - 0.5, .step = 1};
  frame.y = nice_axis(heights);
  frame.y.low = 0;
  std::string svg = detail::open_chart(frame, words);
  const double pitch = frame.place_x(1) - frame.place_x(0), width = std::min(0.7 * pitch, kWidest);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double x = frame.place_x(static_cast<double>(i)), top = frame.place_y(height(bars[i]));
    const bool fits = kCharacter * static_cast<double>(bars[i].label.size()) <= pitch;
    svg += markup::fill_in(
        R"(<g><title>{}: {}</title><rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>{}</g>)",
        {markup::escape(bars[i].name), markup::escape(bars[i].label), px(x - width / 2), px(top), px(width),
         px(frame.bottom - top), bars[i].fill,
         fits ? detail::text(x, top - 5, "class=\"halo\" text-anchor=\"middle\"", bars[i].label) : ""});
  }
  return svg + (bars.empty() ? detail::no_data(frame) : "") + "</svg>";
}

/// A smaller share has no room for its percentage on a phone.
inline constexpr double kLabelledShare = 0.13;

/// One horizontal bar of shares 0..1 that add to at most 1, as wide as its place and 26 px high, with
/// percentages where they fit.
[[nodiscard]] inline std::string stacked_bar(std::span<const double> shares, std::span<const Part> parts,
                                             const std::string& title) {
  // Without a viewBox: lengths in percent follow the page's width, and the text keeps its size.
  std::string svg = markup::fill_in(
      R"(<svg class="share" width="100%" height="26" role="img" aria-label="{}">)", {markup::escape(title)});
  double from = 0;
  for (std::size_t j = 0; j < std::min(shares.size(), parts.size()); ++j) {
    const double share = std::isfinite(shares[j]) ? std::clamp(shares[j], 0.0, 1.0 - from) : 0.0;
    const std::string percent = markup::number(100 * share, 0) + " %";
    svg += markup::fill_in(
        R"(<g><title>{}: {}</title><rect class="bar" x="{}%" width="{}%" height="26" fill="{}"/>)",
        {markup::escape(parts[j].name), percent, markup::number(100 * from, 3),
         markup::number(100 * share, 3), parts[j].shade.fill});
    if (share >= kLabelledShare)
      svg += markup::fill_in(R"(<text x="{}%" y="17.5" text-anchor="middle" style="fill:{}">{}</text>)",
                             {markup::number(100 * (from + share / 2), 3), parts[j].shade.text, percent});
    svg += "</g>";
    from += share;
  }
  return svg + "</svg>";
}

/// Shares over time: at x[i] the stack shares[i] of 0..1, a column one unit wide; an empty stack is a gap.
/// 420 x 190.
template <class Words = ChartText>
[[nodiscard]] std::string stacked_bands(std::span<const double> x,
                                        std::span<const std::vector<double>> shares,
                                        std::span<const Part> parts, const Words& words) {
  detail::Frame frame{.height = 190, .bottom = 148};
  frame.y = {.low = 0, .high = 100, .step = 25};
  frame.x = nice_axis(x, words.least_x_step);
  if (!x.empty()) {  // whole columns at both ends
    const auto range = std::minmax_element(x.begin(), x.end());
    frame.x.low = *range.first - 0.5;
    frame.x.high = *range.second + 0.5;
  }
  std::string svg = detail::open_chart(frame, words);
  std::vector<double> below(x.size(), 0.0);
  bool any = false;
  for (std::size_t j = 0; j < parts.size(); ++j) {
    std::string columns;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (j >= shares[i].size() || !std::isfinite(shares[i][j])) continue;
      const double share = std::clamp(shares[i][j], 0.0, 1.0 - below[i]);
      const std::string left = px(frame.place_x(x[i] - 0.5)), right = px(frame.place_x(x[i] + 0.5));
      const std::string low = px(frame.place_y(100 * below[i])),
                        high = px(frame.place_y(100 * (below[i] + share)));
      columns += markup::fill_in("M{} {}H{}V{}H{}z", {left, low, right, high, left});
      below[i] += share;
      any = true;
    }
    svg += markup::fill_in(R"(<g><title>{}</title><path fill="{}" d="{}"/></g>)",
                           {markup::escape(parts[j].name), parts[j].shade.fill, columns});
  }
  return svg + (any ? "" : detail::no_data(frame)) + "</svg>";
}

}  // namespace drnet::inline DRNET_ISA::svg
