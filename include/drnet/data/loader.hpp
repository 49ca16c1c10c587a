// Batches of a data set, decoded and transformed ahead on threads of the loader's own.
// images [batch][3][height][width]; order and bits depend on (seed, epoch) alone, never on the threads.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/data/augment.hpp>
#include <drnet/data/dataset.hpp>
#include <drnet/tensor/image_batch.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

namespace drnet::inline DRNET_ISA {

struct Batch {
  xt::xtensor<float, 4> images;      ///< [batch][channel][row][column]
  std::vector<int> labels;           ///< of each picture
  std::vector<std::size_t> indices;  ///< of each picture in the data set

  /// The images as networks, sessions and trainers read them; valid while the batch lives and is not changed.
  [[nodiscard]] ImageBatch<float> view() const {
    const auto extent = [this](std::size_t axis) { return static_cast<int>(images.shape(axis)); };
    return {images.data(), extent(0), extent(1), extent(2), extent(3)};
  }
};

struct LoaderOptions {
  std::size_t batch = 32;    ///< pictures in a batch; the last of an epoch may have fewer
  std::uint64_t seed = 0;    ///< of the order and of the augmentation
  bool shuffle = true;       ///< a new order every epoch; otherwise by index
  int threads = 2;           ///< that decode ahead; 0: the consumer's own thread does all
  std::size_t prefetch = 2;  ///< batches made ahead of the consumer, at least 1
  bool drop_last = false;    ///< leave out a last batch that is not full
};

/// Hands out the batches of every epoch. The data set must outlive the loader, the loader its epochs.
class Loader {
 public:
  class Epoch;

