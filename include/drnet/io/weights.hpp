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
  /// false: a file without the predictor's tensors is welcome, they keep their values.
  bool predictor = true;
  /// false: a classifier's last layer of another shape (another number of classes) keeps its values.
  bool head = true;
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

/// Everything in which a file's tensors are not a network's.
class Misfits {
 public:
  void missing(const std::string& name) { missing_.push_back("'" + name + "'"); }
  void extra(const std::string& name) { extra_.push_back("'" + name + "'"); }
  void misshapen(const std::string& name, const std::vector<std::int64_t>& expected,
                 const std::vector<std::int64_t>& got) {
    misshapen_.push_back("'" + name + "' of shape [" + join(got) + "] instead of [" + join(expected) + "]");
  }
  /// Throws Error with the whole list, if there is one.
  void require_none(const SafeTensors& file) const {
    std::vector<std::string> parts;
    for (const auto& [what, list] :
         {std::pair("missing", &missing_), {"extra", &extra_}, {"misshapen", &misshapen_}})
      if (!list->empty()) parts.push_back(std::to_string(list->size()) + " " + what + ": " + join(*list));
    if (!parts.empty()) throw Error(file.place(), "the tensors of this network", join(parts, "; "));
  }

 private:
  std::vector<std::string> missing_, extra_, misshapen_;
};

/// The tensors of the network's last layer begin with this.
template <class Net>
std::string head_prefix() {
  const std::string& last = Net::tensors().back().name;
  return last.substr(0, last.rfind('.') + 1);
}

/// Throws Error for values that no network can work with.
template <class T>
void check_values(const std::string& place, Role role, std::span<const T> values) {
  const bool variance = role == Role::running_var;
  for (const T v : values)
    if (!std::isfinite(v) || (variance && v < 0))
      throw Error(place, variance ? "finite values of at least 0" : "finite values", std::to_string(v));
}

/// Every tensor of `net` from the file, nothing for those that keep their values or do not fit; adds the
/// names used to `used`.
template <class Net>
std::vector<std::vector<typename Net::Scalar>> read_tensors(const SafeTensors& file,
                                                            const std::string& prefix, bool head,
                                                            std::set<std::string>& used, Misfits& misfits) {
  std::vector<std::vector<typename Net::Scalar>> values;
  for (const TensorSpec& t : Net::tensors()) {
    auto& tensor = values.emplace_back();
    std::string name = prefix + t.name;
    if (!file.contains(name) && file.contains(unbanked(name))) name = unbanked(name);
    if (!file.contains(name)) {
      misfits.missing(name);
      continue;
    }
    used.insert(name);
    if (const auto& shape = file.info(name).shape; shape != shape_of(t)) {
      if (head || !t.name.starts_with(head_prefix<Net>())) misfits.misshapen(name, shape_of(t), shape);
      continue;
    }
    tensor = file.values<typename Net::Scalar>(name);
    check_values<typename Net::Scalar>(file.place() + ", tensor '" + name + "'", t.role, tensor);
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

/// Notes tensors that the network does not have; PyTorch's batch counters are passed over.
inline void note_extra(const SafeTensors& file, const std::set<std::string>& used,
                       std::string_view ignored_prefix, Misfits& misfits) {
  for (const std::string& name : file.names())
    if (!used.contains(name) && !name.ends_with("num_batches_tracked") &&
        (ignored_prefix.empty() || !name.starts_with(ignored_prefix)))
      misfits.extra(name);
}

}  // namespace weights_detail

/// Reads a network from an open file; nothing changes unless everything fits. `ignored_prefix`: tensors to
/// pass over, by default what a checkpoint holds besides. Numbers of 16, 32 and 64 bits are converted.
template <class Net>
void load(Net& net, const SafeTensors& file, LoadOptions options = {},
          std::string_view ignored_prefix = "optimizer.") {
  using namespace weights_detail;
  std::set<std::string> used;
  Misfits misfits;
  const auto classifier =
      read_tensors<typename Net::ClassifierNetwork>(file, "", options.head, used, misfits);
  std::vector<std::vector<typename Net::Scalar>> predictor;
  if constexpr (Net::kHasPredictor) {
    const bool has = std::any_of(file.names().begin(), file.names().end(),
                                 [](const std::string& name) { return name.starts_with("predictor."); });
    if (has || options.predictor)
      predictor = read_tensors<typename Net::PredictorNetwork>(file, "predictor.", true, used, misfits);
  }
  note_extra(file, used, ignored_prefix, misfits);
  misfits.require_none(file);
  assign_tensors(net.classifier(), classifier);
  if constexpr (Net::kHasPredictor) assign_tensors(net.predictor(), predictor);
}

/// Reads a network's weights. Throws Error naming the file and listing every tensor that is missing, extra or
/// of another shape.
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
