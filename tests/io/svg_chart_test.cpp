// Axes and charts: good ticks for any values, gaps for NaN, nothing unescaped, the same text every time.
#include <drnet/io/svg_bars.hpp>
#include <drnet/io/svg_chart.hpp>
#include <drnet/io/svg_scatter.hpp>
#include <support/catch.hpp>
#include <support/markup_check.hpp>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace drnet::svg;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What every chart must be.
void check_chart(const std::string& svg) {
  CHECK(support::markup_fault(svg) == "");
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
  CHECK(svg.find("http") == std::string::npos);
}

}  // namespace

TEST_CASE("axes end on good ticks", "[svg]") {
  const Axis axis = nice_axis(std::vector<double>{0.03, 0.97});
  CHECK(axis.low == 0);
  CHECK(axis.high == Approx(1));
  CHECK(axis.step == Approx(0.2));
  CHECK(axis.decimals == 1);
  CHECK(nice_axis(std::vector<double>{61.9, 71.8}).ticks() ==
        std::vector<double>{60, 62, 64, 66, 68, 70, 72});
  CHECK(nice_axis(std::vector<double>{1, 2}, 1).step == 1);
  CHECK(nice_axis(std::vector<double>{0.00031, 0.00042}).decimals == 5);
}

TEST_CASE("axes of any values are usable", "[svg]") {
  const std::vector<std::vector<double>> cases{{},
                                               {kNaN},
                                               {kInfinity, -kInfinity},
                                               {0},
                                               {5},
                                               {-3, -3},
                                               {1e-300, 2e-300},
                                               {1e29, -1e29},
                                               {std::numeric_limits<double>::max(), 1},
                                               {1, 1 + 1e-15},
                                               {-0.1, 0.1, kNaN},
                                               {4.089e9, 1.078e9},
                                               {0, 1e-12}};
  for (const auto& values : cases)
    for (const double least : {0.0, 1.0}) {
      const Axis axis = nice_axis(values, least);
      CAPTURE(axis.low, axis.high, axis.step);
      CHECK(axis.low < axis.high);
      CHECK(axis.step > 0);
      CHECK(axis.ticks().size() >= 2);
      CHECK(axis.ticks().size() <= 12);
      for (const double value : values)
        if (plottable(value)) {
          CHECK(axis.fraction(value) >= -1e-5);
          CHECK(axis.fraction(value) <= 1 + 1e-5);
        }
    }
}

TEST_CASE("series stay apart, resolutions stay in order", "[svg]") {
  std::set<std::string> styles;
  for (std::size_t i = 0; i < 40; ++i) styles.insert(series_color(i) + std::string(series_dashes(i)));
  CHECK(styles.size() == 40);
  for (const std::size_t count : {1u, 2u, 3u, 5u, 9u}) {
    std::set<std::string> fills;
    for (std::size_t rank = 0; rank < count; ++rank) fills.insert(resolution_shade(rank, count).fill);
    CHECK(fills.size() == count);
  }
  CHECK(resolution_shade(0, 3).text == "#fff");
  CHECK(resolution_shade(2, 3).text == "#000");
}

TEST_CASE("line charts", "[svg]") {
  const std::vector<Series> series{{"a <b> & \"c\"", 0, {{1, 1}, {2, kNaN}, {3, 3}, {4, 4}}},
                                   {"one point", 1, {{2, 2}}},
                                   {"no point", 2, {}},
                                   {"out of range", 3, {{kNaN, 1}, {1, kInfinity}, {1e300, 1}}}};
  const std::string svg = line_chart(series, {"Loss <1>", "epoch & time", 1, {{3, "stage <2>"}}});
  check_chart(svg);
  CHECK(svg == line_chart(series, {"Loss <1>", "epoch & time", 1, {{3, "stage <2>"}}}));
  CHECK(support::count(svg, "class=\"line\"") == series.size());
  CHECK(svg.find("a &lt;b&gt; &amp; &quot;c&quot;") != std::string::npos);
  CHECK(svg.find("stage &lt;2&gt;") != std::string::npos);
  CHECK(svg.find("no data") == std::string::npos);
  // The NaN splits the first series into a lone point and a piece.
  const std::size_t line = svg.find(" d=\"", svg.find("stroke=\"var(--c0)\""));
  const std::string path = svg.substr(line + 4, svg.find('"', line + 4) - line - 4);
  CHECK(support::count(path, "M") == 2);
  CHECK(support::count(path, "L") == 1);

  const std::string empty = line_chart(std::vector<Series>{}, {"Loss", "epoch"});
  check_chart(empty);
  CHECK(empty.find("no data") != std::string::npos);
}

TEST_CASE("long lines have no dots, lone points have one", "[svg]") {
  Series series{"s", 0, {}};
  for (int i = 0; i < 100; ++i)
    series.points.push_back({static_cast<double>(i), i == 50 || i == 52 ? kNaN : 1.0});
  const std::string svg = line_chart(std::vector<Series>{series}, {"t", "x"});
  CHECK(support::count(svg, "h0") == 1);  // the point between the gaps
}

