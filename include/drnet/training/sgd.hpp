// Stochastic gradient descent with momentum, in PyTorch's formulation:
//   g = dL/dp + weight_decay * p,  v = momentum * v + g,  p -= lr * (nesterov ? g + momentum * v : v)
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/parallel.hpp>
#include <drnet/layers/network.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace drnet::inline DRNET_ISA {

/// Named options of the optimizer.
struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 1e-4;
  bool decay_norm_and_bias = true;  ///< false: weight decay on convolution and linear weights only
};

/// Learning rates of a step: the head is a network's last layer, the features are all before it. What has the
/// rate 0 stays as it is.
struct LearningRates {
  LearningRates(double all) : features(all), head(all) {}
  LearningRates(double features_rate, double head_rate) : features(features_rate), head(head_rate) {}
  double features, head;
};

/// One step for the values [0, size) of one parameter group; `velocity` starts as zeros.
template <class T>
void sgd_step(std::span<T> p, std::span<const T> gradient, std::span<T> velocity, double lr, double decay,
              const SgdOptions& options) {
  const T rate = static_cast<T>(lr), wd = static_cast<T>(decay), mu = static_cast<T>(options.momentum);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const T g = gradient[i] + wd * p[i];
    velocity[i] = mu * velocity[i] + g;
    p[i] -= rate * (options.nesterov ? g + mu * velocity[i] : velocity[i]);
  }
}

/// The optimizer of one network: velocities beside its parameters.
template <class Net>
class Sgd {
 public:
  using T = typename Net::Scalar;
  /// Throws Error for options out of range.
  explicit Sgd(SgdOptions options) : options_(options), velocity_(Net::kParameters) {
    if (!(options.momentum >= 0 && options.momentum < 1))
      throw Error("SGD momentum", "0 <= momentum < 1", std::to_string(options.momentum));
    if (!(options.weight_decay >= 0))
      throw Error("SGD weight decay", "a value >= 0", std::to_string(options.weight_decay));
  }
  /// Applies `gradients` (laid out as net.parameters()), tensor by tensor. `images`:
  /// how many trained each bank, empty where all did (which is not asked of a network with one bank); like a
  /// parameter without gradient in PyTorch, a bank that saw none stays as it is, weight decay and momentum
  /// included.
  void step(const ExecutionPolicy& policy, Net& net, const Buffer<T>& gradients, LearningRates rates,
            std::span<const Index> images = {}) {
    const auto& tensors = Net::tensors();
    const auto head = std::find_if(tensors.rbegin(), tensors.rend(),
                                   [](const TensorSpec& t) { return t.role == Role::weight; });
    const auto first_of_head = static_cast<Index>(tensors.rend() - head) - 1;
    policy.for_parts(static_cast<Index>(tensors.size()), [&](Index k, int) {
      const TensorSpec& t = tensors[static_cast<std::size_t>(k)];
      if (!t.trained()) return;
      const double lr = k < first_of_head ? rates.features : rates.head;
      if (lr == 0) return;
      if (t.bank >= 0 && !images.empty() && images[static_cast<std::size_t>(t.bank)] == 0) return;
      const bool decays = options_.decay_norm_and_bias || t.role == Role::weight;
      const auto at = static_cast<std::size_t>(t.offset), size = static_cast<std::size_t>(t.size);
      sgd_step<T>(net.values(t), gradients.span().subspan(at, size), velocity_.span().subspan(at, size), lr,
                  decays ? options_.weight_decay : 0.0, options_);
    });
  }
  [[nodiscard]] Buffer<T>& velocity() noexcept { return velocity_; }
  [[nodiscard]] const Buffer<T>& velocity() const noexcept { return velocity_; }

 private:
  SgdOptions options_;
  Buffer<T> velocity_;
};

}  // namespace drnet::inline DRNET_ISA
