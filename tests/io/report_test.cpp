// The HTML report: self-contained, well formed for any names and numbers, and the intervals that it states.
#include <drnet/io/read_file.hpp>
#include <drnet/io/report.hpp>
#include <support/catch.hpp>
#include <support/markup_check.hpp>
#include <support/temp_dir.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace {

using drnet::Report;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Report::Run run(const std::string& name, int epochs) {
  Report::Run result;
  result.name = name;
  result.model = "ResNet18";
  result.data = "caltech101";
  result.parameters = 16'135'272;
  result.candidates = {128, 96, 64};
  for (int e = 1; e <= epochs; ++e) {
    Report::Epoch epoch;
    epoch.stage = e > epochs / 2 ? 2 : 1;
    epoch.epoch = e;
    epoch.seconds = 100.0 * e;
    epoch.loss = 4.0 / e;
    epoch.accuracy = 1 - 1.0 / (e + 1);
    epoch.average_macs = 592e6 - 1e6 * e;
    epoch.shares = {0.5, 0.25, 0.25};
    result.epochs.push_back(epoch);
  }
  Report::Evaluation evaluation;
  evaluation.router = "predictor";
  evaluation.accuracy = 716.0 / 1008;
  evaluation.correct = 716;
  evaluation.images = 1008;
  evaluation.average_macs = 401e6;
  evaluation.shares = {0.2, 0.3, 0.5};
  evaluation.milliseconds_per_image = 9.126;
  evaluation.images_per_second = 140.24;
  result.evaluations.push_back(evaluation);
  return result;
}

/// What every report must be: well formed, alone in the world, free of numbers that are none.
std::string checked_html(const Report& report) {
  const std::string html = drnet::report_html(report);
  CHECK(support::markup_fault(html) == "");
  for (const char* absent : {"http", "<script", "@import", "url(", "<link", ">nan", ">inf", "nan ", " inf"}) {
    INFO(absent);
    CHECK(html.find(absent) == std::string::npos);
  }
  return html;
}