TEST_CASE("bar charts", "[svg]") {
  const std::vector<Bar> bars{{"112 <px>", 50, "50 %", "red"},
                              {"168", 25, "25 %", "green"},
                              {"none", 0, "0 %", "blue"},
                              {"unknown", kNaN, "–", "grey"}};
  const std::string svg = bar_chart(bars, {"Images (%) & more", "smallest resolution"});
  check_chart(svg);
  CHECK(svg == bar_chart(bars, {"Images (%) & more", "smallest resolution"}));
  CHECK(svg.find(
            "aria-label=\"Images (%) &amp; more: 112 &lt;px&gt;: 50 %; 168: 25 %; none: 0 %; unknown: –\"") !=
        std::string::npos);
  // All bars end on the axis; their heights are as their values.
  const auto height_of = [&](const std::string& fill) {
    const std::size_t end = svg.find("fill=\"" + fill + '"'), begin = svg.rfind("height=\"", end) + 8;
    return std::stod(svg.substr(begin, end - begin));
  };
  CHECK(height_of("red") > 100);
  CHECK(height_of("green") == Approx(height_of("red") / 2).margin(0.1));
  CHECK(height_of("blue") == 0);
  CHECK(height_of("grey") == 0);
  CHECK(support::count(svg, ">50 %</text>") == 1);

  const std::string empty = bar_chart(std::vector<Bar>{}, {"Images", "none"});
  check_chart(empty);
  CHECK(empty.find("no data") != std::string::npos);
  check_chart(bar_chart(std::vector<Bar>(3, Bar{"zero", 0, "0", "red"}), {"All", "zero"}));
}

TEST_CASE("labels that do not fit above their bars stay in the tooltip", "[svg]") {
  const std::vector<Bar> bars(30, Bar{"1", 5, "a long label", "red"});
  const std::string svg = bar_chart(bars, {"Many", "x"});
  check_chart(svg);
  CHECK(support::count(svg, "a long label</text>") == 0);
  CHECK(support::count(svg, "<title>1: a long label</title>") == 30);
}

TEST_CASE("scatter charts", "[svg]") {
  std::vector<Measurement> points{{"run <1>", "<1>", 0, {1, 70}, 65, 75},
                                  {"run 2", "two", 1, {2, 80}},
                                  {"missing", "missing", 2, {kNaN, 80}},
                                  {"missing too", "missing", 3, {1, kInfinity}, 0, 1}};
  const std::string svg = scatter_chart(points, {"Accuracy (%)", "cost"});
  check_chart(svg);
  CHECK(svg.find("&lt;1&gt;") != std::string::npos);
  CHECK(svg.find("two") != std::string::npos);
  CHECK(svg.find("missing") == std::string::npos);
  CHECK(support::count(svg, "<title>") == 2);
  CHECK(support::count(svg, "class=\"line\"") == 1);  // one interval

  points.assign(40, {"same", "same place", 0, {1, 1}, 0, 2});
  const std::string crowded = scatter_chart(points, {"t", "x"});
  check_chart(crowded);
  CHECK(support::count(crowded, "<title>") == 40);
  CHECK(support::count(crowded, ">same place<") >= 4);
  CHECK(support::count(crowded, ">same place<") <= 18);  // labels never lie on each other

  check_chart(scatter_chart(std::vector<Measurement>{}, {"t", "x"}));
}

TEST_CASE("logarithmic axes", "[svg]") {
  const auto axis = log_axis(std::vector<double>{0.02, 3, kNaN}, 8);
  REQUIRE(axis.has_value());
  CHECK(axis->ticks().size() == 7);  // 0.02 to 2 in steps of 1, 2, 5
  CHECK(axis->text(axis->ticks().front()) == "0.02");
  CHECK(axis->text(axis->ticks().back()) == "2");
  CHECK(axis->fraction(0.02) > 0);
  CHECK(axis->fraction(3) < 1);
  CHECK(axis->fraction(0.2) - axis->fraction(0.02) == Approx(axis->fraction(2) - axis->fraction(0.2)));
  CHECK(!log_axis(std::vector<double>{1, 7}, 8));
  for (const auto& values : {std::vector<double>{}, {0, 1}, {-1, 100}, {1e-20, 1}, {kNaN, kInfinity}})
    CHECK(!log_axis(values, 8));
  const std::vector<Measurement> points{
      {"a", "a", 0, {0.1, 1}}, {"b", "b", 0, {10, 2}}, {"c", "c", 0, {1, 3}}};
  const std::string svg = scatter_chart(points, {"t", "x"});
  check_chart(svg);
  for (const char* tick : {">0.1<", ">0.2<", ">1<", ">10<"}) CHECK(svg.find(tick) != std::string::npos);
}

