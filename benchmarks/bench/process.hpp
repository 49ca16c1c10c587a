// A worker seen from the driver: a child process that answers lines (bench/serve.hpp), and what it uses, read
// from Linux' /proc (NaN elsewhere).
#pragma once

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

extern char** environ;

namespace bench {

using Command = std::vector<std::string>;

/// Starts a command found in PATH, with these descriptors as its standard input and so on; -1 leaves it ours.
/// Throws where it cannot be started.
inline pid_t start(const Command& command, int input, int output, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::array<int, 3> ends{input, output, errors};
  for (int i = 0; i < 3; ++i)
    if (ends[static_cast<std::size_t>(i)] >= 0)
      posix_spawn_file_actions_adddup2(&actions, ends[static_cast<std::size_t>(i)], i);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t id = 0;
  const int error = posix_spawnp(&id, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(command.front() + ": " + std::system_category().message(error));
  return id;
}

/// An open file, closed at its end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Children inherit neither end, or one of them would never see its input end.
struct Pipe {
  Descriptor out, in;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe");
    out = Descriptor(ends[0]);
    in = Descriptor(ends[1]);
  }
};

class Process {
 public:
  /// Starts the command, found in PATH, and reads what it says about itself.
  explicit Process(const Command& command) : Process(command, Pipe(), Pipe()) { about_ = read_line(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    ::kill(id_, SIGTERM);  // in the middle of something it would not see its input end
    ::waitpid(id_, nullptr, 0);
  }

  /// What it said at its start.
  [[nodiscard]] const nlohmann::json& about() const { return about_; }

  nlohmann::json ask(const std::string& command) {
    const std::string line = command + "\n";
    if (::write(to_.number(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::runtime_error(name_ + " has ended");
    return read_line();
  }
  /// Milliseconds of so many runs.
  double run(int times) { return ask("run " + std::to_string(times)).get<double>(); }

  /// Most memory it has held, in MB (10^6 bytes).
  [[nodiscard]] double peak_rss_mb() const {
    std::ifstream status("/proc/" + std::to_string(id_) + "/status");
    for (std::string word; status >> word;)
      if (double kib = 0; word == "VmHWM:" && status >> kib) return kib * 1024e-6;
    return std::numeric_limits<double>::quiet_NaN();
  }
  /// Processor time of all its threads so far.
  [[nodiscard]] double cpu_seconds() const {
    std::ifstream file("/proc/" + std::to_string(id_) + "/stat");
    std::string line;
    if (!std::getline(file, line)) return std::numeric_limits<double>::quiet_NaN();
    // The name, in brackets, may hold blanks; user and system time are the 12th and 13th field behind it.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  static constexpr int kPatience = 300'000;  // ms; a step of the largest row takes seconds

  Process(const Command& command, Pipe to, Pipe from)
      : name_(command.front()),
        to_(std::move(to.in)),
        from_(std::move(from.out)),
        id_(start(command, to.out.number(), from.in.number(), -1)) {}

  nlohmann::json read_line() {
    std::size_t end = 0;
    while ((end = received_.find('\n')) == std::string::npos) {
      pollfd waiting{from_.number(), POLLIN, 0};
      const int ready = ::poll(&waiting, 1, kPatience);
      std::array<char, 4096> buffer{};
      const ssize_t count = ready > 0 ? ::read(from_.number(), buffer.data(), buffer.size()) : -1;
      if (ready == 0) throw std::runtime_error(name_ + " does not answer");
      if (count <= 0) throw std::runtime_error(name_ + " has ended without an answer");
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    const std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    const nlohmann::json value = nlohmann::json::parse(line, nullptr, false);
    if (value.is_discarded()) throw std::runtime_error(name_ + " says '" + line + "'");
    return value;
  }

  std::string name_, received_;
  nlohmann::json about_;
  Descriptor to_, from_;
  pid_t id_;
};

/// Processor time of all programs of this machine so far, and what a virtual machine was refused.
inline double machine_cpu_seconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, more_interrupts = 0,
         stolen = 0;
  if (!(file >> word >> user >> nice >> system >> idle >> waiting >> interrupts >> more_interrupts >> stolen))
    return std::numeric_limits<double>::quiet_NaN();
  return (user + nice + system + interrupts + more_interrupts + stolen) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// Runs a command to its end and returns its exit status; -1 where it could not be started or was killed.
/// `quiet` hides what it prints.
inline int status_of(const Command& command, bool quiet = false) {
  const Descriptor nowhere(quiet ? ::open("/dev/null", O_WRONLY | O_CLOEXEC) : -1);
  try {
    int status = 0;
    const pid_t id = start(command, -1, nowhere.number(), nowhere.number());
    return ::waitpid(id, &status, 0) == id && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  } catch (const std::runtime_error&) {
    return -1;
  }
}

}  // namespace bench
