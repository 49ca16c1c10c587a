// A network's tensors in safetensors files, under torchvision's names: "conv1.weight",
// "layer1.0.bn1.bn_2.weight" (bank 2), "layer1.0.downsample.0.weight"; the predictor's tensors follow with
// the prefix "predictor.". docs/weights.md shows how PyTorch's and MindSpore's files come in.
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/io/safetensors.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace drnet::inline DRNET_ISA {

/// Whose names a file's tensors have: torchvision's with banks, or those of the MindSpore code that the
/// authors of DRNet published (gamma, beta, moving_mean, moving_variance, down_sample_layer, end_point).
enum class WeightNames { torchvision, mindspore };

/// Named options of save().
struct SaveOptions {
  bool predictor = true;  ///< false: without the predictor's tensors
};

/// Named options of load().
struct LoadOptions {
  /// false: a file without the predictor's tensors is welcome, they keep their values; so is a file with them
  /// for a network that has no predictor.
  bool predictor = true;
  /// false: a classifier's last layer of another shape (another number of classes) becomes zeros. Random
  /// values would send random gradients into trained features (Big Transfer, Kolesnikov et al., ECCV 2020).
  bool head = true;
  WeightNames names = WeightNames::torchvision;
  /// true: the batch norms of projection shortcuts take the file's bank 0 in every bank, as the published
  /// MindSpore code runs them whatever the resolution.
  bool projections_use_bank_0 = false;
};

namespace weights_detail {

template <class T>
std::vector<std::int64_t> shape_of(const T& spec) {
  return {spec.shape.begin(), spec.shape.end()};
}

/// "layer1.0.bn1" -> {"layer1", "0", "bn1"}.
inline std::vector<std::string> components(std::string_view name) {
  std::vector<std::string> parts;
  for (std::size_t at = 0, end = 0; end != std::string_view::npos; at = end + 1) {
    end = name.find('.', at);
    parts.emplace_back(name.substr(at, end == std::string_view::npos ? end : end - at));
  }
  return parts;
}

/// j of a component "bn_j", of six digits at most.
inline std::optional<int> bank_number(std::string_view component) {
  int j = 0;
  if (!component.starts_with("bn_") || component.size() > 9) return std::nullopt;
  const auto* const end = component.data() + component.size();
  const auto [rest, error] = std::from_chars(component.data() + 3, end, j);
  if (error != std::errc() || rest != end || j < 0) return std::nullopt;
  return j;
}

inline constexpr std::string_view kPredictorPrefix = "predictor.";

/// Banks "bn_0" to "bn_<m-1>" in the classifier's part of a file: m, or 0 where its batch norms are plain.
inline int bank_count(const SafeTensors& file) {
  int count = 0;
  for (const std::string& name : file.names())
    if (!name.starts_with(kPredictorPrefix))
      for (const std::string& component : components(name))
        if (const auto j = bank_number(component)) count = std::max(count, *j + 1);
  return count;
}

[[nodiscard]] constexpr bool is_batch_norm(Role role) {
  return role == Role::bn_weight || role == Role::bn_bias || role == Role::running_mean ||
         role == Role::running_var;
}

/// MindSpore's word for the last component of a batch norm's names.
[[nodiscard]] constexpr std::string_view mindspore_word(Role role) {
  return role == Role::bn_weight      ? "gamma"
         : role == Role::bn_bias      ? "beta"
         : role == Role::running_mean ? "moving_mean"
                                      : "moving_variance";
}

/// Which of the two conventions a file's names follow, as far as batch norms show it.
inline std::optional<WeightNames> names_of(const SafeTensors& file) {
  for (const std::string& name : file.names()) {
    if (name.ends_with(".moving_mean")) return WeightNames::mindspore;
    if (name.ends_with(".running_mean")) return WeightNames::torchvision;
  }
  return std::nullopt;
}
[[nodiscard]] constexpr const char* owner(WeightNames names) {
  return names == WeightNames::mindspore ? "MindSpore's" : "torchvision's";
}

/// The names of a network's tensors in a file: its convention, how many banks its batch norms have (0: plain
/// ones), and what the names of the network's last layer begin with, e.g. "fc.".
struct Naming {
  WeightNames names = WeightNames::torchvision;
  int banks = 0;
  std::string head;

  [[nodiscard]] bool is_head(const TensorSpec& t) const {
    return !head.empty() && !is_batch_norm(t.role) && t.name.starts_with(head);
  }
  [[nodiscard]] std::string operator()(const TensorSpec& t) const {
    std::vector<std::string> parts = components(t.name);
    std::string word = std::move(parts.back());
    parts.pop_back();
    if (names == WeightNames::mindspore) {
      if (is_head(t)) parts = {"end_point"};
      std::replace(parts.begin(), parts.end(), std::string("downsample"), std::string("down_sample_layer"));
      if (is_batch_norm(t.role)) word = mindspore_word(t.role);
    }
    if (t.bank >= 0) parts.pop_back();
    if (is_batch_norm(t.role) && banks > 0)
      parts.push_back(std::string("bn_").append(std::to_string(std::max(t.bank, 0))));
    parts.push_back(std::move(word));
    return join(parts, ".");
  }
};

/// The name without its bank: "bn1.bn_0.weight" -> "bn1.weight".
inline std::string plain_name(const TensorSpec& t) {
  return Naming{}(t);
}

/// Everything in which a file's tensors are not a network's; each list without repetitions.
class Misfits {
 public:
  void missing(const std::string& name) { add(missing_, "'" + name + "'"); }
  void extra(const std::string& name) { add(extra_, "'" + name + "'"); }
  void misshapen(const std::string& name, const std::vector<std::int64_t>& expected,
                 const std::vector<std::int64_t>& got) {
    add(misshapen_, "'" + name + "' of shape [" + join(got) + "] instead of [" + join(expected) + "]");
  }
  void mistyped(const std::string& name, DType got) {
    add(mistyped_, "'" + name + "' in " + std::string(name_of(got)));
  }
  /// Throws Error with the whole list, if there is one, after a `remark` that may explain it.
  void require_none(const std::string& place, const std::string& types, const std::string& remark) const {
    std::vector<std::string> parts;
    for (const auto& [what, list] : {std::pair(std::string("missing"), &missing_),
                                     {std::string("extra"), &extra_},
                                     {std::string("misshapen"), &misshapen_},
                                     {"not in " + types, &mistyped_}})
      if (!list->empty()) parts.push_back(std::to_string(list->size()) + " " + what + ": " + join(*list));
    if (!parts.empty()) throw Error(place, "the tensors of this network", remark + join(parts, "; "));
  }

 private:
  static void add(std::vector<std::string>& list, std::string entry) {
    if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(std::move(entry));
  }
  std::vector<std::string> missing_, extra_, misshapen_, mistyped_;
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

/// The values of every tensor of a network, in the order of its tensors(); empty for those that keep theirs.
template <class T>
using Values = std::vector<std::vector<T>>;

/// Reads networks of one scalar from a file and notes what does not fit.
template <class T>
class Reader {
 public:
  Reader(const SafeTensors& file, WeightNames names) : file_(file), names_(names) {}

  /// The tensors of `Net`, whose names follow `prefix`, from a file with that many banks. Without `head` a
  /// last layer of another shape is zeros.
  template <class Net>
  Values<T> read(const std::string& prefix, int banks, bool head = true) {
    const Naming naming{names_, banks, head_prefix<Net>()};
    Values<T> values;
    bool new_head = false;
    for (const TensorSpec& t : Net::tensors()) {
      const std::string name = prefix + naming(t);
      auto& tensor = values.emplace_back();
      if (!file_.contains(name)) {
        misfits_.missing(name);
        continue;
      }
      used_.insert(name);
      const TensorInfo& info = file_.info(name);
      const bool keeps = !head && naming.is_head(t) && info.shape != shape_of(t);
      new_head = new_head || keeps;
      if (info.shape != shape_of(t) && !keeps) misfits_.misshapen(name, shape_of(t), info.shape);
      if (!accepts(info.dtype)) misfits_.mistyped(name, info.dtype);
      if (info.shape != shape_of(t) || !accepts(info.dtype)) continue;
      tensor = file_.values<T>(name);
      check_values<T>(file_.place() + ", tensor '" + name + "'", t.role, tensor);
    }
    for (std::size_t i = 0; new_head && i < values.size(); ++i) {  // all of the last layer or nothing
      const TensorSpec& t = Net::tensors()[i];
      if (naming.is_head(t)) values[i].assign(static_cast<std::size_t>(t.size), T(0));
    }
    return values;
  }

  /// Throws Error if anything did not fit or was not read. PyTorch's batch counters and what begins with one
  /// of the prefixes are passed over; `banks` are the network's.
  void require_fit(std::span<const std::string_view> ignored_prefixes, int banks) {
    for (const std::string& name : file_.names())
      if (!used_.contains(name) && !name.ends_with("num_batches_tracked") &&
          std::none_of(ignored_prefixes.begin(), ignored_prefixes.end(),
                       [&](std::string_view prefix) { return name.starts_with(prefix); }))
        misfits_.extra(name);
    misfits_.require_none(file_.place(), types(), remark(banks));
  }

 private:
  /// F64 is for networks of double: rounding it would change weights without a word.
  static bool accepts(DType dtype) {
    return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == dtype_of<T>();
  }
  static std::string types() {
    return std::same_as<T, double> ? "F64, F32, F16 or BF16" : "F32, F16 or BF16";
  }
  /// What explains many misfits at once: another convention of names, another number of banks.
  [[nodiscard]] std::string remark(int banks) const {
    if (const auto found = names_of(file_); found && *found != names_)
      return std::string(owner(*found)) + " names instead of " + owner(names_) + "; ";
    const int got = bank_count(file_);
    if (got == 0 || got == banks) return {};
    return "batch norms in " + std::to_string(got) + " banks instead of " + std::to_string(banks) + "; ";
  }

  const SafeTensors& file_;
  WeightNames names_;
  std::set<std::string> used_;
  Misfits misfits_;
};

/// Every bank of a projection shortcut's batch norm takes the values of bank 0.
template <class Net>
void use_bank_0_in_projections(Values<typename Net::Scalar>& values) {
  const auto& tensors = Net::tensors();
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto parts = components(tensors[i].name);
    if (std::find(parts.begin(), parts.end(), "downsample") == parts.end()) continue;
    const std::string name = plain_name(tensors[i]);
    if (tensors[i].bank == 0) first[name] = i;
    if (tensors[i].bank > 0) values[i] = values[first.at(name)];
  }
}

template <class Net>
void assign_tensors(Net& net, const Values<typename Net::Scalar>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), net.values(Net::tensors()[i]).begin());
}

