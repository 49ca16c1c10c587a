// Reports from logs: every event of docs/log-format.md, unknown ones, and errors that name file and line.
#include <drnet/io/report_from_logs.hpp>
#include <support/catch.hpp>
#include <support/markup_check.hpp>
#include <support/temp_dir.hpp>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using drnet::Report;

Report read(const support::TempDir& folder, const std::string& text) {
  return drnet::report_from_logs(std::vector{folder.write("run.jsonl", text)});
}

/// The log has a fault in this line, and the message says so.
void check_fails(const std::string& text, int line, const std::string& words) {
  const support::TempDir folder;
  std::string message = "no error";
  try {
    (void)read(folder, text);
  } catch (const drnet::Error& error) {
    message = error.what();
    CHECK_THAT(error.place(), support::contains("run.jsonl:" + std::to_string(line)));
  }
  CHECK_THAT(message, support::contains(words));
}

const std::string kStart =
    R"({"event":"start","model":"ResNet18","data":"caltech101","seed":1,"parameters":16135272,"candidates":[128,96,64],"candidate_macs":[592234496,333154304,148097024],"predictor_macs":72563712})"
    "\n";

std::string montage(const std::string& image) {
  return R"({"event":"montage","images":[)" + image + "]}\n";
}

}  // namespace

TEST_CASE("report from a log", "[report_from_logs]") {
  const support::TempDir folder;
  const Report report = read(
      folder,
      kStart +
          R"({"event":"epoch","stage":1,"epoch":1,"seconds":60.5,"loss":4.5,"accuracy":0.1,"average_macs":592234496,"shares":[1,0,0],"learning_rate":0.1,"images_per_second":66})"
          "\n"
          R"({"event":"epoch","stage":1,"epoch":2,"seconds":120,"loss":null,"accuracy":0.2})"
          "\n"
          R"({"event":"something else","epoch":[]})"
          "\n"
          R"({"event":"epoch","stage":2,"epoch":1,"seconds":180,"loss":2,"accuracy":0.3,"shares":[0.5,null,0.25]})"
          "\n"
          R"({"event":"epoch","stage":2,"loss":1})"
          "\n"
          R"({"event":"evaluation","router":"predictor","accuracy":0.5,"correct":2,"images":4})"
          "\n"
          R"({"event":"evaluation","router":"fixed 128","correct":1,"images":4})"
          "\n"
          R"({"event":"evaluation","router":"predictor","accuracy":0.75,"correct":3,"images":4,"average_macs":4e8,"shares":[0,0.5,0.5],"milliseconds_per_image":9,"images_per_second":111})"
          "\n" +
          montage(
              R"({"width":2,"height":1,"channels":3,"pixels":"AAECAwQF","label":"cat","predicted":7,"resolution":96})"));
  REQUIRE(report.runs.size() == 1);
  const Report::Run& run = report.runs[0];
  CHECK(run.name == "run");
  CHECK(run.model == "ResNet18");
  CHECK(run.data == "caltech101");
  CHECK(run.parameters == 16'135'272);
  CHECK(run.candidates == std::vector<int>{128, 96, 64});
  REQUIRE(run.epochs.size() == 4);
  CHECK(run.epochs[0].seconds == 60.5);
  CHECK(run.epochs[0].loss == 4.5);
  CHECK(run.epochs[0].shares == std::vector<double>{1, 0, 0});
  CHECK(std::isnan(run.epochs[1].loss));
  CHECK(std::isnan(run.epochs[1].average_macs));
  CHECK(run.epochs[2].stage == 2);
  CHECK(run.epochs[2].epoch == 3);  // stage 2 counts on
  CHECK(std::isnan(run.epochs[2].shares[1]));
  CHECK(run.epochs[3].epoch == 4);  // not given: the next one
  REQUIRE(run.evaluations.size() == 2);
  CHECK(run.evaluations[0].router == "predictor");
  CHECK(run.evaluations[0].accuracy == 0.75);  // the later one counts
  CHECK(run.evaluations[0].average_macs == 4e8);
  CHECK(run.evaluations[1].accuracy == 0.25);  // from the counts
  REQUIRE(report.montage.size() == 1);
  CHECK(report.montage[0].pixels == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5});
  CHECK(report.montage[0].predicted == "7");
  CHECK(support::markup_fault(drnet::report_html(report)) == "");
}

