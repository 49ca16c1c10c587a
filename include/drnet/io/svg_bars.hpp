// Bars as inline SVG text: upright ones, stacked ones, measured lengths, and shares over time.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/svg_chart.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA::svg {

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

/// Upright bars over a common zero, 420 x 270; a value that cannot be placed leaves its place empty.
template <class Words = ChartText>
[[nodiscard]] std::string bar_chart(std::span<const Bar> bars, Words words) {
  constexpr double kWidest = 64;  // px
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
    const bool fits = detail::text_width(bars[i].label) <= pitch;
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

/// One horizontal bar of shares 0..1 that add to at most 1, as wide as its place; one that is 26 px high has
/// percentages where they fit, a lower one has not.
[[nodiscard]] inline std::string stacked_bar(std::span<const double> shares, std::span<const Part> parts,
                                             const std::string& title, int height = 26) {
  // Without a viewBox: lengths in percent follow the page's width, and the text keeps its size.
  const std::string tall = std::to_string(height);
  std::string bars, read_out;
  double from = 0;
  for (std::size_t j = 0; j < std::min(shares.size(), parts.size()); ++j) {
    const double share = std::isfinite(shares[j]) ? std::clamp(shares[j], 0.0, 1.0 - from) : 0.0;
    const std::string percent = markup::number(100 * share, 0) + " %";
    read_out += markup::fill_in("{}{}: {}", {j == 0 ? ": " : ", ", parts[j].name, percent});
    bars += markup::fill_in(
        R"(<g><title>{}: {}</title><rect class="bar" x="{}%" width="{}%" height="{}" fill="{}"/>)",
        {markup::escape(parts[j].name), percent, markup::number(100 * from, 3),
         markup::number(100 * share, 3), tall, parts[j].shade.fill});
    if (share >= kLabelledShare && height >= 26)
      bars += markup::fill_in(R"(<text x="{}%" y="17.5" text-anchor="middle" style="fill:{}">{}</text>)",
                              {markup::number(100 * (from + share / 2), 3), parts[j].shade.text, percent});
    bars += "</g>";
    from += share;
  }
  return markup::fill_in(R"(<svg class="share" width="100%" height="{}" role="img" aria-label="{}">{}</svg>)",
                         {tall, markup::escape(title + read_out), bars});
}

/// One horizontal bar for a measured value, as long as its share of `most`, with its label behind it and its
/// name in the tooltip; as wide as its place and 20 px high.
[[nodiscard]] inline std::string length_bar(double value, double most, const std::string& name,
                                            const std::string& label, std::string_view fill) {
  constexpr double kLongest = 80;  // %, which leaves room for the label
  const double share = plottable(value) && most > 0 ? std::clamp(value / most, 0.0, 1.0) : 0.0;
  const std::string length = markup::number(kLongest * share, 3), text = markup::escape(label);
  return markup::fill_in(
      R"(<svg class="share" width="100%" height="20" role="img" aria-label="{}: {}"><g><title>{}: {}</title>)"
      R"(<rect width="{}%" height="18" y="1" fill="{}"/><text x="{}%" dx="6" y="14.5">{}</text></g></svg>)",
      {markup::escape(name), text, markup::escape(name), text, length, fill, length, text});
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