  /// Throws Error for an empty data set and for options out of range.
  Loader(const Dataset& dataset, Transform transform, const LoaderOptions& options)
      : dataset_(dataset), transform_(std::move(transform)), options_(options) {
    const auto require = [](bool valid, const char* option, const char* expected, std::size_t got) {
      if (!valid) throw Error(std::string("LoaderOptions::") + option, expected, std::to_string(got));
    };
    require(options.batch >= 1, "batch", "at least 1", options.batch);
    require(options.prefetch >= 1, "prefetch", "at least 1", options.prefetch);
    if (options.threads < 0 || options.threads > 1024)
      throw Error("LoaderOptions::threads", "0 to 1024", std::to_string(options.threads));
    const std::size_t size = dataset.size();
    if (size == 0 || size > std::numeric_limits<std::uint32_t>::max())
      throw Error("Loader: data set", "1 to 4294967295 pictures", std::to_string(size));
    require(batches() >= 1, "drop_last", "a data set of at least one full batch", size);
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  [[nodiscard]] const LoaderOptions& options() const noexcept { return options_; }

  /// Batches in an epoch.
  [[nodiscard]] std::size_t batches() const {
    const std::size_t size = dataset_.size();
    return size / options_.batch + (!options_.drop_last && size % options_.batch != 0 ? 1 : 0);
  }

  /// The data set's indices in the order of epoch `number` (Fisher-Yates).
  [[nodiscard]] std::vector<std::size_t> order(std::uint32_t number) const {
    std::vector<std::size_t> order(dataset_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (options_.shuffle)
      for (std::size_t i = order.size() - 1; i > 0; --i) {
        const auto n = static_cast<std::uint32_t>(i);
        std::swap(order[i], order[Random(options_.seed, Purpose::shuffle, number, n).below(0, n + 1)]);
      }
    return order;
  }

  /// The batches of epoch `number` from `first_batch` on, which may be batches() (nothing is left):
  ///     for (Batch& batch : loader.epoch(3)) …
  /// Reading throws what the data set or the transform threw, at the batch where it belongs.
  [[nodiscard]] Epoch epoch(std::uint32_t number, std::size_t first_batch = 0) const;

 private:
  /// Pictures [first, last) of `order`; empty when `stop` came first.
  [[nodiscard]] std::optional<Batch> make(const std::vector<std::size_t>& order, std::size_t first,
                                          std::size_t last, std::uint32_t epoch,
                                          const std::stop_token& stop) const {
    Batch batch;
    for (std::size_t i = first; i < last; ++i) {
      if (stop.stop_requested()) return std::nullopt;
      const std::size_t index = order[i];
      const Picture picture = load(index, epoch);
      const auto& shape = picture.shape();
      if (i == first) batch.images.resize({last - first, shape[0], shape[1], shape[2]});
      if (!std::equal(shape.begin(), shape.end(), batch.images.shape().begin() + 1))
        throw Error(dataset_.describe(index),
                    "a transformed picture of " + join(batch.images.shape(), " x ") +
                        " (batch x channels x height x width)",
                    join(shape, " x "));
      std::copy(picture.begin(), picture.end(), batch.images.data() + (i - first) * picture.size());
      batch.labels.push_back(dataset_.label(index));
      batch.indices.push_back(index);
    }
    return batch;
  }

  [[nodiscard]] Picture load(std::size_t index, std::uint32_t epoch) const {
    const Image image = dataset_.image(index);
    try {
      return transform_(
          image, Random(options_.seed, Purpose::augmentation, epoch, static_cast<std::uint32_t>(index)));
    } catch (const Error& e) {  // the transform does not know which picture it was given
      throw Error(dataset_.describe(index) + ", " + e.place(), e.expected(), e.got());
    }
  }

  const Dataset& dataset_;
  Transform transform_;
  LoaderOptions options_;
};

/// One pass over the data: a single-pass range of Batch&. Destroying it early stops and joins its threads.
class Loader::Epoch {
 public:
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Epoch* epoch) : epoch_(epoch) {}
    Batch& operator*() const { return *epoch_->current_; }
    Batch* operator->() const { return &*epoch_->current_; }
    Iterator& operator++() {
      epoch_->current_ = epoch_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !epoch_->current_.has_value(); }

   private:
    Epoch* epoch_;
  };

  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  /// Waits for the first batch. May be called once.
  [[nodiscard]] Iterator begin() {
    current_ = next();
    return Iterator(this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

  /// The next batch in order; empty after the last. Rethrows what its making threw, after which there are no
  /// more.
  [[nodiscard]] std::optional<Batch> next() {
    if (delivered_ == end_) return std::nullopt;
    if (workers_.empty()) {
      const std::size_t batch = std::exchange(delivered_, end_);  // the end, should this one throw
      auto made = make(batch, {});
      delivered_ = batch + 1;
      return made;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return made_.contains(delivered_); });
    Made made = std::move(made_.extract(delivered_).mapped());
    ++delivered_;
    if (made.error) delivered_ = started_ = end_;
    lock.unlock();
    changed_.notify_all();
    if (made.error) std::rethrow_exception(made.error);
    return std::move(made.batch);
  }

 private:
  friend class Loader;

  struct Made {
    std::optional<Batch> batch;
    std::exception_ptr error;
  };

  Epoch(const Loader& loader, std::uint32_t number, std::size_t first_batch)
      : loader_(loader),
        number_(number),
        order_(loader.order(number)),
        end_(loader.batches()),
        delivered_(first_batch),
        started_(first_batch) {
    if (first_batch > end_)
      throw Error("Loader::epoch: first_batch", "0 to " + std::to_string(end_), std::to_string(first_batch));
    const std::size_t useful = std::min(loader.options_.prefetch, end_ - first_batch);
    for (std::size_t i = std::min(static_cast<std::size_t>(loader.options_.threads), useful); i > 0; --i)
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }

  [[nodiscard]] std::optional<Batch> make(std::size_t batch, const std::stop_token& stop) const {
    const std::size_t first = batch * loader_.options_.batch;
    return loader_.make(order_, first, std::min(first + loader_.options_.batch, order_.size()), number_,
                        stop);
  }

  /// Makes batches, never more than `prefetch` ahead of the consumer, until all are started or `stop` comes.
  void work(const std::stop_token& stop) {
    for (;;) {
      std::unique_lock lock(mutex_);
      const auto may_start = [this] {
        return started_ == end_ || started_ < delivered_ + loader_.options_.prefetch;
      };
      if (!changed_.wait(lock, stop, may_start) || started_ == end_) return;
      const std::size_t batch = started_++;
      lock.unlock();
      Made made;
      try {
        made.batch = make(batch, stop);
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      made_.emplace(batch, std::move(made));
      lock.unlock();
      changed_.notify_all();
    }
  }

  const Loader& loader_;
  std::uint32_t number_;
  std::vector<std::size_t> order_;
  std::size_t end_;
  std::optional<Batch> current_;

  std::mutex mutex_;  // of everything below
  std::condition_variable_any changed_;
  std::size_t delivered_, started_;  // numbers of the next batch to hand out and to make
  std::map<std::size_t, Made> made_;
  std::vector<std::jthread> workers_;  // last: stopped and joined before what they use goes
};

inline Loader::Epoch Loader::epoch(std::uint32_t number, std::size_t first_batch) const {
  return Epoch(*this, number, first_batch);
}

}  // namespace drnet::inline DRNET_ISA
