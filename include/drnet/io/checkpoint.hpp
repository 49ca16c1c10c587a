// Checkpoints: the network's weights (a file that load() reads too), the optimizer's velocities under
// "optimizer.*", and what a run must know to go on, as metadata. Written atomically, so the last good one is
// never lost.
#pragma once

#include <drnet/io/weights.hpp>

#include <cmath>

namespace drnet::inline DRNET_ISA {

/// Arrays besides the weights, by name, e.g. {"classifier_velocity", span}.
template <class T>
using NamedArrays = std::vector<std::pair<std::string, std::span<T>>>;

namespace checkpoint_detail {

template <class T>
void require_finite(const std::filesystem::path& path, const std::string& name, std::span<const T> values) {
  for (const T v : values)
    if (!std::isfinite(v))
      throw Error("checkpoint " + path.string() + ", tensor '" + name + "'", "finite values to save",
                  std::to_string(v));
}

template <class Net>
void require_finite(const std::filesystem::path& path, const Net& net, const std::string& prefix) {
  for (const TensorSpec& t : Net::tensors())
    require_finite<typename Net::Scalar>(path, prefix + t.name, net.values(t));
}

}  // namespace checkpoint_detail

/// Writes a checkpoint. `metadata` holds what identifies the run (model, data, seed, ...) and how far it has
/// come. Throws Error, and leaves the file that is there, where a value is not finite: nothing could go on
/// from it.
template <class Net>
void save_checkpoint(const std::filesystem::path& path, const Net& net,
                     const NamedArrays<typename Net::Scalar>& optimizer,
                     const std::map<std::string, std::string>& metadata) {
  checkpoint_detail::require_finite(path, net.classifier(), "");
  if constexpr (Net::kHasPredictor) checkpoint_detail::require_finite(path, net.predictor(), "predictor.");
  for (const auto& [name, values] : optimizer)
    checkpoint_detail::require_finite<typename Net::Scalar>(path, "optimizer." + name, values);
  std::vector<NamedTensor> tensors;
  weights_detail::append_tensors(net.classifier(), "", tensors);
  if constexpr (Net::kHasPredictor) weights_detail::append_tensors(net.predictor(), "predictor.", tensors);
  for (const auto& [name, values] : optimizer)
    tensors.push_back(named_tensor("optimizer." + name, {static_cast<std::int64_t>(values.size())},
                                   std::span<const typename Net::Scalar>(values)));
  write_safetensors(path, tensors, metadata);
}

/// Restores a checkpoint and returns its metadata; nothing changes unless everything fits. Throws Error for a
/// file that is no checkpoint, for another topology, and where a value in `required` differs from the
/// checkpoint's.
template <class Net>
std::map<std::string, std::string> load_checkpoint(const std::filesystem::path& path, Net& net,
                                                   const NamedArrays<typename Net::Scalar>& optimizer,
                                                   const std::map<std::string, std::string>& required = {}) {
  const SafeTensors file = SafeTensors::read(path);
  for (const auto& [key, value] : required) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
      throw Error(path.string(), "a checkpoint that says its '" + key + "'", "none");
    if (found->second != value) throw Error(path.string() + ", " + key, value, found->second);
  }
  std::vector<std::vector<typename Net::Scalar>> arrays;
  for (const auto& [name, values] : optimizer) {
    arrays.push_back(file.values<typename Net::Scalar>("optimizer." + name));
    if (arrays.back().size() != values.size())
      throw Error(path.string() + ", optimizer." + name, std::to_string(values.size()) + " values",
                  std::to_string(arrays.back().size()));
  }
  load(net, file);
  for (std::size_t i = 0; i < arrays.size(); ++i)
    std::copy(arrays[i].begin(), arrays[i].end(), optimizer[i].second.begin());
  return file.metadata();
}

}  // namespace drnet::inline DRNET_ISA
