// The Markdown table of a report.
#include <drnet/io/report_markdown.hpp>
#include <drnet/io/report_model.hpp>
#include <support/catch.hpp>
#include <support/report_result.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using drnet::Report;
using support::result;

Report two_runs() {
  Report report;
  std::vector<bool> all(100, true), some(100, true);
  for (std::size_t i = 0; i < 10; ++i) some[i] = false;
  report.runs.resize(2);
  report.runs[0].name = "fixed | 224";
  report.runs[0].candidates = {224};
  report.runs[0].epochs.resize(2);
  report.runs[0].epochs[1].seconds = 90;
  report.runs[0].evaluations = {result("fixed 224", 300e6, all)};
  report.runs[1].name = "dynamic";
  report.runs[1].candidates = {224, 112};
  report.runs[1].evaluations = {result("predictor", 150e6, some)};
  report.runs[1].evaluations[0].shares = {0.25, 0.75};
  return report;
}

/// A predictor that is right about 94 of 100 images, and random choices that are right about 90: the
/// predictor alone is wrong about 4, both are about 2, and the random choices alone about 8. The predictor
/// sends images 0 to 24 to 224, the first random choices 20 to 59.
Report with_random_choices() {
  Report report = two_runs();
  std::vector<bool> chosen(100, true), drawn(100, true);
  for (std::size_t i = 0; i < 6; ++i) chosen[i] = false;
  for (std::size_t i = 4; i < 14; ++i) drawn[i] = false;
  report.runs[1].evaluations = {result("predictor", 150e6, chosen), result("random, seed 7", 150e6, drawn),
                                result("random, seed 8", 200e6, chosen)};
  for (std::int64_t i = 0; i < 100; ++i) {
    report.runs[1].evaluations[0].choices.push_back(i < 25 ? 0 : 1);
    report.runs[1].evaluations[1].choices.push_back(i >= 20 && i < 60 ? 0 : 1);
  }
  return report;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text)
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  return lines;
}

}  // namespace

TEST_CASE("a Markdown table has a line for each result, compared with the baseline", "[report]") {
  const auto lines = lines_of(drnet::results_markdown(two_runs()));
  REQUIRE(lines.size() == 5);  // head, rule, two results, nothing behind the last line break
  CHECK(lines[1] == "|---|---|---|---|---|---|---|");
  CHECK(lines[2].starts_with("| fixed \\| 224 · fixed 224 | 100.0 % ("));
  CHECK(lines[2].find("| baseline | 300 | baseline | – |") != std::string::npos);
  CHECK(lines[2].ends_with("| 2 epochs, 1.5 min |"));
  // Ten images that only the baseline is right about: Tango's interval is not symmetric.
  CHECK(lines[3].starts_with("| dynamic · predictor | 90.0 % ("));
  CHECK(lines[3].find("| −10.0 (") != std::string::npos);
  CHECK(lines[3].find("| 150 | −50 % | 25 / 75 % |") != std::string::npos);
  CHECK(lines[3].ends_with("| – |"));
  CHECK(lines[4].empty());
}

TEST_CASE("a Markdown table without a fixed resolution compares nothing", "[report]") {
  Report report = two_runs();
  report.runs.erase(report.runs.begin());
  const std::string table = drnet::results_markdown(report);
  CHECK(table.find("baseline") == std::string::npos);
  report.baseline = "fixed 224";
  CHECK_THROWS_AS(drnet::results_markdown(report), drnet::Error);
}

TEST_CASE("random choices with several seeds are one line of a Markdown table", "[report]") {
  Report report = two_runs();
  const std::vector<bool> right(100, true);
  std::vector<bool> fewer = right;
  for (std::size_t i = 0; i < 4; ++i) fewer[i] = false;
  report.runs[1].evaluations.push_back(result("random, seed 1", 120e6, right));
  report.runs[1].evaluations.push_back(result("random, seed 2", 180e6, fewer));
  const auto lines = lines_of(drnet::results_markdown(report));
  REQUIRE(lines.size() == 6);
  // Accuracies 1 and 0.96: mean 0.98, deviation 0.04 / sqrt(2).
  CHECK(lines[4] == "| dynamic · random, 2 seeds | 98.0 % ± 2.8 | – | 150 | – | – | – |");
}