TEST_CASE("report of where a run comes from", "[report_from_logs]") {
  const support::TempDir folder;
  const Report report = read(
      folder,
      R"({"event":"start","seed":18446744073709551615,"commit":"5883132","compiler":"g++ 13.2","processor":"P"})"
      "\n"
      R"({"event":"start","seed":0})"
      "\n"
      R"({"event":"start","seed":null,"commit":null})"
      "\n");
  REQUIRE(report.runs.size() == 3);
  CHECK(report.runs[0].seed == 18446744073709551615U);
  CHECK(report.runs[0].commit == "5883132");
  CHECK(report.runs[0].compiler == "g++ 13.2");
  CHECK(report.runs[0].processor == "P");
  CHECK(report.runs[1].seed == 0U);
  CHECK(report.runs[1].commit.empty());
  CHECK(!report.runs[2].seed.has_value());
  CHECK_THAT(drnet::report_html(report), support::contains("commit: 5883132 · compiler: g++ 13.2 · "
                                                           "processor: P · seed: 18446744073709551615, 0<"));
  const std::vector<nlohmann::json> events{{{"event", "start"}, {"seed", 7}}};  // a signed number
  CHECK(drnet::report_from_events(events).runs.at(0).seed == 7U);
  check_fails("{\"event\":\"start\",\"seed\":-1}\n", 1, "a whole number from 0");
  check_fails("{\"event\":\"start\",\"seed\":1.5}\n", 1, "a whole number from 0");
  check_fails("{}\n{\"event\":\"start\",\"commit\":[]}\n", 2, "\"commit\"");
  check_fails("{\"event\":\"start\",\"compiler\":1.5}\n", 1, "\"compiler\"");
  check_fails("{\"event\":\"start\",\"processor\":{}}\n", 1, "\"processor\"");
}

TEST_CASE("report of choices that collapsed", "[report_from_logs]") {
  const auto collapse = [](const std::string& fields) { return "{\"event\":\"collapse\"" + fields + "}\n"; };
  const support::TempDir folder;
  const Report report = read(
      folder, kStart + collapse(R"(,"stage":2,"epoch":1,"resolution":64,"share":0.99)") +
                  collapse(R"(,"stage":2,"epoch":3,"resolution":96,"share":0.9751,"limit":0.95,"used":2)") +
                  kStart + kStart + collapse(R"(,"resolution":128,"share":1)"));
  REQUIRE(report.runs.size() == 3);
  CHECK(report.notes ==
        std::vector<std::string>{
            "run: the choice collapsed; 97.5 % of the choices were 96 px in epoch 3 of stage 2.",
            "run (3): the choice collapsed; 100.0 % of the choices were 128 px on the validation images."});
  CHECK_THAT(drnet::report_html(report), support::contains(report.notes[1]));
  // Without a name, and without what may be missing.
  const std::vector<nlohmann::json> events{{{"event", "collapse"}}};
  const Report bare = drnet::report_from_events(events);
  CHECK(bare.notes == std::vector<std::string>{"the choice collapsed; nearly all of the choices were one "
                                               "resolution on the validation images."});
  const std::vector<nlohmann::json> stageless{{{"event", "collapse"}, {"epoch", 2}, {"share", nullptr}}};
  CHECK(drnet::report_from_events(stageless).notes.at(0) ==
        "the choice collapsed; nearly all of the choices were one resolution in epoch 2.");
  check_fails(kStart + collapse(R"(,"share":"most")"), 2, "a number");
  check_fails(kStart + collapse(R"(,"resolution":-1)"), 2, "a whole number");
  check_fails(kStart + collapse(R"(,"epoch":[2])"), 2, "\"epoch\"");
}

