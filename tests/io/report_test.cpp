// The HTML report: self-contained and well formed for any names and numbers.
#include <drnet/io/read_file.hpp>
#include <drnet/io/report.hpp>
#include <support/catch.hpp>
#include <support/markup_check.hpp>
#include <support/temp_dir.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
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

/// What an experiment adds to a run of 1008 images: results that can be compared, curves, reliability, times.
void add_experiments(Report::Run& run) {
  const auto result = [](const std::string& router, double macs, std::size_t wrong) {
    Report::Evaluation one;
    one.router = router;
    one.images = 1008;
    one.right.assign(1008, true);
    for (std::size_t i = 0; i < wrong; ++i) one.right[i] = false;
    one.correct = 1008 - static_cast<std::int64_t>(wrong);
    one.accuracy = static_cast<double>(one.correct) / 1008;
    one.average_macs = macs;
    return one;
  };
  run.class_names = {"cat", "owl"};
  run.evaluations.push_back(result("fixed 64", 150e6, 300));
  run.evaluations.push_back(result("fixed 128", 600e6, 250));
  run.evaluations.push_back(result("cascade", 300e6, 240));
  run.evaluations.back().shares = {0.25, 0.25, 0.5};
  run.evaluations.back().chosen_by_class = {{10, 20, 474}, {242, 232, 30}};
  run.curves = {{"cascade", "macs", {{2e8, 2e8, 0.7}, {4e8, 3.9e8, 0.75}}},
                {"cascade", "ms", {{5, 5, 0.7}, {9, 8.5, 0.75}}}};
  run.reliability = {{128, 1.5, 0.08, 0.01, {{90, 0.8, 0.7}, {0, 0, 0}}, {{90, 0.7, 0.7}, {10, 0.9, 0.92}}}};
  run.latencies = {{"fixed 128", 1, 2, 8.25}, {"fixed 128", 32, 2, 6.5}, {"cascade", 1, 2, 4.125}};
}