template <class Net>
void append_tensors(const Net& net, const std::string& prefix, std::vector<NamedTensor>& to) {
  for (const TensorSpec& t : Net::tensors())
    to.push_back(named_tensor(prefix + t.name, shape_of(t), net.values(t)));
}

}  // namespace weights_detail

/// Whether a file has a predictor's tensors.
[[nodiscard]] inline bool holds_predictor(const SafeTensors& file) {
  const auto& names = file.names();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with(weights_detail::kPredictorPrefix);
  });
}

/// Reads a network from an open file; nothing changes unless everything fits. `ignored_prefix`: tensors to
/// pass over, by default what a checkpoint holds besides. A file with plain batch norms fills every bank.
/// Numbers of 16 and 32 bits are converted; those of 64 bits are for networks of double.
template <class Net>
void load(Net& net, const SafeTensors& file, LoadOptions options = {},
          std::string_view ignored_prefix = "optimizer.") {
  using namespace weights_detail;
  using Classifier = typename Net::ClassifierNetwork;
  Reader<typename Net::Scalar> reader(file, options.names);
  auto classifier = reader.template read<Classifier>("", bank_count(file), options.head);
  Values<typename Net::Scalar> predictor;
  std::vector<std::string_view> ignored;
  if (!ignored_prefix.empty()) ignored.push_back(ignored_prefix);
  if constexpr (Net::kHasPredictor) {
    if (options.predictor || holds_predictor(file))
      predictor = reader.template read<typename Net::PredictorNetwork>(std::string(kPredictorPrefix), 0);
  } else if (!options.predictor) {
    ignored.push_back(kPredictorPrefix);
  }
  reader.require_fit(ignored, Net::kBanks);
  if (options.projections_use_bank_0) use_bank_0_in_projections<Classifier>(classifier);
  assign_tensors(net.classifier(), classifier);
  if constexpr (Net::kHasPredictor) assign_tensors(net.predictor(), predictor);
}