TEST_CASE("report from several logs", "[report_from_logs]") {
  const support::TempDir folder;
  std::filesystem::create_directory(folder / "a");
  std::filesystem::create_directory(folder / "b");
  const auto first = folder.write("a/log.jsonl", kStart),
             second = folder.write("b/log.jsonl", kStart + kStart),
             third = folder.write("third.jsonl", R"({"event":"epoch","loss":1})"
                                                 "\n{\"event\":\"ep");  // stopped while writing
  const Report report = drnet::report_from_logs(std::vector{first, second, third});
  REQUIRE(report.runs.size() == 4);
  CHECK(report.runs[0].name == "a");
  CHECK(report.runs[1].name == "b");
  CHECK(report.runs[2].name == "b (2)");
  CHECK(report.runs[3].name == "third");
  CHECK(report.runs[3].epochs.size() == 1);
  CHECK(report.subtitle == "4 runs");
  REQUIRE(report.notes.size() == 1);
  CHECK_THAT(report.notes[0], support::contains("third.jsonl ends inside a line"));
  CHECK_THAT(drnet::report_html(report), support::contains("third.jsonl ends inside a line"));
  CHECK(drnet::report_from_logs({}).runs.empty());
  // Where names are the same, the folders around them tell runs apart.
  std::filesystem::create_directories(folder / "x/run");
  std::filesystem::create_directories(folder / "y/run");
  const Report same = drnet::report_from_logs(
      std::vector{folder.write("x/run/log.jsonl", kStart), folder.write("y/run/log.jsonl", kStart)});
  CHECK(same.runs.at(0).name == "x/run");
  CHECK(same.runs.at(1).name == "y/run");
  CHECK(read(folder, "").runs.empty());
  CHECK(read(folder, "{}\n{\"other\":1}\n").runs.empty());
}

TEST_CASE("report of an experiment's events", "[report_from_logs]") {
  const support::TempDir folder;
  const Report report = read(
      folder,
      R"({"event":"start","candidates":[128,96,64],"class_names":["cat","owl"]})"
      "\n"
      R"({"event":"evaluation","router":"cascade","correct":3,"images":5,"right":"d0","data":"d",)"
      R"("chosen_by_class":[[1,2,0],[0,0,2]],"choices":[0,1,2,1,2]})"
      "\n"
      R"({"event":"reliability","banks":[{"resolution":128,"temperature":1.5,"ece_before":0.1,"ece_after":0.01,)"
      R"("before":[{"count":2,"confidence":0.9,"accuracy":0.5}],"after":[]}]})"
      "\n"
      R"({"event":"latency","threads":2,"results":[{"router":"fixed 128","images":1,"milliseconds":8},)"
      R"({"router":"fixed 128","images":32,"milliseconds":6}]})"
      "\n"
      R"({"event":"latency","threads":2,"results":[{"router":"fixed 128","images":1,"milliseconds":7}]})"
      "\n"
      R"({"event":"budget_curve","router":"cascade","unit":"macs","points":[{"budget":1,"cost":2,"accuracy":0.3}]})"
      "\n"
      R"({"event":"budget_curve","router":"cascade","points":[{"budget":2,"cost":null,"accuracy":0.4}]})"
      "\n"
      R"({"event":"budget_curve","router":"cascade","unit":"ms"})"
      "\n");
  const Report::Run& run = report.runs.at(0);
  CHECK(run.class_names == std::vector<std::string>{"cat", "owl"});
  const Report::Evaluation& result = run.evaluations.at(0);
  CHECK(result.right == std::vector<bool>{true, true, false, true, false});
  CHECK(result.data == "d");
  CHECK(result.chosen_by_class == std::vector<std::vector<std::int64_t>>{{1, 2, 0}, {0, 0, 2}});
  CHECK(result.choices == std::vector<std::int64_t>{0, 1, 2, 1, 2});
  REQUIRE(run.reliability.size() == 1);
  CHECK(run.reliability[0].resolution == 128);
  CHECK(run.reliability[0].temperature == 1.5);
  CHECK(run.reliability[0].error_after == 0.01);
  CHECK(run.reliability[0].before.at(0).count == 2);
  CHECK(run.reliability[0].before.at(0).accuracy == 0.5);
  REQUIRE(run.latencies.size() == 2);  // the later time of one image counts
  CHECK(run.latencies[0].images == 32);
  CHECK(run.latencies[1].milliseconds == 7);
  CHECK(run.latencies[1].threads == 2);
  REQUIRE(run.curves.size() == 2);  // the later curve of a router and unit counts
  CHECK(run.curves[0].unit == "macs");
  CHECK(run.curves[0].points.at(0).accuracy == 0.4);
  CHECK(std::isnan(run.curves[0].points.at(0).cost));
  CHECK(run.curves[1].unit == "ms");
  CHECK(support::markup_fault(drnet::report_html(report)) == "");
}

