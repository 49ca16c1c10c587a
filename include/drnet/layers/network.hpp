// A topology with its numbers. Network owns parameters and running statistics (flat arrays on the heap,
// PyTorch's layouts); Activations owns what one input shape needs between a forward and a backward pass. One
// Network serves every resolution: convolution and linear weights are shared, a batch-norm bank is an index.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/layers/layer.hpp>

#include <cmath>

namespace drnet::inline DRNET_ISA {

/// Multiply-adds of one image of Resolution x Resolution pixels: convolutions and linear layers, exactly.
template <class Topology, int Resolution, int Channels = 3>
inline constexpr Index macs = Topology::macs(Shape{Channels, Resolution, Resolution});

/// Trained scalars of a topology with the given number of batch-norm banks.
template <class Topology, int Banks = 1, int Channels = 3>
inline constexpr Index parameter_count = Topology::parameters(Shape{Channels, 1024, 1024}, Banks);

/// Parameters and running statistics of a topology whose inputs have `Channels` channels.
template <class Topology_, class T = float, int Banks = 1, int Channels = 3>
class Network {
 public:
  using Topology = Topology_;
  using Scalar = T;
  static constexpr int kBanks = Banks, kChannels = Channels;
  /// Parameter shapes do not depend on height and width; any shape with the right channels counts them.
  static constexpr Shape kCountingShape{Channels, 1024, 1024};
  static constexpr Index kParameters = Topology::parameters(kCountingShape, Banks);
  static constexpr Index kStatistics = Topology::statistics(kCountingShape, Banks);

  Network() : parameters_(kParameters), statistics_(kStatistics) { initialize(0); }
  explicit Network(std::uint64_t seed) : parameters_(kParameters), statistics_(kStatistics) {
    initialize(seed);
  }

  [[nodiscard]] Buffer<T>& parameters() noexcept { return parameters_; }
  [[nodiscard]] const Buffer<T>& parameters() const noexcept { return parameters_; }
  [[nodiscard]] Buffer<T>& statistics() noexcept { return statistics_; }
  [[nodiscard]] const Buffer<T>& statistics() const noexcept { return statistics_; }

  /// Every tensor with its state-dict name, PyTorch's shape and its place in the arrays.
  [[nodiscard]] static const std::vector<TensorSpec>& tensors() {
    static const std::vector<TensorSpec> list = [] {
      TensorList collected;
      Topology::visit(kCountingShape, Banks, "", collected);
      return collected.tensors();
    }();
    return list;
  }
  [[nodiscard]] std::span<T> values(const TensorSpec& t) {
    return (t.trained() ? parameters_ : statistics_)
        .span()
        .subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size));
  }
  [[nodiscard]] std::span<const T> values(const TensorSpec& t) const {
    return (t.trained() ? parameters_ : statistics_)
        .span()
        .subspan(static_cast<std::size_t>(t.offset), static_cast<std::size_t>(t.size));
  }

  /// He initialization (fan out) for convolutions, uniform +-1/sqrt(fan in) for linear layers, identity batch
  /// norms: torchvision's defaults, as a function of the seed.
  void initialize(std::uint64_t seed) {
    std::uint32_t index = 0;
    for (const TensorSpec& t : tensors()) {
      const Random random(seed, Purpose::initialization, 0, index++);
      const auto to = values(t);
      double fan_in = 1;
      for (std::size_t i = 1; i < t.shape.size(); ++i) fan_in *= t.shape[i];
      if (t.role == Role::weight) last_fan_in_ = fan_in;
      for (std::size_t i = 0; i < to.size(); ++i)
        to[i] = static_cast<T>(initial(t, random, static_cast<std::uint32_t>(i)));
    }
  }

 private:
  [[nodiscard]] double initial(const TensorSpec& t, const Random& random, std::uint32_t i) const {
    switch (t.role) {
      case Role::weight:
        if (t.shape.size() == 4)
          return std::sqrt(2.0 / (double(t.shape[0]) * t.shape[2] * t.shape[3])) * random.normal(i);
        return random.uniform<double>(i, -1, 1) / std::sqrt(last_fan_in_);
      case Role::bias:
        return random.uniform<double>(i, -1, 1) / std::sqrt(last_fan_in_);
      case Role::bn_weight:
      case Role::running_var:
        return 1;
      case Role::bn_bias:
      case Role::running_mean:
        return 0;
    }
    return 0;
  }

  Buffer<T> parameters_, statistics_;
  double last_fan_in_ = 1;
};

