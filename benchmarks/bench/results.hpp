// The results of all rows, as lines of a table, as JSON and as a page.
#pragma once

#include <bench/compare.hpp>
#include <bench/page.hpp>

#include <drnet/io/atomic_file.hpp>

namespace bench {

/// An object of results.json; what is not known is null.
[[nodiscard]] inline nlohmann::ordered_json to_json(const Result& r, double peak) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
  };
  nlohmann::ordered_json row{{"work", work_name(r.row) + " " + r.row.model},
                             {"model", r.row.model},
                             {"resolution", r.row.resolution},
                             {"batch", r.row.batch},
                             {"threads", r.row.threads},
                             {"ours_ms", r.ours_ms},
                             {"peer", text_or_null(r.peer)},
                             {"peer_ms", r.peer_ms},
                             {"ratio", r.ratio},
                             {"ratio_quartiles", {r.ratio_low, r.ratio_high}},
                             {"rounds", r.rounds},
                             {"difference", r.difference},
                             {"macs", r.macs},
                             {"gflops", r.gflops()},
                             {"share_of_peak", r.gflops() / peak},
                             {"peak_gflops", peak},
                             {"peak_rss_mb", r.peak_rss_mb},
                             {"peer_peak_rss_mb", r.peer_peak_rss_mb},
                             {"waiting_side_busy", r.waiting_busy},
                             {"other_programs_busy", r.others_busy}};
  if (r.row.work == Work::mix) {
    row["shares"] = r.row.shares;
    row["images_at_candidates"] = r.counts;
    row["macs_ratio"] = r.macs_ratio;
    row["allowed_ratio"] = r.allowed_ratio();
    if (r.row.singly) row["floor_ms"] = r.floor_ms;
  }
  if (!r.missing.empty()) row["peer_missing"] = r.missing;
  if (!r.error.empty()) row["error"] = r.error;
  return row;
}

class Results {
 public:
  explicit Results(Machine machine) : machine_(std::move(machine)) {}

  void add(Result result) {
    all_.push_back(std::move(result));
    machine_.measure_peaks();
  }

  [[nodiscard]] std::string heading() const {
    return description(machine_) +
           "\nmilliseconds of an image; ratio: ours / peer, with the quartiles of the rounds\n"
           "work             model          side batch threads     ours     peer  ratio  quartiles     "
           "GFLOP/s  peak"
           "    MB  peer  differ\n";
  }
  [[nodiscard]] std::string line(const Result& r) const {
    using drnet::markup::number;
    const auto right = [](std::string text, std::size_t width) {
      return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
    };
    const auto value = [&](double v, int decimals, std::size_t width) {
      return right(std::isfinite(v) ? number(v, decimals) : "-", width);
    };
    const auto left = [](std::string text, std::size_t width) {
      text.resize(std::max(width, text.size()), ' ');
      return text;
    };
    std::string line = left(work_name(r.row), 17) + left(r.row.model, 14) + value(r.row.resolution, 0, 5) +
                       value(r.row.batch, 0, 6) + value(r.row.threads, 0, 8) + value(r.ours_ms, 3, 9) +
                       value(r.peer_ms, 3, 9) + value(r.ratio, 3, 7) + "  " + value(r.ratio_low, 3, 5) + " " +
                       value(r.ratio_high, 3, 5) + value(r.gflops(), 1, 9) +
                       value(100 * r.gflops() / machine_.peak(r.row.threads), 0, 5) + "%" +
                       value(r.peak_rss_mb, 0, 6) + value(r.peer_peak_rss_mb, 0, 6) + "  " +
                       (std::isfinite(r.difference) ? exponential(r.difference) : "-");
    if (!r.row.shares.empty())
      line += "  multiply-adds " + value(r.macs_ratio, 3, 0) + " at " + drnet::join(r.counts, "/") +
              ", allowed " + value(r.allowed_ratio(), 3, 0);
    if (r.floor_ms > 0) line += ", floor " + value(r.floor_ms, 2, 0) + " ms";
    if (!r.missing.empty()) line += "  no peer: " + r.missing;
    if (r.waiting_busy > kNoticeable)
      line += "  the side that waits keeps " + value(r.waiting_busy, 2, 0) + " processors busy";
    if (r.others_busy > kNoticeable)
      line += "  other programs keep " + value(r.others_busy, 2, 0) + " processors busy";
    if (!r.error.empty()) line += "  FAILED: " + r.error;
    return line + "\n";
  }

  /// results.json and index.html.
  void write(const fs::path& folder) const {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const Result& r : all_) rows.push_back(to_json(r, machine_.peak(r.row.threads)));
    drnet::write_atomically(folder / "results.json",
                            [&](std::ostream& file) { file << rows.dump(1) << "\n"; });
    const std::string page = page_html(machine_, all_);
    drnet::write_atomically(folder / "index.html", [&](std::ostream& file) { file << page; });
  }

 private:
  static constexpr double kNoticeable = 0.05;

  static std::string exponential(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.0e", value);
    return text.data();
  }

  Machine machine_;
  std::vector<Result> all_;
};

}  // namespace bench
