#include "progress.hpp"

#include "text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace drnet::program {

namespace {

constexpr const char* kWipe = "\r\033[K";  // to the first column, erase to the end of the line

bool on_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace

Progress::Progress(std::string label, std::size_t total)
    : label_(std::move(label)),
      total_(std::max<std::size_t>(total, 1)),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (drawn_) {
    std::fputs(kWipe, stderr);
    std::fflush(stderr);
  }
}

void Progress::show(std::size_t done, const std::string& remark) {
  using Seconds = std::chrono::duration<double>;
  const auto now = std::chrono::steady_clock::now();
  if (!on_terminal() || (drawn_ && Seconds(now - last_).count() < 0.1)) return;
  last_ = now;
  drawn_ = true;
  constexpr std::size_t kWidth = 30;
  const std::size_t filled = kWidth * std::min(done, total_) / total_;
  const double elapsed = Seconds(now - start_).count();
  const double left_over =
      done > 0 ? elapsed * static_cast<double>(total_ - std::min(done, total_)) / static_cast<double>(done)
               : 0;
  const std::string line = label_ + " [" + std::string(filled, '#') + std::string(kWidth - filled, '.') +
                           "] " + std::to_string(done) + "/" + std::to_string(total_) + ", " +
                           fixed(left_over, 0) + " s left" + (remark.empty() ? "" : ", ") + remark;
  std::fputs((kWipe + line).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace drnet::program
