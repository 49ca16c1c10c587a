// One row: both sides in turns (A B A B ...), so that what disturbs the machine disturbs both, medians, and
// whether both compute the same.
#pragma once

#include <bench/peers.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <span>
#include <thread>

namespace bench {

struct Result {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  Row row;
  std::string peer, missing, error;  ///< the peer's name, or why it is missing; what went wrong
  int rounds = 0;
  double ours_ms = kUnknown, peer_ms = kUnknown;       ///< of one image, medians
  double ratio = kUnknown;                             ///< of the medians, ours / peer
  double ratio_low = kUnknown, ratio_high = kUnknown;  ///< quartiles of the rounds' ratios
  double difference = kUnknown;                        ///< of the outputs, relative to the largest
  double macs = kUnknown;        ///< of one image, three times the forward pass in training
  double macs_ratio = kUnknown;  ///< of a mix, ours / peer
  double floor_ms = 0;           ///< of a mix one by one, the time in which the weights are read once
  std::vector<int> counts{};     ///< of a mix, images at each candidate
  double peak_rss_mb = kUnknown, peer_peak_rss_mb = kUnknown;
  double waiting_busy = kUnknown;  ///< processors that the side kept busy whose turn it was not
  double others_busy = kUnknown;   ///< processors that other programs kept busy meanwhile