TEST_CASE("a run that began with another's weights has its training counted, too", "[report]") {
  Report report = two_runs();
  report.runs[0].earlier_epochs = 3;
  report.runs[0].earlier_seconds = 60;
  CHECK(lines_of(drnet::results_markdown(report))[2].ends_with("| 3 + 2 epochs, 2.5 min |"));
  report.runs[0].epochs.resize(1);
  report.runs[0].epochs[0].seconds = 30;
  CHECK(lines_of(drnet::results_markdown(report))[2].ends_with("| 3 + 1 epochs, 1.5 min |"));
  report.runs[0].epochs.clear();
  CHECK(lines_of(drnet::results_markdown(report))[2].ends_with("| 3 + 0 epochs, 1.0 min |"));
}

TEST_CASE("a Markdown table of times says what share of the saved multiply-adds is saved time", "[report]") {
  Report report = two_runs();
  CHECK(drnet::latency_markdown(report).empty());
  report.runs[0].latencies = {{"fixed 224", 1, 1, 5.0, 300e6}};  // has no choice
  report.runs[1].latencies = {{"fixed 112", 1, 1, 1.4, 80e6},
                              {"fixed 224", 1, 1, 5.0, 300e6},
                              {"predictor", 1, 1, 2.75, 150e6},
                              {"predictor", 1, 2, 2.0, 150e6},
                              {"fixed 224", 1, 2, 2.0, Report::kUnknown}};
  const auto lines = lines_of(drnet::latency_markdown(report));
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "| ms an image | multiply-adds | 1 image, 1 thread |");
  CHECK(lines[1] == "|---|---|---|");
  CHECK(lines[2] == "| dynamic · fixed 112 | −73 % | 1.40 (−72 %, 0.98) |");
  CHECK(lines[3] == "| dynamic · fixed 224 | ±0 % | 5.00 |");
  CHECK(lines[4] == "| dynamic · predictor | −50 % | 2.75 (−45 %, 0.90) |");
  report.runs[1].latencies.back() = {"fixed 224", 16, 2, 2.0, 300e6};
  report.runs[1].latencies.push_back({"predictor", 16, 2, 2.1, 150e6});
  const auto two = lines_of(drnet::latency_markdown(report));
  CHECK(two[0] == "| ms an image | multiply-adds | 1 image, 1 thread | 16 images, 2 threads |");
  CHECK(two[2] == "| dynamic · fixed 112 | −73 % | 1.40 (−72 %, 0.98) | – |");
  CHECK(two[4] == "| dynamic · predictor | −50 % | 2.75 (−45 %, 0.90) | 2.10 (+5 %, −0.10) |");
}

TEST_CASE("a Markdown table of calibrations has a line for each bank", "[report]") {
  Report report = two_runs();
  CHECK(drnet::reliability_markdown(report).empty());
  auto& banks = report.runs[1].reliability;
  banks.resize(2);
  banks[0].resolution = 224;
  banks[0].temperature = 0.804;
  banks[0].error_before = 0.0512;
  banks[0].error_after = 0.012;
  banks[1].resolution = 112;
  banks[1].temperature = 1.5;
  banks[1].error_before = 0.2;
  const auto lines = lines_of(drnet::reliability_markdown(report));
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "| expected calibration error | temperature | before | after |");
  CHECK(lines[2] == "| dynamic · fixed 224 | 0.80 | 5.1 % | 1.2 % |");
  CHECK(lines[3] == "| dynamic · fixed 112 | 1.50 | 20.0 % | – |");
}