TEST_CASE("scatter charts with lines", "[svg]") {
  const std::vector<Measurement> points{{"a", "a", 0, {4, 70}}};
  const std::vector<Series> lines{{"curve <1>", 1, {{1, 60}, {kNaN, 1}, {2, 90}}},
                                  {"faint", 0, {{1, 70}, {2, 75}}, true},
                                  {"no point", 2, {}}};
  const std::string svg = scatter_chart(points, {"t", "x"}, lines, {900, 470});
  check_chart(svg);
  CHECK(svg.find("viewBox=\"0 0 900.0 470.0\"") != std::string::npos);
  CHECK(svg.find(">curve &lt;1&gt;</text>") != std::string::npos);  // its name at its end
  CHECK(svg.find(">faint</text>") == std::string::npos);
  CHECK(svg.find(">90<") != std::string::npos);  // the axis holds the lines, too
  check_chart(scatter_chart({}, {"t", "x"}, lines));
}

TEST_CASE("labels without a place are short or missing", "[svg]") {
  const std::string name = "a name that is as long as the chart is";
  const std::vector<Measurement> points(60, {name, name, 0, {1, 1}, kNaN, kNaN, "7"});
  const std::string svg = scatter_chart(points, {"t", "x"});
  check_chart(svg);
  CHECK(support::count(svg, ">7</text>") > 0);
}

TEST_CASE("reliability charts", "[svg]") {
  const std::vector<CalibrationCurve> curves{
      {"before <1>", 1, {{0.5, 0.25, 0.25}, {0.9, 0.7, 0.75}, {0, 0, 0}, {kNaN, 1, 0.5}}}, {"after", 0, {}}};
  const std::string svg = reliability_chart(curves, {"ECE <b>", "Confidence (%)"});
  check_chart(svg);
  CHECK(support::count(svg, "<circle") == 2);  // bins without images have none
  CHECK(svg.find("before &lt;1&gt;: 25.0 % of the images, confidence 50.0 %, accuracy 25.0 %") !=
        std::string::npos);
  // The middle of the plot is at 50 %; the area is as the share: radius 2 + 9 sqrt(share).
  CHECK(svg.find("cx=\"169.0\"") != std::string::npos);
  CHECK(svg.find("r=\"6.5\"") != std::string::npos);
  check_chart(reliability_chart({}, {"t", "x"}));
}

TEST_CASE("length bars", "[svg]") {
  const std::string svg = length_bar(5, 10, "a <b>", "5 & more", "red");
  check_chart(svg);
  CHECK(svg.find("<rect width=\"40.000%\"") != std::string::npos);
  CHECK(svg.find(">5 &amp; more</text>") != std::string::npos);
  CHECK(svg.find("a &lt;b&gt;: 5 &amp; more") != std::string::npos);
  for (const double odd : {kNaN, kInfinity, -1.0, 0.0}) {
    check_chart(length_bar(odd, 10, "a", "b", "red"));
    CHECK(length_bar(odd, 10, "a", "b", "red").find("<rect width=\"0.000%\"") != std::string::npos);
    check_chart(length_bar(1, odd, "a", "b", "red"));
  }
}

TEST_CASE("stacked bars", "[svg]") {
  const std::vector<Part> parts{{"224 <px>", resolution_shade(0, 3)},
                                {"168 px", resolution_shade(1, 3)},
                                {"112 px", resolution_shade(2, 3)}};
  const std::string svg = stacked_bar(std::vector<double>{0.5, 0.1, 0.4}, parts, "run <a>");
  check_chart(svg);
  CHECK(svg.find("width=\"50.000%\"") != std::string::npos);
  CHECK(svg.find("x=\"60.000%\" width=\"40.000%\"") != std::string::npos);
  CHECK(svg.find(">50 %</text>") != std::string::npos);
  CHECK(svg.find(">10 %</text>") == std::string::npos);  // no room; the tooltip has it
  CHECK(svg.find("168 px: 10 %") != std::string::npos);
  for (const std::vector<double>& odd :
       {std::vector<double>{}, {kNaN, 2, -1}, {0.7, 0.7, 0.7}, {1, 2, 3, 4}, {kInfinity}})
    check_chart(stacked_bar(odd, parts, "odd"));
  CHECK(stacked_bar(std::vector<double>{0.7, 0.7, 0.7}, parts, "sum").find("width=\"30.000%\"") !=
        std::string::npos);
}

TEST_CASE("stacked bands", "[svg]") {
  const std::vector<Part> parts{{"224 px", resolution_shade(0, 2)}, {"112 px", resolution_shade(1, 2)}};
  const std::vector<double> epochs{1, 2, 3};
  const std::string svg = stacked_bands(epochs, std::vector<std::vector<double>>{{1, 0}, {}, {kNaN, 0.5}},
                                        parts, {"run", "epoch", 1});
  check_chart(svg);
  CHECK(support::count(svg, "z") == 3);  // columns: of the first part one, of the second two
  CHECK(svg.find("no data") == std::string::npos);
  check_chart(stacked_bands(std::vector<double>{7}, std::vector<std::vector<double>>{{0.5, 0.5}}, parts,
                            {"t", "x", 1}));
  const std::string empty = stacked_bands({}, {}, parts, {"t", "x", 1});
  check_chart(empty);
  CHECK(empty.find("no data") != std::string::npos);
}
