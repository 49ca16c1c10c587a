#include "progress.hpp"

#include "text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace drnet::program {

namespace {

constexpr const char* kWipe = "\r\033[K";  // to the first column, erase to the end of the line

double interval = 10;

bool on_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace

Progress::Progress(std::string label, std::size_t total)
    : label_(std::move(label)),
      total_(std::max<std::size_t>(total, 1)),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

void Progress::set_interval(double seconds) {
  interval = seconds;
}

Progress::~Progress() {
  if (drawn_) {
    std::fputs(kWipe, stderr);
    std::fflush(stderr);
  }
}

void Progress::show(std::size_t done, const std::string& remark) {
  using Seconds = std::chrono::duration<double>;
  const auto now = std::chrono::steady_clock::now();
  const bool bar = on_terminal();
  if (Seconds(now - last_).count() < (bar ? drawn_ ? 0.1 : 0.0 : interval)) return;
  last_ = now;
  const double elapsed = Seconds(now - start_).count();
  const double left_over =
      done > 0 ? elapsed * static_cast<double>(total_ - std::min(done, total_)) / static_cast<double>(done)
               : 0;
  const std::string numbers = std::to_string(done) + "/" + std::to_string(total_) + ", " +
                              fixed(left_over, 0) + " s left" + (remark.empty() ? "" : ", ") + remark;
  if (bar) {
    constexpr std::size_t kWidth = 30;
    const std::size_t filled = kWidth * std::min(done, total_) / total_;
    const std::string line =
        label_ + " [" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "] " + numbers;
    std::fputs((kWipe + line).c_str(), stderr);
    std::fflush(stderr);
    drawn_ = true;
  } else {
    std::fputs((label_ + ": " + numbers + "\n").c_str(), stderr);
  }
}

}  // namespace drnet::program