/// What every report must be: well formed, alone in the world, free of numbers that are none.
std::string checked_html(const Report& report) {
  const std::string html = drnet::report_html(report);
  CHECK(support::markup_fault(html) == "");
  // Every link leads to a part of the page.
  for (std::size_t at = html.find("href=\"#"); at != std::string::npos; at = html.find("href=\"#", at + 1)) {
    const std::string id = html.substr(at + 7, html.find('"', at + 7) - at - 7);
    CHECK(support::count(html, " id=\"" + id + "\"") == 1);
  }
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
  CHECK(has(html, "ResNet18 · on caltech101 · 16.14 M parameters"));  // of all runs
  Report other = report;
  other.runs[1].parameters = 25e6;
  other.runs[1].model = "ResNet<50>";
  const std::string apart = checked_html(other);
  for (const char* part : {">16.14<", ">25.00<", "<td>ResNet18</td>", "<td>ResNet&lt;50&gt;</td>"})
    CHECK(has(apart, part));
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

TEST_CASE("report of an experiment", "[report]") {
  Report report;
  report.runs = {run("first", 2)};
  add_experiments(report.runs[0]);
  const std::string html = checked_html(report);
  const auto section = [&](const std::string& heading) {
    const std::size_t begin = html.find("<h2>" + heading + "</h2>");
    return begin == std::string::npos ? "" : html.substr(begin, html.find("</section>", begin) - begin);
  };
  // The costliest fixed resolution is the baseline; 10 of 1008 images are what the cascade is better in.
  const std::string table = section("Results");
  CHECK(support::count(table, ">baseline<") == 1);
  CHECK(table.find("fixed 128") < table.find(">baseline<"));
  const std::string head = html.substr(0, html.find("</header>"));
  CHECK(has(head,
            "<strong>first · cascade</strong> takes 50 % of the multiply-adds of <strong>first · fixed "
            "128</strong>"));
  CHECK(has(head, "the cheapest that loses none, of all 2 that were compared"));
  // What nothing is known of has no column; speeds that all share have one.
  Report timed = report;
  for (auto& result : timed.runs[0].evaluations) result.milliseconds_per_image = 4;
  CHECK(has(checked_html(timed), ">Latency<br>"));
  for (auto& result : timed.runs[0].evaluations) result.milliseconds_per_image = Report::kUnknown;
  CHECK(!has(checked_html(timed), ">Latency<br>"));
  const auto interval = drnet::difference_interval({1008, 10, 0});
  const auto text = [](double share) { return drnet::markup::number(100 * share, 1); };
  CHECK(has(table, ">+1.0 (+" + text(interval.low) + " – +" + text(interval.high) + ")<"));
  CHECK(has(table, ">−5.0 ("));  // fixed 64: 50 of 1008
  CHECK(has(table, ">−50 %<"));  // its cost
  CHECK(has(table, ">–</td>"));  // the predictor, whose right answers are not known
  // Points, curves and the line of fixed resolutions, for a desk and for a telephone.
  const std::string plane = section("Accuracy against cost");
  CHECK(support::count(plane, "<svg viewBox") == 2);
  CHECK(support::count(plane, "<title>fixed resolutions</title>") == 2);
  CHECK(support::count(plane, "<title>cascade</title>") == 2);
  CHECK(has(plane, "<desc>1 first · predictor: 71.0 % at 0.401; "));
  CHECK(has(section("Accuracy for a budget"), "Cost of an image (ms)"));
  CHECK(!has(section("Share of each resolution"), "fixed 64"));  // is all of one
  // The class that needs larger pictures comes first.
  const std::string classes = section("Choices by class");
  CHECK(classes.find("owl, 504 images: 128 px: 48 %, 96 px: 46 %, 64 px: 6 %") < classes.find("cat, 504"));
  CHECK(has(classes, "cat, 504 images: 128 px: 2 %"));
  const std::string reliability = section("Reliability of confidences");
  CHECK(has(reliability, "128 px: ECE 8.0 → 1.0 %, T = 1.50"));
  CHECK(support::count(reliability, "<circle") == 3);  // bins that have images
  CHECK(has(reliability, "after: 90.0 % of the images, confidence 70.0 %, accuracy 70.0 %"));
  const std::string time = section("Time of an image");
  CHECK(has(time, "1 image, 2 threads"));
  CHECK(has(time, "fixed 128, 32 images, 2 threads: 6.50 ms"));
  CHECK(has(time, "width=\"80.000%\""));  // the longest
  CHECK(has(time, "width=\"40.000%\""));  // half of it
}

TEST_CASE("report compares with the result that is asked for", "[report]") {
  Report report;
  report.runs = {run("first", 2), run("second", 2)};
  for (Report::Run& one : report.runs) add_experiments(one);
  const auto baseline = [&](const std::string& name) {
    report.baseline = name;
    const std::string html = checked_html(report);
    const std::size_t end = html.find(">baseline<"), row = html.rfind("<tr", end);
    const std::size_t group = html.rfind("<tr class=\"group\"", end);  // of the run
    return html.substr(group, html.find("</tr>", group) - group) + html.substr(row, end - row);
  };
  const auto names = [&](const std::string& name, const char* run, const char* router) {
    const std::string html = baseline(name);
    return has(html, std::string(run) + "</th>") && has(html, ">" + std::string(router) + "</td>");
  };
  CHECK(names("", "first", "fixed 128"));
  CHECK(names("second · fixed 64", "second", "fixed 64"));
  CHECK(names("cascade", "first", "cascade"));
  report.baseline = "fixed 32";
  CHECK_THROWS_WITH(drnet::report_html(report), support::contains("second · fixed 64"));
  // Answers about other images are not compared.
  report.baseline = "first · fixed 128";
  CHECK(has(checked_html(report), ">−5.0 ("));
  for (auto& one : report.runs[0].evaluations) one.data = "other " + one.router;
  report.runs.pop_back();
  CHECK(!has(checked_html(report), ">−5.0 ("));
  // Without fixed resolutions there is nothing to compare with.
  report.baseline.clear();
  report.runs[0].evaluations.resize(1);
  CHECK(!has(checked_html(report), ">baseline<"));
}

TEST_CASE("report of a thousand classes", "[report]") {
  Report report;
  report.runs = {run("first", 1)};
  for (int c = 0; c < 1000; ++c) report.runs[0].evaluations[0].chosen_by_class.push_back({c, 1000 - c, 0});
  report.runs[0].evaluations[0].chosen_by_class[7] = {0, 0, 0};  // no image
  const std::string html = checked_html(report);
  CHECK(has(html, "Of 999 classes, those with the 30 largest"));
  CHECK(support::count(html, "<span title=\"class ") == 60);
  CHECK(html.find("class 999, 1000 images") < html.find("class 970, "));
  CHECK(html.find("class 970, ") < html.find("class 30, "));
  CHECK(!has(html, "class 500,"));
  CHECK(!has(html, "class 7,"));
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
  CHECK(!has(html, "over time"));
  CHECK(!has(html, "<h2>Training"));

  report.runs = {run("odd", 3)};
  for (Report::Epoch& epoch : report.runs[0].epochs) {
    epoch.loss = std::numeric_limits<double>::infinity();
    epoch.average_macs = -1;
    epoch.shares = {kNaN, 2, -1};
  }
  checked_html(report);
}

TEST_CASE("report leaves out charts of training without data", "[report]") {
  const auto training = [](const Report& report) {
    const std::string html = checked_html(report);
    const std::size_t begin = html.find("<h2>Training</h2>");
    return begin == std::string::npos ? "" : html.substr(begin, html.find("</section>", begin) - begin);
  };
  Report report;
  report.runs = {run("first", 3), run("second", 3)};
  CHECK(support::count(training(report), "<svg viewBox") == 6);  // loss, accuracy, cost; over epochs and time
  // An accuracy of one epoch of one run is data; without it the chart goes, on both axes.
  for (Report::Run& one : report.runs)
    for (Report::Epoch& epoch : one.epochs) epoch.accuracy = kNaN;
  report.runs[1].epochs.back().accuracy = 0.5;
  CHECK(support::count(training(report), "Validation accuracy (%)</text>") == 2);
  report.runs[1].epochs.back().accuracy = kNaN;
  CHECK(!has(training(report), "Validation accuracy"));
  CHECK(support::count(training(report), "<svg viewBox") == 4);
  CHECK(has(training(report), "over time"));
  CHECK(!has(training(report), "no data"));
  // Without times there is one axis and nothing to choose.
  for (Report::Run& one : report.runs)
    for (Report::Epoch& epoch : one.epochs) epoch.seconds = kNaN;
  CHECK(support::count(training(report), "<svg viewBox") == 2);
  CHECK(!has(training(report), "over "));
  CHECK(!has(training(report), "<input"));
  // Without epochs' numbers there is the other one, shown without a choice.
  for (Report::Run& one : report.runs)
    for (Report::Epoch& epoch : one.epochs) std::swap(epoch.seconds, epoch.epoch);
  CHECK(support::count(training(report), "<svg viewBox") == 2);
  CHECK(!has(training(report), "by-seconds"));
  for (Report::Run& one : report.runs)
    for (Report::Epoch& epoch : one.epochs) epoch.loss = epoch.average_macs = kNaN;
  CHECK(training(report).empty());
  CHECK(!has(checked_html(report), "href=\"#training\""));
}

TEST_CASE("report of differences", "[report]") {
  Report report;
  report.runs = {run("first", 2)};
  CHECK(!has(checked_html(report), "<h2>Differences"));
  CHECK(!has(checked_html(report), "href=\"#differences\""));
  add_experiments(report.runs[0]);  // fixed 64 is wrong about the first 300, fixed 128 about 250
  report.comparisons = {{"first · fixed 64", "first · fixed 128"}, {"first · predictor", "first · cascade"}};
  report.runs.push_back(report.runs[0]);
  report.runs[1].name = "second & last";
  report.runs[1].evaluations[1].router = "random, seed 3";
  const std::string html = checked_html(report);
  CHECK(html.find("<div id=\"results\"") < html.find("<div id=\"differences\""));
  CHECK(html.find("<div id=\"cost\"") < html.find("<div id=\"results\""));  // the picture first
  const std::size_t begin = html.find("<h2>Differences</h2>");
  const std::string table = html.substr(begin, html.find("</section>", begin) - begin);
  CHECK(support::count(table, "<tr>") == 4);  // head, two that are asked for, one of a predictor
  // 50 of 1008 images that only the second is right about; 150 against 600 M multiply-adds.
  CHECK(has(table,
            "<td class=\"name\">first · fixed 64</td><td class=\"name\">first · fixed 128</td>"
            "<td class=\"n\">−5.0 (−6.5 – −3.8)</td><td class=\"n\">−75 %</td><td class=\"n\">–</td>"));
  // Which answers of the predictor are right is not known; 401 against 300 and 150.
  CHECK(has(table,
            "<td class=\"name\">first · predictor</td><td class=\"name\">first · cascade</td>"
            "<td class=\"n\">–</td><td class=\"n\">+34 %</td><td class=\"n\">–</td>"));
  CHECK(has(table,
            "<td class=\"name\">second &amp; last · predictor</td>"
            "<td class=\"name\">second &amp; last · random, seed 3</td>"
            "<td class=\"n\">–</td><td class=\"n\">+167 %</td>"));
  report.comparisons = {{"first · fixed 64", "fixed 128"}};
  CHECK_THROWS_WITH(drnet::report_html(report), support::contains("got 'fixed 128'"));
  report.comparisons = {{"", "first · fixed 64"}};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
}

TEST_CASE("report says where its runs come from and whose choices it shows", "[report]") {
  Report report;
  report.runs = {run("first", 1), run("second", 1)};
  report.montage = {{1, 1, 1, {0}, "cat", "dog", 96}};
  const std::string plain = checked_html(report);
  CHECK(!has(plain, "seed"));
  CHECK(has(plain, "<h2>Images by chosen resolution</h2>"));
  report.runs[0].seed = 3;
  report.runs[1].seed = 1;
  report.runs[0].compiler = report.runs[1].compiler = "g++ <13>";
  report.montage_of = "second <b>";
  const std::string html = checked_html(report);
  CHECK(has(html, "<p class=\"note\">compiler: g++ &lt;13&gt; · seed: 3, 1</p></section>"));
  CHECK(has(html, "<h2>Images by chosen resolution · second &lt;b&gt;</h2>"));
}

TEST_CASE("report begins with the cheapest result that loses nothing, or next to nothing", "[report]") {
  Report report;
  report.runs = {run("first", 2)};
  add_experiments(report.runs[0]);
  Report::Evaluation& cascade = report.runs[0].evaluations.back();
  const auto wrong = [&](std::size_t count) {
    cascade.right.assign(1008, true);
    for (std::size_t i = 0; i < count; ++i) cascade.right[i] = false;
    cascade.correct = 1008 - static_cast<std::int64_t>(count);
    const std::string html = checked_html(report);
    return html.substr(0, html.find("</header>"));
  };
  CHECK(has(wrong(250), "that loses none"));
  // Of 1008 pictures 2 more are wrong: Tango's interval is far above -2 points; with 50 more it is not.
  const std::string near = wrong(252);
  CHECK(has(near, "first · cascade</strong> takes 50 %"));
  CHECK(has(near, "differs by −0.2 ("));
  CHECK(has(near, "whose interval is above −2 points"));
  CHECK(!has(wrong(300), "is the cheapest"));
}

TEST_CASE("report of more results than its plane has room for", "[report]") {
  Report report;
  for (int i = 0; i < 7; ++i) {
    report.runs.push_back(run("run " + std::to_string(i), 2));
    add_experiments(report.runs.back());
  }
  Report::Evaluation chance = report.runs[0].evaluations.back();
  chance.router = "random, seed 1";
  report.runs[0].evaluations.push_back(chance);
  const auto part = [](const std::string& html, const std::string& heading) {
    const std::size_t begin = html.find("<h2>" + heading + "</h2>");
    return html.substr(begin, html.find("</section>", begin) - begin);
  };
  const std::string html = checked_html(report), plane = part(html, "Accuracy against cost");
  CHECK(has(part(html, "Results"), "random, seed 1"));
  CHECK(!has(plane, "random, seed 1"));
  CHECK(has(plane, "Random choices"));
  CHECK(has(plane, ">29 run 6 · cascade<"));  // as in the table, where chance is row 5
  CHECK(!has(plane, "<title>cascade · run 0</title>"));
  CHECK(support::count(part(html, "Accuracy for a budget"), "<title>cascade · run 0</title>") ==
        4);  // two units
  // With room, all are there.
  report.runs.resize(2);
  const std::string few = part(checked_html(report), "Accuracy against cost");
  CHECK(has(few, "random, seed 1"));
  CHECK(has(few, "<title>cascade · run 0</title>"));
  CHECK(!has(few, "Random choices"));
}

TEST_CASE("report says which numbers flatter", "[report]") {
  Report report;
  report.runs = {run("first", 1)};
  CHECK(!has(checked_html(report), "flatters"));
  report.runs[0].curves = {{"cascade", "macs", {{2e8, 2e8, 0.7}}}};
  CHECK(support::count(checked_html(report), "solved and judged on the same images") == 1);
  report.runs[0].curves[0].unit = "ms";
  CHECK(support::count(checked_html(report), "solved and judged on the same images") == 1);
  report.runs[0].curves.clear();
  report.runs[0].reliability = {{128, 1.5, 0.08, 0.01, {{90, 0.8, 0.7}}, {{90, 0.7, 0.7}}}};
  CHECK(support::count(checked_html(report), "T was fitted on the images that both errors") == 1);
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
  add_experiments(report.runs[0]);
  report.runs[0].class_names = {hostile, hostile};
  report.runs[0].evaluations.back().router = report.runs[0].latencies[0].router = hostile;
  report.runs[0].evaluations.back().data = hostile;
  report.runs[0].curves[0].router = report.runs[0].curves[1].unit = hostile;
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
  report.runs[0].evaluations[0].right.assign(1008, true);  // but 716 are
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs[0].evaluations[0].right.assign(716, true);  // but of 1008
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs = {run("a", 2)};
  report.runs[0].evaluations[0].chosen_by_class = {{1, 2}};
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs = {run("a", 2)};
  report.runs[0].evaluations[0].choices.assign(1008, 3);  // of candidates 0 to 2
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs[0].evaluations[0].choices.assign(1007, 2);  // but of 1008
  CHECK_THROWS_AS(drnet::report_html(report), drnet::Error);
  report.runs[0].evaluations[0].choices.assign(1008, 2);
  CHECK_NOTHROW(drnet::report_html(report));
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
