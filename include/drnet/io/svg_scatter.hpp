// Charts of points as inline SVG text: measurements with intervals and labels that do not overlap, and
// reliability diagrams.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/svg_chart.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA::svg {

/// A measured value with an interval; NaN bounds draw none.
struct Measurement {
  std::string name;   ///< in the tooltip
  std::string label;  ///< beside the point
  std::size_t style = 0;
  Point at;
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;
  std::string short_label{};  ///< where the label has no place; empty: none
};

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

/// Finds places for labels, greedily: beside the point or up to two lines away with a leader; clear of
/// points, labels, intervals and lines, or, for the last label that a point may have, of points and labels
/// alone. A label without a place is left out (its point has a tooltip and a row in the table).
class LabelPlacer {
 public:
  explicit LabelPlacer(Box area) : area_(area) {}

  void occupy(Box box) { taken_.push_back(box); }
  void avoid(Box box) { avoided_.push_back(box); }

  /// The first label that has a place.
  std::string place(double x, double y, std::initializer_list<std::string_view> labels) {
    for (const bool strict : {true, false})
      for (const std::string_view label : labels)
        if (!label.empty() && (strict || label == *(labels.end() - 1)))
          if (std::string placed = place_one(x, y, label, strict); !placed.empty()) return placed;
    return {};
  }

 private:
  static constexpr double kLine = 14, kGap = 3;  // height of a line of 12 px text, room beside it

  std::string place_one(double x, double y, std::string_view label, bool strict) {
    const double width = text_width(label);
    for (const int line : {0, -1, 1, -2, 2})
      for (const bool right : {true, false}) {
        const double left = right ? x + 9 : x - 9 - width, top = y + kLine * (line - 0.5);
        const Box box{left - kGap, top, left + width + kGap, top + kLine};
        if (!area_.contains(box) || hits(taken_, box) || (strict && hits(avoided_, box))) continue;
        taken_.push_back(box);
        const double end = right ? box.left : box.right;
        const std::string leader =
            markup::fill_in("M{} {}L{} {}", {px(x), px(y), px(end), px(top + kLine / 2)});
        return (std::abs(line) > 1 ? path("class=\"axis\"", leader) : "") +
               text(left, box.bottom - 3, "class=\"halo\"", label);
      }
    return {};
  }

  static bool hits(const std::vector<Box>& boxes, const Box& box) {
    return std::any_of(boxes.begin(), boxes.end(), [&](const Box& other) { return other.overlaps(box); });
  }

  Box area_;
  std::vector<Box> taken_, avoided_;
};

/// A line, which labels avoid.
std::string draw_line(const auto& frame, const auto& line, auto& labels) {
  constexpr double kEvery = 8;  // px between the places that labels avoid
  double x0 = 0, y0 = 0;
  bool any = false;
  for (const Point& point : line.points) {
    if (!plottable(point.x) || !plottable(point.y)) continue;
    const double x = frame.place_x(point.x), y = frame.place_y(point.y);
    const double steps = any ? std::ceil(std::hypot(x - x0, y - y0) / kEvery) : 1;
    for (double i = 1; any && i <= steps; ++i) {
      const double at_x = std::lerp(x0, x, i / steps), at_y = std::lerp(y0, y, i / steps);
      labels.avoid({at_x - 3, at_y - 3, at_x + 3, at_y + 3});
    }
    x0 = x, y0 = y;
    any = true;
  }
  return draw_series(frame, line);
}

/// Where a line ends.
std::optional<Point> last_point(const auto& line) {
  const auto end = std::find_if(line.points.rbegin(), line.points.rend(),
                                [](const Point& p) { return plottable(p.x) && plottable(p.y); });
  return end == line.points.rend() ? std::nullopt : std::optional(*end);
}

/// A point with its interval; both are entered into the label placer.
std::string draw_measurement(const auto& frame, const auto& one, auto& labels) {
  const double x = frame.place_x(one.at.x), y = frame.place_y(one.at.y);
  labels.occupy({x - 6, y - 6, x + 6, y + 6});
  std::string interval;
  if (plottable(one.low) && plottable(one.high)) {
    const double low = frame.place_y(one.low), high = frame.place_y(one.high);
    labels.avoid({x - 4, high, x + 4, low});
    interval = markup::fill_in(
        R"(<path class="line" style="stroke-width:1.5" stroke-opacity=".5" stroke="{}" d="M{} {}V{}M{} {}h8M{} {}h8"/>)",
        {series_color(one.style), px(x), px(low), px(high), px(x - 4), px(low), px(x - 4), px(high)});
  }
  return markup::fill_in("<g><title>{}</title>{}{}</g>",
                         {markup::escape(one.name), interval, mark(x, y, one.style)});
}

}  // namespace detail

