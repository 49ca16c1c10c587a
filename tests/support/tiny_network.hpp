// A dynamic network that trains in milliseconds, with batch-norm banks, a projection shortcut in the
// classifier and an identity in the predictor; and pictures for it. Small, because every test of it is
// compiled anew.
#pragma once

#include <drnet/core/random.hpp>
#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/models/resolution_predictor.hpp>
#include <drnet/tensor/image_batch.hpp>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace support {

using TinyClassifier =
    drnet::Sequential<drnet::Named<"conv1", drnet::Conv2d<drnet::ConvOptions{.out = 8, .kernel = 3}>>,
                      drnet::Named<"bn1", drnet::BatchNorm>, drnet::ReLU,
                      drnet::Named<"layer1", drnet::BasicBlock<12, drnet::BlockOptions{.stride = 2}>>,
                      drnet::GlobalAveragePool, drnet::Named<"fc", drnet::Linear<10>>>;
using TinyPredictor = drnet::models::ResolutionPredictor<16, drnet::models::PredictorOptions{
                                                                 .widths = {8, 0, 0, 0}, .small_stem = true}>;
using TinyCandidates = drnet::Resolutions<24, 16, 12>;
template <class T = float>
using TinyNet = drnet::DynamicNetwork<TinyClassifier, TinyPredictor, TinyCandidates, T>;
/// The same with one batch-norm bank for all candidates.
template <class T = float>
using TinySharedNet =
    drnet::DynamicNetwork<TinyClassifier, TinyPredictor, TinyCandidates, T, 3, drnet::Banks::shared>;

/// `count` images of 3 x side x side with values in [-2, 2) and labels 0, 1, ..., 9, 0, ...
template <class T>
struct Pictures {
  explicit Pictures(drnet::Index count, int side = 24, std::uint64_t seed = 1)
      : count_(count), side_(side), values_(static_cast<std::size_t>(count * 3 * side * side)) {
    const drnet::Random random(seed, drnet::Purpose::check);
    for (std::size_t i = 0; i < values_.size(); ++i)
      values_[i] = random.uniform<T>(static_cast<std::uint32_t>(i), T(-2), T(2));
    for (int i = 0; i < count; ++i) {
      labels.push_back(i % 10);
      indices.push_back(i);
    }
  }
  [[nodiscard]] drnet::ImageBatch<T> batch() const { return {values_.data(), count_, 3, side_, side_}; }
  [[nodiscard]] std::vector<T>& values() { return values_; }

  std::vector<int> labels;
  std::vector<drnet::Index> indices;

 private:
  drnet::Index count_;
  int side_;
  std::vector<T> values_;
};

/// Whether two arrays are the same to the bit (NaN equals itself, 0 differs from -0).
template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return std::size(a) == std::size(b) &&
         std::memcmp(std::data(a), std::data(b), std::size(a) * sizeof(*std::data(a))) == 0;
}

/// A copy of everything that training changes in a network.
template <class T>
struct Snapshot {
  template <class Net>
  explicit Snapshot(const Net& net) {
    take(net.classifier().parameters(), net.classifier().statistics());
    if constexpr (Net::kHasPredictor) take(net.predictor().parameters(), net.predictor().statistics());
  }
  void take(const drnet::Buffer<T>& parameters_of, const drnet::Buffer<T>& statistics_of) {
    parameters.insert(parameters.end(), parameters_of.span().begin(), parameters_of.span().end());
    statistics.insert(statistics.end(), statistics_of.span().begin(), statistics_of.span().end());
  }
  friend bool operator==(const Snapshot& a, const Snapshot& b) {
    return same_bits(a.parameters, b.parameters) && same_bits(a.statistics, b.statistics);
  }
  std::vector<T> parameters, statistics;
};

/// Whether a tensor with a bank, "...bn_<j>.weight", is the one that a network with shared banks calls
/// "...weight".
inline bool is_bank_of(const drnet::TensorSpec& banked, const drnet::TensorSpec& shared) {
  if (banked.bank < 0) return banked.name == shared.name;
  std::string name = banked.name;
  const std::string bank = "bn_" + std::to_string(banked.bank) + ".";
  return name.erase(name.find(bank), bank.size()) == shared.name;
}

/// Gives every bank of `banked` the values of the one of `shared`.
template <class T>
void copy_to_banks(const TinySharedNet<T>& shared, TinyNet<T>& banked) {
  const auto copy = [](const auto& from, auto& to) {
    for (const drnet::TensorSpec& s : from.tensors())
      for (const drnet::TensorSpec& t : to.tensors())
        if (is_bank_of(t, s)) {
          const auto values = from.values(s);
          std::copy(values.begin(), values.end(), to.values(t).begin());
        }
  };
  copy(shared.classifier(), banked.classifier());
  copy(shared.predictor(), banked.predictor());
}

}  // namespace support