TEST_CASE("experiments whose fields do not fit", "[report_from_logs]") {
  const auto evaluation = [](const std::string& fields) {
    return kStart + R"({"event":"evaluation",)" + fields + "}\n";
  };
  const std::string counts = R"("correct":3,"images":5,)";
  check_fails(evaluation(counts + R"("right":"d")"), 2, "5 bits as hexadecimal digits");
  check_fails(evaluation(counts + R"("right":"d1")"), 2, "5 bits");  // a bit behind the last image
  check_fails(evaluation(counts + R"("right":"x0")"), 2, "5 bits");
  check_fails(evaluation(counts + R"("right":[1,1,0,1,0])"), 2, "\"right\"");
  check_fails(evaluation(counts + R"("right":"f0")"), 2, "3 bits that are set");
  check_fails(evaluation(R"("chosen_by_class":[[1,2]])"), 2, "each of 3 candidates");
  check_fails(evaluation(counts + R"("choices":[0,1,2,1])"), 2, "5, one for each image");
  check_fails(evaluation(counts + R"("choices":[0,1,2,1,3])"), 2, "numbers below 3");
  check_fails(evaluation(counts + R"("choices":[0,1,2,1,-1])"), 2, "a whole number");
  check_fails(evaluation(R"("chosen_by_class":[1,2])"), 2, "\"chosen_by_class\"");
  check_fails(evaluation(R"("chosen_by_class":[[1,2,-1]])"), 2, "a whole number");
  check_fails(R"({"event":"start","class_names":[1]})"
              "\n",
              1, "texts");
  check_fails(kStart + "{\"event\":\"reliability\",\"banks\":[{\"before\":[1]}]}\n", 2, "objects");
  check_fails(kStart + "{\"event\":\"reliability\",\"banks\":[{\"temperature\":\"hot\"}]}\n", 2, "a number");
  check_fails(kStart + "{\"event\":\"latency\",\"threads\":0,\"results\":[{}]}\n", 2, "a whole number");
  check_fails(kStart + "{\"event\":\"latency\",\"results\":7}\n", 2, "a list");
  check_fails(kStart + "{\"event\":\"budget_curve\",\"points\":[{\"cost\":\"low\"}]}\n", 2, "a number");
}

