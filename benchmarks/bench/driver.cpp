// The side-by-side benchmark: drnet and its peers in turns. Called by ./run bench; --help lists the options.
#include <bench/compare.hpp>
#include <bench/results.hpp>

#include <cstdio>

namespace {

using namespace bench;

constexpr const char* kUsage =
    R"(usage: drnet_bench [--output FOLDER] [--quick] [--only TEXT]... [--rounds N] [--list]

  --output FOLDER  where results.json and index.html go (default: build/bench)
  --quick          a few rows and rounds, in less than three minutes
  --only TEXT      the rows whose title holds the text, or one of several
  --rounds N       turns of each side (default: 15, with --quick 5)
  --list           print the titles of the rows
)";

struct Options {
  fs::path output = "build/bench";
  bool quick = false, list = false;
  int rounds = 0;
  std::vector<std::string> only;

  Options(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto value = [&] {
        if (i + 1 == words.size()) throw std::invalid_argument(words[i] + " needs a value");
        return words[++i];
      };
      if (words[i] == "--output")
        output = value();
      else if (words[i] == "--quick")
        quick = true;
      else if (words[i] == "--list")
        list = true;
      else if (words[i] == "--only")
        only.push_back(value());
      else if (words[i] == "--rounds")
        rounds = std::stoi(value());
      else
        throw std::invalid_argument("unknown argument " + words[i]);
    }
    if (rounds < 0) throw std::invalid_argument("--rounds needs a number above 0");
    if (rounds == 0) rounds = quick ? 5 : 15;
  }

  [[nodiscard]] bool selects(const Row& row) const {
    if (quick && !row.quick) return false;
    return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& text) {
             return title(row).find(text) != std::string::npos;
           });
  }
};

/// Returns how many rows failed.
int run(const Options& options, const fs::path& programs) {
  Peers peers({.programs = programs, .scripts = DRNET_BENCH_PEERS, .output = fs::absolute(options.output)});
  fs::create_directories(options.output);
  Results results{Machine()};
  std::fputs(results.heading().c_str(), stdout);
  int failed = 0;
  for (const Row& row : all_rows()) {
    if (!options.selects(row)) continue;
    const Result result = Comparison(peers, row, options.rounds)();
    results.add(result);
    failed += result.error.empty() ? 0 : 1;
    std::fputs(results.line(result).c_str(), stdout);
    std::fflush(stdout);
    results.write(options.output);  // after each row: a run that is interrupted keeps its rows
  }
  peers.remove_material();
  std::printf("%s\n", (options.output / "results.json").c_str());
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options(argc, argv);
    if (options.list) {
      for (const Row& row : all_rows())
        if (options.selects(row)) std::puts(title(row).c_str());
      return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a worker that has ended is an error of its row
    return run(options, fs::canonical("/proc/self/exe").parent_path()) == 0 ? 0 : 1;
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "drnet_bench: %s\n%s", e.what(), kUsage);
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "drnet_bench: %s\n", e.what());
    return 1;
  }
}