  [[nodiscard]] double gflops() const { return 2e-6 * macs / ours_ms; }
  /// The largest ratio of a mix at which saved multiply-adds count as saved time: Winograd saves less where
  /// planes are small, and an image that comes alone takes at least the time of reading the weights.
  [[nodiscard]] double allowed_ratio() const {
    return row.singly  ? 1.10 * std::max(macs_ratio, floor_ms / peer_ms)
           : row.exact ? 1.05 * macs_ratio
                       : 1.15 * macs_ratio;
  }
};

/// The q-th quantile (nearest rank).
[[nodiscard]] inline double quantile(std::vector<double> values, double q) {
  if (values.empty()) return Result::kUnknown;
  const auto rank = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

class Comparison {
 public:
  /// Largest difference of the outputs, relative to the largest magnitude, and of the losses of the first two
  /// steps, relative to each. The second one shows the gradients; later ones amplify roundings: of
  /// MobileNetV2, PyTorch's own two layouts are 5e-4 apart in the second and 3e-3 in the third.
  static constexpr double kTolerance = 1e-3;
  static constexpr std::size_t kLosses = 2;

  Comparison(Peers& peers, const Row& row, int rounds) : peers_(peers), rounds_(rounds) { result_.row = row; }

  /// What goes wrong is the result's `error`.
  Result operator()() {
    try {
      start();
      take_turns();
      summarize();
      if (peer_) result_.difference = compare_outputs();  // last: it may take memory
      if (result_.difference > kTolerance) throw std::runtime_error("the outputs differ");
    } catch (const std::exception& e) {
      result_.error = e.what();
    }
    return result_;
  }

 private:
  static constexpr int kWarmUp = 3, kChoice = 5;           // runs before, and to choose one of several peers
  static constexpr double kTurn = 20;                      // ms that a turn takes at least
  static constexpr std::chrono::milliseconds kSettle{50};  // longer than the pools of threads spin for work

  void start() {
    const Peer peer = peers_.peer(result_.row);
    result_.missing = peer.missing;
    ours_ = std::make_unique<Process>(peers_.ours(result_.row));
    ours_->run(kWarmUp);
    result_.macs = ours_->about().at("macs").get<double>();
    result_.counts = ours_->about().value("counts", std::vector<int>{});
    result_.floor_ms = ours_->about().value("floor_ms", 0.0);
    double best = 0;
    for (const Command& command : peer.commands) {
      auto candidate = std::make_unique<Process>(command);
      candidate->run(kWarmUp);
      double milliseconds = candidate->run(1);
      for (int run = 1; run < kChoice; ++run) milliseconds = std::min(milliseconds, candidate->run(1));
      if (peer_ && milliseconds >= best) continue;
      best = milliseconds;
      peer_ = std::move(candidate);
    }
    if (!peer_) return;
    result_.peer = peer_->about().at("name").get<std::string>();
    if (peer_->about().contains("macs"))
      result_.macs_ratio = result_.macs / peer_->about().at("macs").get<double>();
  }

  [[nodiscard]] std::vector<float> output_of(Process& side, const std::string& name) const {
    const fs::path path = peers_.places().output / name;
    side.ask("output " + path.string());
    std::vector<float> values(fs::file_size(path) / sizeof(float));
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
    fs::remove(path);
    return values;
  }
  double compare_outputs() {
    const std::vector<float> all_ours = output_of(*ours_, "ours.f32"),
                             all_peers = output_of(*peer_, "peer.f32");
    const bool losses = result_.row.work == Work::training;
    const auto compared = [&](const std::vector<float>& all) {
      return std::span(all).first(losses ? std::min(all.size(), kLosses) : all.size());
    };
    const std::span<const float> ours = compared(all_ours), peers = compared(all_peers);
    if (ours.empty() || ours.size() != peers.size())
      throw std::runtime_error(std::to_string(ours.size()) + " outputs instead of " +
                               std::to_string(peers.size()));
    double largest = 0, worst = 0;
    for (const float value : peers) largest = std::max(largest, std::abs(static_cast<double>(value)));
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const double expected = peers[i], scale = losses ? std::abs(expected) : largest;
      const double error = std::abs(static_cast<double>(ours[i]) - expected) / scale;
      worst = std::max(worst, std::isnan(error) ? std::numeric_limits<double>::infinity() : error);
    }
    return worst;
  }

  /// Milliseconds of one run. Short runs follow one that is not timed, as the other side has just had the
  /// caches.
  double turn(Process& side, const Process* waiting) {
    if (result_.row.threads > 1) std::this_thread::sleep_for(kSettle);
    if (repeats_ > 1) side.run(1);
    const double before = waiting != nullptr ? waiting->cpu_seconds() : 0;
    const double milliseconds = side.run(repeats_);
    if (waiting != nullptr) waiting_seconds_ += waiting->cpu_seconds() - before;
    busy_seconds_ += 1e-3 * milliseconds;
    return milliseconds / repeats_;
  }
  void take_turns() {
    double fastest = ours_->run(1);
    if (peer_) fastest = std::min(fastest, peer_->run(1));
    repeats_ = std::clamp(static_cast<int>(std::ceil(kTurn / fastest)), 1, 10'000);
    const double others = others_seconds();
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < rounds_; ++round) {
      ours_times_.push_back(turn(*ours_, peer_.get()));
      if (!peer_) continue;
      peer_times_.push_back(turn(*peer_, ours_.get()));
      ratios_.push_back(ours_times_.back() / peer_times_.back());
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    result_.others_busy = std::max((others_seconds() - others) / took.count(), 0.0);
  }
  /// Processor time of all programs but the two sides, so far.
  [[nodiscard]] double others_seconds() const {
    return machine_cpu_seconds() - ours_->cpu_seconds() - (peer_ ? peer_->cpu_seconds() : 0);
  }

  void summarize() {
    result_.rounds = rounds_;
    result_.ours_ms = quantile(ours_times_, 0.5) / result_.row.batch;
    result_.peer_ms = quantile(peer_times_, 0.5) / result_.row.batch;
    result_.ratio = result_.ours_ms / result_.peer_ms;
    result_.ratio_low = quantile(ratios_, 0.25);
    result_.ratio_high = quantile(ratios_, 0.75);
    result_.peak_rss_mb = ours_->peak_rss_mb();
    if (!peer_) return;
    result_.peer_peak_rss_mb = peer_->peak_rss_mb();
    result_.waiting_busy = waiting_seconds_ / busy_seconds_;
  }

  Peers& peers_;
  int rounds_, repeats_ = 1;
  Result result_;
  std::unique_ptr<Process> ours_, peer_;
  std::vector<double> ours_times_, peer_times_, ratios_;
  double waiting_seconds_ = 0, busy_seconds_ = 0;
};

}  // namespace bench