TEST_CASE("report of a minimum-resolution analysis", "[report_from_logs]") {
  const std::string analysis =
      R"({"event":"minimum_resolution","images":10,"candidates":[128,96,64],"smallest":[1,2,4],"never":3,)"
      R"("results":[{"router":"fixed 128","accuracy":0.6,"correct":6,"images":10,"average_macs":5e8},)"
      R"({"router":"mean of candidates","accuracy":0.5,"average_macs":3e8,"shares":[0.25,0.25,0.5]}],)"
      R"("examples":[{"width":2,"height":1,"channels":3,"pixels":"AAECAwQF","label":"cat","predicted":"dog","resolution":96}]})"
      "\n";
  const support::TempDir folder;
  const Report alone = read(folder, analysis);
  REQUIRE(alone.runs.size() == 1);
  CHECK(alone.runs[0].candidates == std::vector<int>{128, 96, 64});
  REQUIRE(alone.runs[0].histogram.has_value());
  CHECK(alone.runs[0].histogram->smallest == std::vector<std::int64_t>{1, 2, 4});
  CHECK(alone.runs[0].histogram->never == 3);
  CHECK(alone.runs[0].histogram->images() == 10);
  REQUIRE(alone.runs[0].histogram->examples.size() == 1);
  CHECK(alone.runs[0].histogram->examples[0].resolution == 96);
  REQUIRE(alone.runs[0].evaluations.size() == 2);
  CHECK(alone.runs[0].evaluations[1].router == "mean of candidates");
  CHECK(alone.runs[0].evaluations[1].images == 0);  // an expectation has no interval
  CHECK(alone.runs[0].evaluations[1].shares == std::vector<double>{0.25, 0.25, 0.5});

  // What was measured stays, with its speed; a later measurement replaces a result of the analysis.
  const std::string measured =
      R"({"event":"evaluation","router":"fixed 128","accuracy":0.7,"images_per_second":9})"
      "\n";
  for (const std::string& log : {kStart + measured + analysis, kStart + analysis + measured}) {
    const Report report = read(folder, log);
    REQUIRE(report.runs.size() == 1);
    REQUIRE(report.runs[0].evaluations.size() == 2);
    CHECK(report.runs[0].evaluations[0].accuracy == 0.7);
    CHECK(report.runs[0].evaluations[0].images_per_second == 9);
    CHECK(support::markup_fault(drnet::report_html(report)) == "");
  }
}

TEST_CASE("an analysis that does not belong to its run", "[report_from_logs]") {
  const auto analysis = [](const std::string& fields) {
    return R"({"event":"minimum_resolution",)" + fields + "}\n";
  };
  check_fails(kStart + analysis(R"("candidates":[128,96],"smallest":[1,2])"), 2,
              "those of the run, 128, 96, 64");
  check_fails(kStart + analysis(R"("smallest":[1,2])"), 2, "each of 3 candidates");
  check_fails(kStart + analysis(R"("smallest":[1,2,-1])"), 2, "a whole number");
  check_fails(kStart + analysis(R"("smallest":[1,2,null])"), 2, "a whole number");
  check_fails(kStart + analysis(R"("smallest":[1,2,3],"never":0.5)"), 2, "a whole number");
  check_fails(kStart + analysis(R"("smallest":[1,2,3],"results":[7])"), 2, "objects");
  check_fails(kStart + analysis(R"("smallest":[1,2,3],"results":[{"shares":[1]}])"), 2,
              "each of 3 candidates");
  check_fails(
      kStart +
          analysis(
              R"("smallest":[1,2,3],"examples":[{"width":1,"height":1,"channels":1,"pixels":"AA==","resolution":100}])"),
      2, "pictures of the candidates 128, 96, 64");
  const support::TempDir folder;
  CHECK(read(folder, kStart + analysis(R"("smallest":[1,2,3])")).runs[0].histogram->images() == 6);
}

TEST_CASE("report of events that are in no file", "[report_from_logs]") {
  const std::vector<nlohmann::json> events{
      {{"event", "start"}, {"model", "M"}, {"candidates", {224, 112}}},
      {{"event", "evaluation"}, {"router", "predictor"}, {"accuracy", 0.5}, {"shares", {0.5, 0.5}}}};
  const Report report = drnet::report_from_events(events, "name");
  REQUIRE(report.runs.size() == 1);
  CHECK(report.runs[0].name == "name");
  CHECK(report.runs[0].model == "M");
  CHECK(report.runs[0].evaluations.at(0).accuracy == 0.5);
  CHECK(report.subtitle == "1 run");
  CHECK_THAT(drnet::report_html(report), support::contains("name · predictor"));
  const std::string nameless = drnet::report_html(drnet::report_from_events(events));
  CHECK_THAT(nameless, support::contains(">predictor<"));
  CHECK_THAT(nameless, !support::contains("· predictor"));
  CHECK(drnet::report_from_events({}).runs.empty());
  const std::vector<nlohmann::json> wrong{{{"event", "evaluation"}, {"accuracy", "high"}}};
  CHECK_THROWS_AS(drnet::report_from_events(wrong), drnet::Error);
}