TEST_CASE("Markdown begins with the cheapest result that loses nothing, or next to nothing", "[report]") {
  CHECK(drnet::headline_markdown(Report{}).empty());
  Report report = two_runs();  // the predictor is wrong about 10 of 100 more
  CHECK(drnet::headline_markdown(report).empty());
  report.runs[1].evaluations[0] = result("predictor", 150e6, report.runs[0].evaluations[0].right);
  CHECK(
      drnet::headline_markdown(report).starts_with("**dynamic · predictor** takes 50 % of the multiply-adds "
                                                   "of **fixed \\| 224 · fixed 224**; its accuracy "
                                                   "differs by ±0.0 ("));
  CHECK(drnet::headline_markdown(report).ends_with(
      "It is the cheapest that loses none, of all 1 that were compared.\n"));
}

TEST_CASE("Markdown of differences: a predictor and its random choices", "[report]") {
  CHECK(drnet::differences_markdown(two_runs()).empty());
  CHECK(drnet::differences_markdown(Report{}).empty());
  const auto lines = lines_of(drnet::differences_markdown(with_random_choices()));
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] ==
        "| first | second | difference in points (95 %) | cost against the second | resolutions against the "
        "second's |");
  CHECK(lines[1] == "|---|---|---|---|---|");
  // 8 images that only the predictor is right about, 4 that only the other is: Tango's interval of +4 of 100.
  CHECK(lines[2] ==
        "| dynamic · predictor | dynamic · random, seed 7 | +4.0 (−3.2 – +11.7) | ±0 % | 35.0 % lower, 20.0 "
        "% higher |");
  CHECK(lines[3].starts_with("| dynamic · predictor | dynamic · random, seed 8 | ±0.0 ("));
  CHECK(lines[3].ends_with("| −25 % | – |"));  // what that one chose is not known
  CHECK(lines[4].empty());
}

TEST_CASE("Markdown: random choices like a cascade stand beside the cascade, and are a line of their own",
          "[report]") {
  Report report = with_random_choices();
  auto& results = report.runs[1].evaluations;
  results.push_back(result("cascade", 200e6, results[0].right));
  for (const char* seed : {"7", "8"})
    results.push_back(result("random like cascade, seed " + std::string(seed), 200e6, results[1].right));
  results.push_back(result("random", 200e6, results[1].right));  // of one seed, and like nothing
  const auto table = lines_of(drnet::results_markdown(report));
  REQUIRE(table.size() == 9);
  CHECK(table[4].starts_with("| dynamic · random, 2 seeds | 92.0 % ± 2.8 |"));
  CHECK(table[6].starts_with("| dynamic · random like cascade, 2 seeds | 90.0 % ± 0.0 |"));
  CHECK(table[7].starts_with("| dynamic · random | 90.0 % ("));
  const auto lines = lines_of(drnet::differences_markdown(report));
  REQUIRE(lines.size() == 7);
  CHECK(lines[2].starts_with("| dynamic · predictor | dynamic · random, seed 7 |"));
  CHECK(lines[3].starts_with("| dynamic · predictor | dynamic · random, seed 8 |"));
  CHECK(lines[4].starts_with("| dynamic · cascade | dynamic · random like cascade, seed 7 | +4.0 ("));
  CHECK(lines[5].starts_with("| dynamic · cascade | dynamic · random like cascade, seed 8 | +4.0 ("));
}

TEST_CASE("Markdown of differences: what is fixed is at one resolution", "[report]") {
  Report report = with_random_choices();
  auto& results = report.runs[1].evaluations;
  results[2].router = "fixed 112";
  results[2].shares = {0, 1};
  report.comparisons = {{"dynamic · predictor", "fixed | 224 · fixed 224"},
                        {"dynamic · predictor", "dynamic · fixed 112"},
                        {"dynamic · fixed 112", "fixed | 224 · fixed 224"},
                        {"dynamic · fixed 112", "dynamic · fixed 112"}};
  const auto lines = lines_of(drnet::differences_markdown(report));
  CHECK(lines.at(2).ends_with("| 75.0 % lower, 0.0 % higher |"));
  CHECK(lines.at(3).ends_with("| 0.0 % lower, 25.0 % higher |"));
  CHECK(lines.at(4).ends_with("| 100.0 % lower, 0.0 % higher |"));
  CHECK(lines.at(5).ends_with("| the same |"));
}

