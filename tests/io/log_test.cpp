// JSON Lines logs: written whole, read strictly, continued after a crash.
#include <drnet/io/log.hpp>
#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <sys/resource.h>

#include <csignal>
#include <limits>
#include <string>
#include <utility>

namespace {

using drnet::JsonLog;
using nlohmann::json;

void check_fails(const std::string& text, const std::string& line, const std::string& got) {
  const support::TempDir folder;
  const auto path = folder.write("x.jsonl", text);
  std::string message = "no error";
  try {
    (void)drnet::read_log(path);
  } catch (const drnet::Error& error) {
    message = error.what();
    CHECK(error.place() == path.string() + ":" + line);
  }
  CHECK_THAT(message, support::contains(got));
}

}  // namespace

TEST_CASE("log round trip", "[log]") {
  const support::TempDir folder;
  const json first{{"event", "start"}, {"text", "é \" \\ \n new line"}, {"candidates", {224, 112}}};
  const json second{{"event", "epoch"}, {"loss", 0.1}, {"accuracy", 1.0 / 3}};
  JsonLog log(folder / "x.jsonl");
  log.write(first);
  CHECK(drnet::read_log(folder / "x.jsonl").entries == std::vector<json>{first});  // while it is open
  log.write(second);
  const drnet::Log read = drnet::read_log(folder / "x.jsonl");
  CHECK(read.entries == std::vector<json>{first, second});
  CHECK(read.incomplete.empty());

  JsonLog moved = std::move(log);
  moved.write(first);
  CHECK(drnet::read_log(folder / "x.jsonl").entries.size() == 3);
  JsonLog(folder / "x.jsonl", JsonLog::Mode::append).write(second);
  CHECK(drnet::read_log(folder / "x.jsonl").entries.size() == 4);
  JsonLog(folder / "x.jsonl").write(second);
  CHECK(drnet::read_log(folder / "x.jsonl").entries.size() == 1);
  JsonLog(folder / "new.jsonl", JsonLog::Mode::append).write(second);
  CHECK(drnet::read_log(folder / "new.jsonl").entries.size() == 1);
}

TEST_CASE("log values that JSON does not have", "[log]") {
  const support::TempDir folder;
  JsonLog log(folder / "x.jsonl");
  log.write({{"nan", std::numeric_limits<double>::quiet_NaN()},
             {"inf", -std::numeric_limits<double>::infinity()},
             {"bytes", "a\xff"}});
  const json entry = drnet::read_log(folder / "x.jsonl").entries.at(0);
  CHECK(entry.at("nan").is_null());
  CHECK(entry.at("inf").is_null());
  CHECK(entry.at("bytes") == "a\xef\xbf\xbd");
  CHECK_THROWS_AS(log.write(json::array({1})), drnet::Error);
  CHECK_THROWS_AS(log.write(json()), drnet::Error);
  CHECK(drnet::read_log(folder / "x.jsonl").entries.size() == 1);
}

TEST_CASE("log reading is strict, but for the last line", "[log]") {
  const support::TempDir folder;
  CHECK(drnet::read_log(folder.write("empty", "")).entries.empty());
  CHECK(drnet::read_log(folder.write("crlf", "{}\r\n{}\r\n")).entries.size() == 2);

  const drnet::Log cut = drnet::read_log(folder.write("cut", "{\"a\":1}\n{\"a\":"));
  CHECK(cut.entries.size() == 1);
  CHECK(cut.incomplete == "{\"a\":");
  const drnet::Log whole = drnet::read_log(folder.write("whole", "{\"a\":1}\n{\"a\":2}"));
  CHECK(whole.entries.size() == 2);
  CHECK(whole.incomplete.empty());

  check_fails("{}\n{\"a\":\n{}\n", "2", "{\"a\":");
  check_fails("{}\n\n{}\n", "2", "an empty line");
  check_fails("[1]\n", "1", "[1]");
  check_fails("{} {}\n", "1", "{} {}");
  check_fails("{\"a\":NaN}\n", "1", "NaN");
  check_fails("{\"a\":\"\xff\"}\n", "1", "one JSON object");
  CHECK_THROWS_AS(drnet::read_log(folder / "missing"), drnet::Error);
  CHECK_THROWS_AS(drnet::read_log(folder.path()), drnet::Error);
}

TEST_CASE("a log that was cut off is continued on a new line", "[log]") {
  const support::TempDir folder;
  const auto continued = [&](const std::string& text) {
    const auto path = folder.write("x.jsonl", text);
    JsonLog(path, JsonLog::Mode::append).write({{"b", 2}});
    return drnet::read_text(path);
  };
  CHECK(continued("{\"a\":1}\n{\"a\":") == "{\"a\":1}\n{\"b\":2}\n");
  CHECK(continued("{\"a\":1}\n{\"a\":1}") == "{\"a\":1}\n{\"a\":1}\n{\"b\":2}\n");
  CHECK(continued("{\"a\"") == "{\"b\":2}\n");
  CHECK(continued("") == "{\"b\":2}\n");
}

TEST_CASE("a file that is no log is not continued", "[log]") {
  const support::TempDir folder;
  for (const std::string text : {"not a log", "1 2 3\n4 5 6\n", "{}\n\n", "{}\nend", "\x7f"}) {
    const auto path = folder.write("x", text);
    CHECK_THROWS_AS(JsonLog(path, JsonLog::Mode::append), drnet::Error);
    CHECK(drnet::read_text(path) == text);
  }
}

TEST_CASE("a log says why it cannot be written", "[log]") {
  const support::TempDir folder;
  const auto file = folder.write("file", "");
  CHECK_THROWS_AS(JsonLog(folder.path()), drnet::Error);
  CHECK_THROWS_AS(JsonLog(folder.path(), JsonLog::Mode::append), drnet::Error);
  CHECK_THROWS_AS(JsonLog(folder.path() / "no" / "x"), drnet::Error);
  CHECK_THROWS_AS(JsonLog(file / "x"), drnet::Error);
  CHECK_THROWS_AS(JsonLog(file / "x", JsonLog::Mode::append), drnet::Error);
}

TEST_CASE("a full disk never leaves half a line", "[log]") {
  const support::TempDir folder;
  JsonLog log(folder / "x.jsonl");
  log.write({{"a", 1}});
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{100, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  bool failed = false;
  try {
    log.write({{"text", std::string(1000, 'x')}});
  } catch (const drnet::Error&) {
    failed = true;
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(failed);
  CHECK(drnet::read_text(folder / "x.jsonl") == "{\"a\":1}\n");
  log.write({{"a", 2}});
  CHECK(drnet::read_log(folder / "x.jsonl").entries.size() == 2);
}
