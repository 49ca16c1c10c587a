// The Markdown table of a report.
#include <drnet/io/report_markdown.hpp>
#include <drnet/io/report_model.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using drnet::Report;

Report::Evaluation result(const std::string& router, double macs, const std::vector<bool>& right) {
  Report::Evaluation evaluation;
  evaluation.router = router;
  evaluation.images = static_cast<std::int64_t>(right.size());
  evaluation.correct = std::count(right.begin(), right.end(), true);
  evaluation.accuracy = static_cast<double>(evaluation.correct) / static_cast<double>(right.size());
  evaluation.average_macs = macs;
  evaluation.right = right;
  return evaluation;
}

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
  CHECK(lines[2] == "| dynamic · fixed 112 | 1 | 1 | 1.40 | 72.0 % | 73.3 % | 0.98 |");
  CHECK(lines[3] == "| dynamic · fixed 224 | 1 | 1 | 5.00 | 0.0 % | 0.0 % | – |");
  CHECK(lines[4] == "| dynamic · predictor | 1 | 1 | 2.75 | 45.0 % | 50.0 % | 0.90 |");
}
