// Shows on standard error how far something has come: a bar redrawn in place on a terminal, now and then a
// plain line elsewhere. Results go to standard output, so a file that they are piped into holds those alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace drnet::program {

class Progress {
 public:
  /// `total` steps of what `label` says.
  Progress(std::string label, std::size_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  ///< wipes the bar

  /// Redraws at most ten times a second. `remark` stands behind the bar.
  void show(std::size_t done, const std::string& remark = "");

  /// Seconds between plain lines (10 at first).
  static void set_interval(double seconds);

 private:
  std::string label_;
  std::size_t total_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace drnet::program