TEST_CASE("report from what a log wrote", "[report_from_logs]") {
  const support::TempDir folder;
  drnet::JsonLog log(folder / "x.jsonl");
  log.write({{"event", "start"}, {"model", "M"}, {"candidates", {224, 112}}});
  log.write({{"event", "epoch"}, {"epoch", 1}, {"loss", std::nan("")}, {"shares", {0.5, 0.5}}});
  const drnet::MontageImage image{2, 1, 3, {0, 1, 2, 253, 254, 255}, "cat", "dog", 112};
  log.write(drnet::montage_event(std::vector{image}));
  const Report report = drnet::report_from_logs(std::vector{folder / "x.jsonl"});
  REQUIRE(report.runs.size() == 1);
  REQUIRE(report.montage.size() == 1);
  CHECK(report.montage[0].width == 2);
  CHECK(report.montage[0].height == 1);
  CHECK(report.montage[0].channels == 3);
  CHECK(report.montage[0].pixels == image.pixels);
  CHECK(report.montage[0].label == "cat");
  CHECK(report.montage[0].predicted == "dog");
  CHECK(report.montage[0].resolution == 112);
  CHECK(std::isnan(report.runs[0].epochs.at(0).loss));
  CHECK(report.runs[0].epochs.at(0).shares == std::vector<double>{0.5, 0.5});
}

TEST_CASE("report from logs names file, line and field", "[report_from_logs]") {
  check_fails("{\"event\":1.5}\n", 1, "\"event\"");
  check_fails("{}\n{\"event\":\"start\",\"model\":[]}\n", 2, "\"model\"");
  check_fails("{\"event\":\"start\",\"candidates\":128}\n", 1, "a list");
  check_fails("{\"event\":\"start\",\"candidates\":[128.5]}\n", 1, "a whole number");
  check_fails("{\"event\":\"start\",\"candidates\":[0]}\n", 1, "a whole number");
  check_fails("{\"event\":\"start\",\"parameters\":\"many\"}\n", 1, "a number");
  check_fails("{\"event\":\"epoch\",\"loss\":\"small\"}\n", 1, "a number");
  check_fails("{\"event\":\"epoch\",\"stage\":0}\n", 1, "a whole number");
  check_fails(kStart + "{\"event\":\"epoch\",\"shares\":[1]}\n", 2, "each of 3 candidates");
  check_fails(kStart + "{\"event\":\"evaluation\",\"shares\":[1,0,0,0]}\n", 2, "each of 3 candidates");
  check_fails("{\"event\":\"evaluation\",\"correct\":5,\"images\":4}\n", 1, "a whole number from 0 to 4");
  check_fails("{\"event\":\"evaluation\",\"images\":18446744073709551615}\n", 1, "a whole number");
  check_fails("{\"event\":\"evaluation\",\"images\":-1}\n", 1, "a whole number");
  check_fails("{}\nno log\n{}\n", 2, "one JSON object a line");
}

TEST_CASE("report from logs checks pictures", "[report_from_logs]") {
  const auto picture = [](const std::string& width, const std::string& channels, const std::string& pixels) {
    return montage("{\"width\":" + width + ",\"height\":1,\"channels\":" + channels + ",\"pixels\":\"" +
                   pixels + "\"}");
  };
  check_fails(picture("1", "3", "AAEC*"), 1, "base64");
  check_fails(picture("1", "3", "AAE="), 1, "2 bytes for 1 x 1 x 3");
  check_fails(picture("1", "2", "AAE="), 1, "1 or 3 channels");
  check_fails(picture("0", "3", ""), 1, "\"width\"");
  check_fails(picture("99999999", "3", ""), 1, "\"width\"");
  check_fails(montage("{}"), 1, "\"pixels\"");
  check_fails(montage("7"), 1, "\"images\"");
  const support::TempDir folder;
  CHECK(read(folder, picture("1", "3", "AAEC")).montage.size() == 1);
  CHECK_THROWS_AS(drnet::report_from_logs(std::vector{folder / "missing.jsonl"}), drnet::Error);
}
