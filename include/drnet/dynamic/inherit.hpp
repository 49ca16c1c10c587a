// A predictor that begins with what the classifier has learnt. (Ours: the paper's begins with random values.)
//
// The predictors of models/ are the first block of every stage of a network, under that network's names, so
// what belongs together is found by name and shape. What is left out between two of them are blocks that add
// to their input, x + f(x): without f, the next block still reads much of what it was trained on (A. Veit et
// al., *Residual Networks Behave Like Ensembles of Relatively Shallow Networks*, NeurIPS 2016).
#pragma once

#include <drnet/dynamic/dynamic_network.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace drnet::inline DRNET_ISA {

namespace inherit_detail {
/// "bn1.bn_2.weight" of bank 2 -> "bn1.weight": the name that a batch norm with one bank has.
inline std::string name_without_bank(const TensorSpec& t) {
  if (t.bank < 0) return t.name;
  std::string name = t.name;
  const std::string bank = "bn_" + std::to_string(t.bank) + ".";
  return name.erase(name.rfind(bank), bank.size());
}
}  // namespace inherit_detail

/// Copies each convolution that has the same name and shape in classifier and predictor into the predictor,
/// with the batch norm behind it: the smallest candidate's bank, whose pictures are the most like the
/// predictor's own. Everything else stays as it is. Returns the number of convolutions copied.
template <class Net>
Index inherit_layers(Net& net) requires(Net::kHasPredictor) {
  const int bank = Net::bank(Net::kCount - 1);
  std::map<std::string, const TensorSpec*> learnt;
  for (const TensorSpec& t : Net::ClassifierNetwork::tensors())
    if (t.bank < 0 || t.bank == bank) learnt.emplace(inherit_detail::name_without_bank(t), &t);
  Index convolutions = 0;
  bool inherits = false;  // the convolution that was met last: its batch norm follows it
  for (const TensorSpec& to : Net::PredictorNetwork::tensors()) {
    const auto from = learnt.find(to.name);
    const bool fits = from != learnt.end() && from->second->shape == to.shape;
    if (to.role == Role::weight) {
      inherits = fits && to.shape.size() == 4;
      convolutions += inherits;
    }
    if (inherits && fits)
      std::ranges::copy(std::as_const(net.classifier()).values(*from->second),
                        net.predictor().values(to).begin());
  }
  return convolutions;
}

}  // namespace drnet::inline DRNET_ISA
