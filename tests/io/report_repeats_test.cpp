// What two runs with one classifier have in common stands in a report once.
#include <drnet/io/report_markdown.hpp>
#include <drnet/io/report_repeats.hpp>
#include <support/catch.hpp>
#include <support/report_result.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using drnet::Report;
using support::result;

Report::Run network(const std::string& name, const std::vector<bool>& predictor) {
  Report::Run run;
  run.name = name;
  run.candidates = {224, 112};
  run.evaluations = {result("fixed 224", 300e6, {true, true, true, false}),
                     result("fixed 112", 80e6, {true, true, false, false}),
                     result("predictor", 150e6, predictor),
                     result("cascade within 50 %, cross-fitted", 140e6, {true, false, true, false})};
  run.curves = {{"predictor", "macs", {{200e6, 150e6, 0.5}}}, {"cascade", "macs", {{200e6, 140e6, 0.5}}}};
  run.curves[0].points[0].accuracy = run.evaluations[2].accuracy;
  run.reliability = {{224, 1.5, 0.1, 0.05, {}, {}}, {112, 1.2, 0.1, 0.05, {}, {}}};
  run.histogram = {{1, 2}, 1, {}};
  run.latencies = {{"fixed 224", 1, 1, 5.0, 300e6},
                   {"predictor", 1, 1, 3.0, 150e6},
                   {"cascade within 50 %", 1, 1, 2.5, 140e6}};
  return run;
}

Report resting() {
  Report report;
  report.runs = {network("first", {true, true, true, false}), network("resting", {true, false, false, true})};
  report.comparisons = {{"resting · predictor", "resting · fixed 112"},
                        {"resting · fixed 224", "first · fixed 224"}};
  return report;
}

std::vector<std::string> routers(const Report::Run& run) {
  std::vector<std::string> all;
  for (const auto& one : run.evaluations) all.push_back(one.router);
  return all;
}

}  // namespace

TEST_CASE("A classifier that rested has its results in a report once", "[report]") {
  Report report = resting();
  report.baseline = "resting · fixed 224";
  drnet::drop_repeats(report);
  const auto& [first, run] = std::pair(report.runs[0], report.runs[1]);
  CHECK(routers(first) == routers(resting().runs[0]));
  CHECK(first.latencies.size() == 3);
  CHECK(routers(run) == std::vector<std::string>{"predictor"});
  REQUIRE(run.curves.size() == 1);
  CHECK(run.curves[0].router == "predictor");
  CHECK(run.reliability.empty());
  CHECK_FALSE(run.histogram);
  REQUIRE(run.latencies.size() == 2);  // a fixed one to compare with
  CHECK(run.latencies[0].router == "fixed 224");
  CHECK(run.latencies[1].router == "predictor");
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0] == "resting: the classifier is that of first, whose results are not repeated.");
  CHECK(report.baseline == "first · fixed 224");
  REQUIRE(report.comparisons.size() == 1);
  CHECK(report.comparisons[0].first == "resting · predictor");
  CHECK(report.comparisons[0].second == "first · fixed 112");
  CHECK_NOTHROW(drnet::differences_markdown(report));
}

TEST_CASE("What differs between two classifiers, or may differ, stays in a report", "[report]") {
  const auto kept = [](const auto& change) {
    Report report = resting();
    change(report.runs[1]);
    const std::size_t before = report.runs[1].evaluations.size();
    drnet::drop_repeats(report);
    CHECK(report.notes.empty());
    CHECK(report.comparisons.size() == 2);
    return report.runs[1].evaluations.size() == before;
  };
  // As many right answers, to other images.
  CHECK(kept([](Report::Run& run) { run.evaluations[1].right = {true, false, true, false}; }));
  CHECK(kept([](Report::Run& run) { run.evaluations[0].right.clear(); }));
  CHECK(kept([](Report::Run& run) { run.evaluations[1].choices = {0, 1, 1, 0}; }));
  CHECK(kept([](Report::Run& run) { run.evaluations.erase(run.evaluations.begin()); }));
  CHECK(kept([](Report::Run& run) { run.candidates = {224, 96}; }));
  CHECK(kept([](Report::Run& run) { run.data = "others"; }));
  // The same classifier with another cascade: that one stays.
  Report report = resting();
  report.runs[1].evaluations[3].right = {false, true, true, false};
  report.runs[1].reliability[0].temperature = 1.6;
  drnet::drop_repeats(report);
  CHECK(routers(report.runs[1]) ==
        std::vector<std::string>{"predictor", "cascade within 50 %, cross-fitted"});
  CHECK(report.runs[1].latencies.size() == 3);
  CHECK(report.runs[1].reliability.size() == 2);
}

TEST_CASE("A report of one run, or of none, has no repeats", "[report]") {
  Report none;
  drnet::drop_repeats(none);
  CHECK(none.notes.empty());
  Report one = resting();
  one.runs.pop_back();
  one.comparisons.clear();
  drnet::drop_repeats(one);
  CHECK(routers(one.runs[0]).size() == 4);
}

TEST_CASE("A run that answers as another one did is in a report, and a note says so", "[report]") {
  Report report;
  report.runs = {network("first", {true, true, true, false}), network("again", {true, true, true, false})};
  report.comparisons = {{"again · predictor", "first · predictor"}};
  drnet::drop_repeats(report);
  CHECK(routers(report.runs[1]) == routers(report.runs[0]));
  CHECK(report.runs[1].latencies.size() == 3);
  CHECK(report.comparisons.size() == 1);
  CHECK(report.notes == std::vector<std::string>{"again: every answer is that of first."});
}
