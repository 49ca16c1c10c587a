// What it costs to compile a program of a user: processor time and peak memory of the compiler, for
// DR-ResNet-50 at one, three and four candidates, and for the includes alone.
//   compile_cost [--compiler g++] [--rounds 1]
// Of several rounds the least time counts, and the most memory.
#include <bench/process.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace {

namespace fs = std::filesystem;
using bench::Command;

struct Cost {
  double seconds, gib;
};

/// What is wanted of every file, of the fourth candidate and of the include.
constexpr double kSeconds = 60, kGib = 2.5, kFourthCandidate = 1.25, kInclude = 2;

struct Compiler {
  std::string name = "g++";
  int rounds = 1;

  /// Those of a release build.
  [[nodiscard]] Command flags() const {
    return {name, "-std=c++20", "-O3", "-DNDEBUG", "-march=native", "-ffp-contract=off"};
  }

  /// Writes a file and compiles it. Throws where it cannot be compiled.
  [[nodiscard]] Cost cost(const std::string& file, const std::string& text) const {
    fs::create_directories(DRNET_COMPILE_COST_DIR);
    const std::string source = (fs::path(DRNET_COMPILE_COST_DIR) / file).string();
    std::ofstream(source) << text;
    Command command = flags();
    std::istringstream folders(DRNET_INCLUDE_DIRS);
    for (std::string folder; std::getline(folders, folder, ':');)
      command.insert(command.end(), {"-isystem", folder});
    command.insert(command.end(), {"-c", source, "-o", source + ".o"});
    Cost result{1e9, 0};
    for (int round = 0; round < rounds; ++round) {
      int status = 0;
      rusage used{};
      const pid_t id = bench::start(command, -1, -1, -1);
      if (::wait4(id, &status, 0, &used) != id || status != 0)
        throw std::runtime_error(source + " was not compiled");
      const auto seconds = [](timeval t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
      };
      result.seconds = std::min(result.seconds, seconds(used.ru_utime) + seconds(used.ru_stime));
      result.gib = std::max(result.gib, static_cast<double>(used.ru_maxrss) / (1 << 20));  // Linux: KiB
    }
    return result;
  }
};

const char* over(bool yes) {
  return yes ? "  over the limit" : "";
}

Cost report(const Compiler& compiler, const std::string& file, const std::string& what,
            const std::string& text) {
  const Cost cost = compiler.cost(file, text);
  std::printf("%-58s %6.1f s  %5.2f GiB%s\n", what.c_str(), cost.seconds, cost.gib,
              over(cost.seconds > kSeconds || cost.gib > kGib));
  std::fflush(stdout);
  return cost;
}

/// A program that classifies images with DR-ResNet-50 and, if it shall, trains the network before.
std::string program(const std::string& resolutions, bool trains) {
  std::string text = R"(#include <drnet/drnet.hpp>

#include <cstdio>
#include <vector>

using namespace drnet;
using Net = DynamicNetwork<models::ResNet50<1000>, models::MobilePredictor<>, Resolutions<)" +
                     resolutions + R"(>>;

int main() {
  Net net(1);
  const std::vector<float> images(8 * 3 * 224 * 224);
)";
  if (trains)
    text += R"(  const std::vector<int> labels(8);
  const std::vector<Index> samples{0, 1, 2, 3, 4, 5, 6, 7};
  Trainer<Net> trainer(net, Serial{}, 8, TrainerOptions{.stage = 2});
  trainer.step({images.data(), 8, 3, 224, 224}, labels, samples, 0, 0.0);
)";
  return text + R"(  Session<Net> session(net, Serial{});
  for (const auto& r : session.classify({images.data(), 8, 3, 224, 224}))
    std::printf("%d at %d\n", r.label, r.resolution);
}
)";
}

/// All headers of others that those of drnet include, but for the ones of optional components.
std::string dependencies() {
  std::set<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(DRNET_HEADERS)) {
    std::ifstream header(entry.path());
    for (std::string line; entry.is_regular_file() && std::getline(header, line);)
      if (line.starts_with("#include <")) lines.insert(line);
  }
  std::string text;
  for (const std::string& line : lines) {
    const std::string name = line.substr(10);
    constexpr std::array<std::string_view, 8> optional{"drnet/",  "tbb/",      "omp.h", "onnx/",
                                                       "google/", "jpeglib.h", "png.h", "csetjmp"};
    if (std::none_of(optional.begin(), optional.end(),
                     [&](std::string_view start) { return name.starts_with(start); }))
      text += line + "\n";
  }
  return text;
}

/// Prints the costs at one, three and four candidates; returns the ratio of the last two.
double report_candidates(const Compiler& compiler, bool trains) {
  const std::string work = trains ? "inference + training" : "inference";
  double three = 0, four = 0;
  for (const std::string candidates : {"224", "224, 168, 112", "224, 192, 168, 112"}) {
    const auto count = 1 + std::count(candidates.begin(), candidates.end(), ',');
    const std::string file = std::string(trains ? "training_" : "inference_").append(std::to_string(count));
    const std::string what = std::string("DR-ResNet-50 at ").append(candidates).append(", ").append(work);
    const Cost cost = report(compiler, file + ".cpp", what, program(candidates, trains));
    three = std::exchange(four, cost.seconds);
  }
  return four / three;
}

void report_all(const Compiler& compiler) {
  for (const std::string& flag : compiler.flags()) std::printf("%s ", flag.c_str());
  std::printf("\nwanted of every file: at most %.0f s and %.1f GiB\n\n", kSeconds, kGib);
  const double inference = report_candidates(compiler, false), training = report_candidates(compiler, true);
  const Cost include =
      report(compiler, "include.cpp", "#include <drnet/drnet.hpp>", "#include <drnet/drnet.hpp>\n");
  const Cost needed = report(compiler, "dependencies.cpp", "the includes of others alone", dependencies());
  const double own = include.seconds - needed.seconds;
  std::printf("\nfour candidates / three: %.2f, with training %.2f (wanted: at most %.2f)%s\n", inference,
              training, kFourthCandidate, over(std::max(inference, training) > kFourthCandidate));
  std::printf("drnet's own part of its include: %.1f s (wanted: at most %.0f s)%s\n", own, kInclude,
              over(own > kInclude));
}

}  // namespace

int main(int argc, char** argv) try {
  Compiler compiler;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--compiler" && i + 1 < argc)
      compiler.name = argv[i + 1];
    else if (option == "--rounds" && i + 1 < argc)
      compiler.rounds = std::max(1, std::stoi(argv[i + 1]));
    else
      throw std::runtime_error("usage: compile_cost [--compiler g++] [--rounds 1]");
  }
  ::setenv("CCACHE_DISABLE", "1", 1);  // where the compiler is ccache
  report_all(compiler);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