/// Reads a network's weights. Throws Error naming the file and listing every tensor that is missing, extra,
/// of another shape or of a type that holds no weights.
template <class Net>
void load(Net& net, const std::filesystem::path& path, LoadOptions options = {}) {
  load(net, SafeTensors::read(path), options);
}

/// Writes a network's weights, atomically.
template <class Net>
void save(const Net& net, const std::filesystem::path& path,
          const std::map<std::string, std::string>& metadata = {}, SaveOptions options = {}) {
  std::vector<NamedTensor> tensors;
  weights_detail::append_tensors(net.classifier(), "", tensors);
  if constexpr (Net::kHasPredictor)
    if (options.predictor)
      weights_detail::append_tensors(net.predictor(), std::string(weights_detail::kPredictorPrefix), tensors);
  write_safetensors(path, tensors, metadata);
}

/// Writes the classifier as it runs at one candidate: a plain state dict, which torchvision's model of the
/// same topology loads by name. Throws Error for a candidate that the network does not have.
template <class Net>
void export_candidate(const Net& net, int candidate, const std::filesystem::path& path,
                      const std::map<std::string, std::string>& metadata = {}) {
  using namespace weights_detail;
  if (candidate < 0 || candidate >= Net::kCount)
    throw Error("export to " + path.string(), "a candidate from 0 to " + std::to_string(Net::kCount - 1),
                std::to_string(candidate));
  std::vector<NamedTensor> tensors;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.bank < 0 || t.bank == Net::bank(candidate))
      tensors.push_back(named_tensor(plain_name(t), shape_of(t), net.classifier().values(t)));
  write_safetensors(path, tensors, metadata);
}

}  // namespace drnet::inline DRNET_ISA