TEST_CASE("Markdown of differences: the pairs that are asked for come first, and no pair twice", "[report]") {
  Report report = with_random_choices();
  report.comparisons = {{"dynamic · random, seed 8", "fixed | 224 · fixed 224"},
                        {"dynamic · predictor", "dynamic · random, seed 8"}};
  const auto lines = lines_of(drnet::differences_markdown(report));
  REQUIRE(lines.size() == 6);
  // 6 images that only the baseline is right about.
  CHECK(lines[2] ==
        "| dynamic · random, seed 8 | fixed \\| 224 · fixed 224 | −6.0 (−12.5 – −2.1) | −33 % | – |");
  CHECK(lines[3].starts_with("| dynamic · predictor | dynamic · random, seed 8 |"));
  CHECK(lines[4].starts_with("| dynamic · predictor | dynamic · random, seed 7 |"));
  // Another run's random choices are another network's.
  report.comparisons.clear();
  report.runs[0].evaluations.push_back(report.runs[1].evaluations[1]);
  report.runs[0].evaluations.back().choices.clear();  // of two candidates
  CHECK(lines_of(drnet::differences_markdown(report)).size() == 5);
  // A router alone is no label.
  report.comparisons = {{"dynamic · predictor", "fixed 224"}};
  CHECK_THROWS_WITH(drnet::differences_markdown(report),
                    support::contains("fixed | 224 · fixed 224") && support::contains("got 'fixed 224'"));
  report.comparisons = {{"other · predictor", "dynamic · predictor"}};
  CHECK_THROWS_AS(drnet::differences_markdown(report), drnet::Error);
}

TEST_CASE("Markdown of where runs come from", "[report]") {
  Report report = two_runs();
  CHECK(drnet::origins_markdown(report).empty());
  report.runs.resize(3);
  report.runs[0].seed = 8;
  report.runs[1].seed = 0;
  report.runs[2].seed = 8;
  report.runs[0].commit = report.runs[2].commit = "b2";
  report.runs[1].commit = "a1";
  report.runs[2].processor = "P | Q";
  CHECK(drnet::origins_markdown(report) == "* commit: b2, a1\n* processor: P \\| Q\n* seed: 8, 0\n");
  for (Report::Run& run : report.runs) run.compiler = "g++ 13.2";
  CHECK(drnet::origins_markdown(report) ==
        "* commit: b2, a1\n* compiler: g++ 13.2\n* processor: P \\| Q\n* seed: 8, 0\n");
}

TEST_CASE("Markdown of notes", "[report]") {
  Report report;
  CHECK(drnet::notes_markdown(report).empty());
  report.notes = {"first", "second\nline"};
  CHECK(drnet::notes_markdown(report) == "* first\n* second line\n");
}

TEST_CASE("of fixed resolutions that cost as much, the baseline is that of a network of one", "[report]") {
  const auto baseline_line = [](const Report& report) {
    for (const std::string& line : lines_of(drnet::results_markdown(report)))
      if (line.find("| baseline |") != std::string::npos) return line.substr(0, line.find(" | "));
    return std::string();
  };
  Report report = two_runs();
  std::swap(report.runs[0], report.runs[1]);
  report.runs[0].evaluations.push_back(report.runs[1].evaluations[0]);
  report.runs[0].evaluations.back().router = "fixed 224";
  report.runs[1].name = "single";
  CHECK(baseline_line(report) == "| single · fixed 224");
  std::swap(report.runs[0], report.runs[1]);
  CHECK(baseline_line(report) == "| single · fixed 224");
  report.runs[1].evaluations[1].average_macs += 1;  // of the network of several: the dearer one counts
  CHECK(baseline_line(report) == "| dynamic · fixed 224");
  report.runs[1].evaluations[1].average_macs -= 1;
  report.runs[0].candidates = {224, 112};  // both have several: the first
  CHECK(baseline_line(report) == "| single · fixed 224");
  std::swap(report.runs[0], report.runs[1]);
  CHECK(baseline_line(report) == "| dynamic · fixed 224");
}
