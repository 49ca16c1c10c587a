// A network's tensors in safetensors files, under torchvision's names: "conv1.weight",
// "layer1.0.bn1.bn_2.weight" (bank 2), "layer1.0.downsample.0.weight"; the predictor's tensors follow with
// the prefix "predictor.".
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/io/safetensors.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace drnet::inline DRNET_ISA {

/// Named options of load().
struct LoadOptions {
  bool predictor =
      true;  ///< false: a file without the predictor's tensors is welcome, they keep their values
};

namespace weights_detail {

template <class T>
std::vector<std::int64_t> shape_of(const T& spec) {
  return {spec.shape.begin(), spec.shape.end()};
}

/// The name without its bank: "bn1.bn_0.weight" -> "bn1.weight". A file with one set of batch norms fills
/// every bank.
inline std::string unbanked(std::string name) {
  if (const auto at = name.find(".bn_"); at != std::string::npos) name.erase(at, name.find('.', at + 1) - at);
  return name;
}

/// Reads every tensor of `net` into `values`, and adds the names used to `used`.
template <class Net>
std::vector<std::vector<typename Net::Scalar>> read_tensors(const SafeTensors& file,
                                                            const std::string& prefix,
                                                            std::set<std::string>& used) {
  std::vector<std::vector<typename Net::Scalar>> values;
  for (const TensorSpec& t : Net::tensors()) {
    std::string name = prefix + t.name;
    if (!file.contains(name) && file.contains(unbanked(name))) name = unbanked(name);
    const auto& info = file.info(name);
    if (info.shape != shape_of(t)) {
      const auto text = [](const auto& shape) { return "shape [" + join(shape) + "]"; };
      throw Error(file.place() + ", tensor '" + name + "'", text(t.shape), text(info.shape));
    }
    values.push_back(file.values<typename Net::Scalar>(name));
    const bool variance = t.role == Role::running_var;
    for (const auto v : values.back())
      if (!std::isfinite(v) || (variance && v < 0))
        throw Error(file.place() + ", tensor '" + name + "'",
                    variance ? "finite values of at least 0" : "finite values", std::to_string(v));
    used.insert(name);
  }
  return values;
}

template <class Net>
void assign_tensors(Net& net, const std::vector<std::vector<typename Net::Scalar>>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), net.values(Net::tensors()[i]).begin());
}

template <class Net>
void append_tensors(const Net& net, const std::string& prefix, std::vector<NamedTensor>& to) {
  for (const TensorSpec& t : Net::tensors())
    to.push_back(named_tensor(prefix + t.name, shape_of(t), net.values(t)));
}

/// Throws Error for tensors that the network does not have; PyTorch's batch counters are passed over.
inline void refuse_extra(const SafeTensors& file, const std::set<std::string>& used,
                         std::string_view ignored_prefix) {
  for (const std::string& name : file.names())
    if (!used.contains(name) && !name.ends_with("num_batches_tracked") &&
        (ignored_prefix.empty() || !name.starts_with(ignored_prefix)))
      throw Error(file.place(), "only tensors of this network", "an extra tensor '" + name + "'");
}

}  // namespace weights_detail

/// Reads a network from an open file; nothing changes unless everything fits. `ignored_prefix`: tensors to
/// pass over.
template <class Net>
void load(Net& net, const SafeTensors& file, LoadOptions options = {}, std::string_view ignored_prefix = {}) {
  std::set<std::string> used;
  const auto classifier = weights_detail::read_tensors<typename Net::ClassifierNetwork>(file, "", used);
  if constexpr (Net::kHasPredictor) {
    const bool has = std::any_of(file.names().begin(), file.names().end(),
                                 [](const std::string& name) { return name.starts_with("predictor."); });
    if (has || options.predictor) {
      const auto predictor =
          weights_detail::read_tensors<typename Net::PredictorNetwork>(file, "predictor.", used);
      weights_detail::refuse_extra(file, used, ignored_prefix);
      weights_detail::assign_tensors(net.predictor(), predictor);
    }
  }
  weights_detail::refuse_extra(file, used, ignored_prefix);
  weights_detail::assign_tensors(net.classifier(), classifier);
}

/// Reads a network's weights. Throws Error naming file, tensor and shapes for anything missing, extra or
/// different.
template <class Net>
void load(Net& net, const std::filesystem::path& path, LoadOptions options = {}) {
  load(net, SafeTensors::read(path), options);
}

/// Writes a network's weights, atomically.
template <class Net>
void save(const Net& net, const std::filesystem::path& path,
          const std::map<std::string, std::string>& metadata = {}) {
  std::vector<NamedTensor> tensors;
  weights_detail::append_tensors(net.classifier(), "", tensors);
  if constexpr (Net::kHasPredictor) weights_detail::append_tensors(net.predictor(), "predictor.", tensors);
  write_safetensors(path, tensors, metadata);
}

}  // namespace drnet::inline DRNET_ISA
