// A line that shows how far something has come: redrawn in place where standard error is a terminal, absent
// elsewhere. Results go to standard output, so a file that they are piped into holds whole lines only.
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
  ~Progress();  ///< wipes the line

  /// Redraws at most ten times a second. `remark` stands behind the bar.
  void show(std::size_t done, const std::string& remark = "");

 private:
  std::string label_;
  std::size_t total_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace drnet::program
