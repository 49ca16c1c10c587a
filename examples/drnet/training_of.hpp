// The interface Training for one network type: a trainer and its checkpoints.
#pragma once

#include "model.hpp"

#include <drnet/io/checkpoint.hpp>
#include <drnet/training/linear_probe.hpp>

#include <algorithm>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace drnet::program {

template <class Net>
class TrainingOf final : public Training {
 public:
  TrainingOf(Net& net, Policy policy, Index batch, TrainerOptions options)
      : net_(net), trainer_(net, std::move(policy), batch, std::move(options)) {}

  EpochReport epoch(std::uint32_t number, const Loader& loader, std::uint32_t loader_epoch,
                    const StepCallback& progress) override {
    auto batches = loader.epoch(loader_epoch);
    return trainer_.epoch(number, batches, static_cast<Index>(loader.batches()), progress);
  }
  void note_errors(const Loader& loader, std::uint32_t loader_epoch,
                   const std::function<void(std::size_t)>& progress) override {
    std::size_t batches = 0;
    for (const Batch& batch : loader.epoch(loader_epoch)) {
      const std::vector<Index> samples(batch.indices.begin(), batch.indices.end());
      trainer_.note_errors(batch.view(), batch.labels, samples);
      progress(++batches);
    }
  }
  void save(const std::filesystem::path& path, Metadata metadata) override {
    metadata["steps"] = std::to_string(trainer_.steps());
    save_checkpoint(path, net_, trainer_.state(), metadata);
  }
  void restore(const std::filesystem::path& path) override {
    const Metadata metadata = load_checkpoint(path, net_, trainer_.state());
    trainer_.set_steps(static_cast<Index>(number_in(metadata, "steps", path.string())));
  }

 private:
  Net& net_;
  Trainer<Net> trainer_;
};

template <class Net>
std::unique_ptr<Training> make_training(Net& net, Policy policy, Index batch, TrainerOptions options) {
  return std::make_unique<TrainingOf<Net>>(net, std::move(policy), batch, std::move(options));
}

template <class Net>
LinearProbeReport probe_network(Net& net, const Loader& loader, std::size_t pictures, Policy policy,
                                const LinearProbeOptions& options,
                                const std::function<void(std::size_t)>& done) {
  LinearProbe<Net> probe(net, std::move(policy), static_cast<Index>(loader.options().batch), options);
  std::size_t noted = 0;
  for (const Batch& batch : loader.epoch(0)) {
    const std::size_t count = std::min(batch.labels.size(), pictures - noted);
    ImageBatch<float> images = batch.view();
    images.count = static_cast<Index>(count);
    probe.note(images, std::span(batch.labels).first(count));
    done(noted += count);
    if (noted == pictures) break;
  }
  return probe.fit();
}
template <class Net>
void unfold_network(Net& net, const ImageBatch<float>& images, const Policy& policy) {
  drnet::unfold_batch_norm(net, images, policy);
}
template <class Net>
void calibrate_network(Net& net, const ImageBatch<float>& images, const Policy& policy,
                       const CalibrationOptions& options) {
  drnet::calibrate_banks(net, images, policy, options);
}
template <class Net>
void recalibrate_network(Net& net, const ImageBatch<float>& images, const Policy& policy,
                         const RecalibrationOptions& options) {
  drnet::recalibrate(net, images, policy, options);
}

}  // namespace drnet::program