/// Points with vertical intervals and labels, and lines behind them; the axis of x is logarithmic where its
/// values are far apart. A label that has no place leaves its point a short one, if that has.
template <class Words = ChartText>
[[nodiscard]] std::string scatter_chart(std::span<const Measurement> all, const Words& words,
                                        std::span<const Series> lines = {}, const Size& size = {440, 320}) {
  constexpr double kFarApart = 8;  // times the smallest x
  std::vector<Measurement> points;
  std::copy_if(all.begin(), all.end(), std::back_inserter(points),
               [](const Measurement& m) { return plottable(m.at.x) && plottable(m.at.y); });
  std::vector<double> x, y;
  for (const Measurement& one : points)
    x.push_back(one.at.x), y.insert(y.end(), {one.at.y, one.low, one.high});
  for (const Series& line : lines)
    for (const Point& point : line.points)
      if (plottable(point.x) && plottable(point.y)) x.push_back(point.x), y.push_back(point.y);
  detail::Frame frame = detail::Frame::of(size);
  frame.x = log_axis(x, kFarApart).value_or(nice_axis(x));
  frame.y = nice_axis(y);
  detail::LabelPlacer labels({frame.left + 2, frame.top, frame.right, frame.bottom});
  std::string svg = detail::open_chart(frame, words);
  for (const Series& line : lines) svg += detail::draw_line(frame, line, labels);
  for (const Measurement& one : points) svg += detail::draw_measurement(frame, one, labels);
  for (const Measurement& one : points)
    svg += labels.place(frame.place_x(one.at.x), frame.place_y(one.at.y),
                        {markup::shorten(one.label, 32),
                         markup::shorten(one.short_label.empty() ? one.label : one.short_label, 32)});
  for (const Series& line : lines)
    if (const auto end = detail::last_point(line); end && !line.faint)
      svg += labels.place(frame.place_x(end->x), frame.place_y(end->y), {markup::shorten(line.name, 32), ""});
  return svg + (x.empty() ? detail::no_data(frame) : "") + "</svg>";
}

/// A mean confidence with the accuracy that was found there, both 0..1, for a share of the images.
struct CalibrationPoint {
  double confidence = 0, accuracy = 0, share = 0;
};
/// The points of one state, e.g. before a calibration.
struct CalibrationCurve {
  std::string name;
  std::size_t style = 0;
  std::vector<CalibrationPoint> points;
};

/// Reliability diagram: accuracy against confidence beside the diagonal, where both agree; the area of a dot
/// is its share of the images. 300 x 290.
template <class Words = ChartText>
[[nodiscard]] std::string reliability_chart(std::span<const CalibrationCurve> curves, const Words& words) {
  detail::Frame frame = detail::Frame::of({300, 290});
  frame.x = frame.y = {.low = 0, .high = 100, .step = 20};
  std::string svg = detail::open_chart(frame, words);
  svg += detail::path(
      "class=\"axis\" stroke-dasharray=\"4 4\"",
      markup::fill_in("M{} {}L{} {}", {px(frame.left), px(frame.bottom), px(frame.right), px(frame.top)}));
  for (const CalibrationCurve& curve : curves) {
    Series line{curve.name, curve.style, {}, true};
    std::string dots;
    for (const CalibrationPoint& point : curve.points) {
      if (!(point.share > 0) || !plottable(point.confidence) || !plottable(point.accuracy)) continue;
      line.points.push_back({100 * point.confidence, 100 * point.accuracy});
      dots += markup::fill_in(
          R"(<circle cx="{}" cy="{}" r="{}" fill="{}" fill-opacity=".75"><title>{}: {} % of the images, confidence {} %, accuracy {} %</title></circle>)",
          {px(frame.place_x(line.points.back().x)), px(frame.place_y(line.points.back().y)),
           px(2 + 9 * std::sqrt(std::min(point.share, 1.0))), series_color(curve.style),
           markup::escape(curve.name), markup::number(100 * point.share, 1),
           markup::number(line.points.back().x, 1), markup::number(line.points.back().y, 1)});
    }
    svg += detail::draw_series(frame, line) + dots;
  }
  return svg + "</svg>";
}

}  // namespace drnet::inline DRNET_ISA::svg