bool has(const std::string& html, const std::string& part) {
  return html.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("wilson intervals", "[report]") {
  // Closed forms with z^2 the 95 % quantile of chi-squared: 1/2 -+ z / (2 sqrt(n + z^2)) for half of n,
  // 0 to z^2 / (n + z^2) for none, and its mirror image for all.
  const double z2 = 3.841458820694124;
  const auto half = drnet::wilson_interval(5, 10);
  CHECK(half.low == Approx(0.5 - 0.5 * std::sqrt(z2 / (10 + z2))).epsilon(1e-12));
  CHECK(half.high == Approx(0.5 + 0.5 * std::sqrt(z2 / (10 + z2))).epsilon(1e-12));
  const auto none = drnet::wilson_interval(0, 10);
  CHECK(none.low == Approx(0).margin(1e-12));
  CHECK(none.high == Approx(z2 / (10 + z2)).epsilon(1e-12));
  const auto all = drnet::wilson_interval(10, 10);
  CHECK(all.low == Approx(10 / (10 + z2)).epsilon(1e-12));
  CHECK(all.high <= 1);
  CHECK(std::isnan(drnet::wilson_interval(0, 0).low));
  CHECK(std::isnan(drnet::wilson_interval(2, 1).high));
  CHECK(std::isnan(drnet::wilson_interval(-1, 10).low));
}

TEST_CASE("report shows its runs", "[report]") {
  Report report;
  report.title = "Title";
  report.subtitle = "Subtitle";
  report.runs = {run("first", 6), run("second", 4)};
  report.montage = {{2, 2, 3, std::vector<std::uint8_t>(12), "cat", "dog", 96}};
  const std::string html = checked_html(report);
  CHECK(has(html, "<h1>Title</h1>"));
  CHECK(has(html, "Subtitle"));
  CHECK(has(html, "first · predictor"));
  CHECK(has(html, "71.0 % (68.2 – 73.7)"));
  CHECK(has(html, ">0.401<"));
  CHECK(has(html, "(G multiply-adds)"));
  CHECK(has(html, ">16.14<"));
  CHECK(has(html, ">9.13<"));
  CHECK(has(html, ">140<"));
  CHECK(has(html, "128 px"));
  CHECK(has(html, "over time"));
  CHECK(has(html, "minutes"));
  CHECK(has(html, "96 px · 1 image"));
  CHECK(has(html, "✗ dog"));
  CHECK(has(html, "is cat"));
  CHECK(!has(html, "stage 2"));  // begins at another epoch in each run
  // Every section has its marks: points and whiskers, bars and bands, curves, pictures.
  const auto section = [&](const std::string& heading) {
    const std::size_t begin = html.find("<h2>" + heading + "</h2>");
    return begin == std::string::npos ? "" : html.substr(begin, html.find("</section>", begin) - begin);
  };
  CHECK(has(section("Results"), "<td"));
  CHECK(has(section("Accuracy against cost"), "<path"));
  CHECK(has(section("Accuracy against cost"), "first · predictor"));
  CHECK(has(section("Share of each resolution"), "<rect"));
  CHECK(has(section("Share of each resolution"), "During training"));
  CHECK(has(section("Training"), "<path"));
  CHECK(has(section("Images by chosen resolution"), "data:image/png;base64,"));
  report.runs.pop_back();
  CHECK(has(checked_html(report), "stage 2"));
  CHECK(drnet::report_html(report) == drnet::report_html(report));
}

TEST_CASE("report of the smallest correct resolutions", "[report]") {
  const auto example = [](int resolution, const std::string& label, const std::string& predicted) {
    return drnet::MontageImage{1, 1, 1, {0}, label, predicted, resolution};
  };
  Report report;
  report.runs = {run("first", 2), run("second", 2)};
  report.runs[1].histogram = {
      {10, 20, 50},
      20,
      {example(0, "cat", "dog"), example(64, "owl", "owl"), example(128, "fox", "hare"),
       example(64, "elk", "elk"), example(96, "hen", "cock")}};
  const std::string html = checked_html(report);
  CHECK(has(html, "Smallest correct resolution · second"));
  CHECK(!has(html, "Smallest correct resolution · first"));
  CHECK(has(html, "(%): 64 px: 50.0 %; 96 px: 20.0 %; 128 px: 10.0 %; never: 20.0 %\""));  // read out
  CHECK(has(html, "of 100 images"));
  // The groups from easy to hard, with all their images counted, and what a smaller resolution says.
  const std::size_t small = html.find("64 px is enough · 50 images"), middle = html.find("✓ hen"),
                    large = html.find("128 px is enough · 10 images"),
                    never = html.find("No resolution is right · 20 images");
  CHECK(small < middle);
  CHECK(middle < large);
  CHECK(large < never);
  CHECK(never != std::string::npos);
  CHECK(has(html, "✓ owl"));
  CHECK(has(html, "at 64 px: cock"));
  CHECK(has(html, "at 96 px: hare"));
  CHECK(has(html, "✗ dog"));
  CHECK(has(html, "is cat"));
  CHECK(support::count(html, "alt=\"owl\"") == 1);
  CHECK(support::count(html, "figcaption class=\"wrong\"") == 1);

  report.runs.erase(report.runs.begin());
  report.runs[0].histogram = {{0, 0, 0}, 0, {}};  // no image: no share, no picture
  CHECK(has(checked_html(report), "Smallest correct resolution</h2>"));
}

TEST_CASE("report of nothing, of one point, of NaN", "[report]") {
  CHECK(has(checked_html({}), "no results"));

  Report report;
  report.runs = {run("one epoch", 1)};
  CHECK(has(checked_html(report), "one epoch"));
  report.runs[0].evaluations.clear();
  CHECK(has(checked_html(report), "one epoch · last epoch"));
  report.runs[0].epochs.clear();
  CHECK(has(checked_html(report), "no results"));

  Report::Run unknown;
  unknown.name = "unknown";
  unknown.epochs.resize(3);
  unknown.evaluations.resize(1);
  report.runs = {unknown};
  const std::string html = checked_html(report);
  CHECK(has(html, "no data"));
  CHECK(!has(html, "over time"));

  report.runs = {run("odd", 3)};
  for (Report::Epoch& epoch : report.runs[0].epochs) {
    epoch.loss = std::numeric_limits<double>::infinity();
    epoch.average_macs = -1;
    epoch.shares = {kNaN, 2, -1};
  }
  checked_html(report);
}

TEST_CASE("report of forty runs", "[report]") {
  Report report;
  for (int i = 0; i < 40; ++i) report.runs.push_back(run("run " + std::to_string(i), 12));
  const std::string html = checked_html(report);
  CHECK(has(html, "<td class=\"n\">40</td>"));
  CHECK(has(html, "run 39 · predictor"));
}

TEST_CASE("report escapes every text", "[report]") {
  const std::string hostile = "<script>alert(\"1\")</script>&'\xff\x01";
  Report report;
  report.title = report.subtitle = hostile;
  report.runs = {run(hostile, 2)};
  report.runs[0].model = report.runs[0].data = report.runs[0].evaluations[0].router = hostile;
  report.montage = {{1, 1, 1, {0}, hostile, hostile + "2", 96}, {1, 1, 1, {0}, hostile, hostile, 96}};
  report.runs[0].histogram = {{1, 2, 3}, 4, report.montage};
  report.runs.push_back(report.runs[0]);
  checked_html(report);
}

TEST_CASE("report refuses what does not belong together", "[report]") {
  Report report;
  report.runs = {run("a", 2)};
  report.runs[0].epochs[1].shares = {1};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs = {run("a", 2)};
  report.runs[0].evaluations[0].shares = {0.5, 0.5};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs = {run("a", 2)};
  report.runs[0].histogram = {{1, 2}, 3, {}};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs[0].histogram = {{1, 2, 3}, 4, {{1, 1, 1, {0}, "cat", "dog", 100}}};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs[0].histogram->examples[0].resolution = 96;
  CHECK_NOTHROW(drnet::report_html(report));
  report.runs[0].histogram->examples[0].pixels.clear();
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs.clear();
  report.montage = {{2, 2, 3, std::vector<std::uint8_t>(11), "cat", "dog", 96}};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
}

TEST_CASE("report files", "[report]") {
  const support::TempDir folder;
  Report report;
  report.runs = {run("a", 2)};
  drnet::write_report(report, folder / "report.html");
  CHECK(drnet::read_text(folder / "report.html") == drnet::report_html(report));
  CHECK_THROWS_AS(drnet::write_report(report, folder.path() / "no" / "report.html"), drnet::Error);
  report.runs[0].evaluations[0].shares = {1};
  CHECK_THROWS_AS(drnet::write_report(report, folder / "other.html"), drnet::Error);
  CHECK(folder.entries() == 1);
}