/// Input, output and everything in between of one topology at one input shape, for batches up to a capacity.
template <class Topology, Shape In, class T>
class Activations {
 public:
  static constexpr Shape kInput = In, kOutput = Topology::output(In);
  using Input = FeatureMap<T, In, Topology::input_halo(In)>;
  using Output = FeatureMap<T, kOutput, 0>;
  using OutputGradient = FeatureMap<T, kOutput, Topology::gradient_halo(In)>;

  explicit Activations(Index capacity)
      : capacity_(capacity),
        input_(Input::kImageStride * capacity),
        output_(Output::kImageStride * capacity),
        gradient_(OutputGradient::kImageStride * capacity),
        workspace_(Topology::template workspace<T, In>(capacity)) {
    check_topology<Topology, In>();
  }
  /// Scalars of the scratch memory to hand to forward() and backward().
  [[nodiscard]] static constexpr Index scratch(Index capacity) {
    return Topology::template scratch<T, In>(capacity);
  }

  [[nodiscard]] Index capacity() const noexcept { return capacity_; }
  [[nodiscard]] Input input() noexcept { return Input(input_.data()); }
  [[nodiscard]] Output output() noexcept { return Output(output_.data()); }
  /// What the last layer of a Sequential read in forward(): the features that a head turns into logits.
  [[nodiscard]] auto features() noexcept {
    return Topology::template last_edge<T, In>(workspace_.data(), capacity_);
  }
  /// The gradient of the loss with respect to the output, to be filled before backward().
  [[nodiscard]] OutputGradient output_gradient() noexcept { return OutputGradient(gradient_.data()); }

  /// output() = topology(input()) for the first pass.n images. `moments`: see State.
  template <class Net>
  void forward(const Pass& pass, Net& net, T* scratch_memory, double* moments = nullptr) {
    State<T> with_moments = state(net, nullptr, scratch_memory);
    with_moments.moments = moments;
    if (pass.n > 0)
      run_forward<Topology>(pass, FeatureMap<const T, In, Input::kHalo>(input()), output(), accumulator,
                            with_moments);
  }
  /// Adds the gradients of the parameters of the pass that forward() made.
  template <class Net>
  void backward(const Pass& pass, Net& net, T* gradients, T* scratch_memory) {
    if (pass.n > 0)
      run_backward<Topology>(pass, FeatureMap<const T, In, Input::kHalo>(input()),
                             FeatureMap<const T, kOutput, 0>(output()), output_gradient(), NoGradient{},
                             OpenGate{}, accumulator, state(net, gradients, scratch_memory));
  }
  /// As backward(), and writes the gradient of the input.
  template <class Net, class DX>
  void backward(const Pass& pass, Net& net, T* gradients, T* scratch_memory, DX dx) {
    if (pass.n > 0)
      run_backward<Topology>(pass, FeatureMap<const T, In, Input::kHalo>(input()),
                             FeatureMap<const T, kOutput, 0>(output()), output_gradient(), dx, OpenGate{},
                             accumulator, state(net, gradients, scratch_memory));
  }

 private:
  template <class Net>
  State<T> state(Net& net, T* gradients, T* scratch_memory) {
    return {net.parameters().data(), gradients, net.statistics().data(), workspace_.data(), scratch_memory};
  }

  Index capacity_;
  Buffer<T> input_, output_, gradient_, workspace_;
};

}  // namespace drnet::inline DRNET_ISA
