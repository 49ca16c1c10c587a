// The contract that every layer satisfies. A layer is a type without state: parameters, running statistics
// and activations live in arrays outside, and the layer knows, at compile time, how many scalars of each it
// owns.
//
// For a layer L and an input of shape `in` (constant expressions):
//   L::kName                             what it is called in messages and summaries
//   L::fault(in)                         Fault{} if the layer can read `in`
//   L::output(in)                        shape of the result
//   L::macs(in)                          exact multiply-adds of one image
//   L::parameters(in, banks)             trained scalars;  L::statistics(in, banks): running statistics
//   L::visit(in, banks, prefix, v)       names the tensors, in the order of the arrays
//   L::input_halo(in)                    zero border that forward() wants around x
//   L::gradient_halo(in)                 zero border that backward() wants around dy
//   L::workspace<T, In>(capacity)        scalars kept from forward() to backward() for batches up to capacity
//   L::scratch<T, In>(capacity)          scalars that a single call needs for itself
//   L::draws(in)                         random numbers that one image takes in training (dropout)
//
// Training:   forward(pass, x, y, state)                      y = layer(x)
//             backward(pass, x, y, dy, dx, state)             dx = gradient, gradients of parameters added
// Inference:  prepare(in, banks, parameters, statistics, to)  pack weights, fold batch norms
//             infer(pass, x, y, prepared, arena)              y = layer(x)
//
// dx may be NoGradient: the first layer of a network needs none. A layer that says kFuses = true takes
// expressions too, so that element-wise neighbours cost no pass over memory:
//             forward(pass, x, y, epilogue, state)                  y  = epilogue(layer(x))
//             backward(pass, x, y, dy, dx, gate, epilogue, state)   dy = gate(y, dy), then dx =
//             epilogue(gradient) infer(pass, x, y, epilogue, prepared, arena)
// where `gate` is the derivative of the activation that forward's epilogue ended with, computed from the
// result y.
#pragma once

#include <drnet/core/parallel.hpp>
#include <drnet/core/random.hpp>
#include <drnet/layers/fault.hpp>
#include <drnet/tensor/expression.hpp>

#include <array>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Which statistics a training-mode batch norm normalizes with: those of the batch, or the running ones
/// (frozen).
enum class Statistics { batch, running };

/// The random numbers of a training pass, e.g. of dropout: a function of (seed, epoch, sample, draw), so they
/// depend neither on the batch that an image is in nor on the thread that draws.
struct PassNoise {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::span<const std::uint32_t> samples{};  ///< number of each image of the pass in its data set

  /// The numbers of image i of the pass.
  [[nodiscard]] Random of(Index i) const {
    return {seed, Purpose::dropout, epoch, samples[static_cast<std::size_t>(i)]};
  }
};

/// What one pass over a batch has in common for all layers.
struct Pass {
  const ExecutionPolicy& policy;
  Index n;         ///< images in this batch
  Index capacity;  ///< images that the workspace was planned for
  int bank = 0;    ///< batch-norm bank that normalizes and is updated
  int banks = 1;
  Statistics statistics = Statistics::batch;
  Index merged = 0;                  ///< images whose moments State::moments has already
  const PassNoise* noise = nullptr;  ///< null: dropout lets everything pass, as at inference
};

/// The part of the network's arrays that belongs to one layer.
template <class T>
struct State {
  const T* parameters = nullptr;
  T* gradients = nullptr;   ///< same layout as parameters; backward() adds to it
  T* statistics = nullptr;  ///< running mean and variance
  T* workspace = nullptr;   ///< activations kept for the backward pass
  T* scratch = nullptr;     ///< shared by all layers, one at a time
  /// Laid out as `statistics`: a batch norm merges mean and variance of what it reads into them. Null: nobody
  /// wants to know.
  double* moments = nullptr;
  std::uint32_t draw = 0;  ///< of an image's random numbers, the first that is this layer's
};

/// Roles of a network's tensors: they decide initialization, weight decay and where a tensor is stored.
enum class Role { weight, bias, bn_weight, bn_bias, running_mean, running_var };

/// One tensor as a network names it.
struct TensorSpec {
  std::string name;        ///< state-dict name, e.g. "layer1.0.bn1.bn_2.weight"
  std::vector<int> shape;  ///< PyTorch's shape
  Role role;
  Index offset;  ///< in the parameter array, or in the statistics array for running_*
  Index size;
  int bank = -1;   ///< batch-norm bank that the tensor belongs to; -1: all, or there is one
  double eps = 0;  ///< of a running_var: what is added before the square root
  [[nodiscard]] bool trained() const { return role != Role::running_mean && role != Role::running_var; }
};

/// Collects TensorInfos; layers call add() in the order of their arrays.
class TensorList {
 public:
  void add(std::string name, std::vector<int> shape, Role role, int bank = -1, double eps = 0) {
    Index size = 1;
    for (const int extent : shape) size *= extent;
    Index& offset = role == Role::running_mean || role == Role::running_var ? statistics_ : parameters_;
    tensors_.push_back({std::move(name), std::move(shape), role, offset, size, bank, eps});
    offset += size;
  }
  [[nodiscard]] const std::vector<TensorSpec>& tensors() const { return tensors_; }

 private:
  std::vector<TensorSpec> tensors_;
  Index parameters_ = 0, statistics_ = 0;
};

[[nodiscard]] inline std::string joined_name(const std::string& prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : name.empty() ? prefix : prefix + "." + std::string(name);
}

/// Stands for dx where no gradient of the input is wanted.
struct NoGradient {};

/// The gate of a layer that no activation follows: dy stays as it is.
struct OpenGate {
  static constexpr bool kOpen = true;
  template <class P>
  [[gnu::always_inline]] P operator()(const P&, const P& dy) const {
    return dy;
  }
};

/// out = e over a whole batch; `accumulator` in e is the old value of out.
template <class T, Expression E>
void assign(const Pass& pass, Planes<T> out, Shape shape, const E& e) {
  for_planes(pass.policy, pass.n, ceil_div(shape.channels, kLanes<T>), shape.pixels() * kLanes<T>,
             [&](Index i, int b) { assign_plane<T>(out, shape, i, b, e); });
}
template <class T, Shape S, int Halo, Expression E>
void assign(const Pass& pass, FeatureMap<T, S, Halo> out, const E& e) {
  assign<T>(pass, out, S, e);
}

/// Writes zeros to the halo of a whole batch: for memory that held another tensor before.
template <class T, Shape S, int Halo>
void zero_halo(const Pass& pass, FeatureMap<T, S, Halo> map) {
  using Map = FeatureMap<T, S, Halo>;
  if constexpr (Halo > 0)
    for_planes(pass.policy, pass.n, Map::kBlocks, Index{4} * Halo * (S.height + S.width) * kLanes<T>,
               [&](Index n, int b) { zero_plane_halo(map, n, b); });
}

/// dy = gate(y, dy) over a whole batch.
template <class Gate, class Y, class DY>
void apply_gate(const Pass& pass, const Gate& gate, Y y, DY dy) {
  if constexpr (!Gate::kOpen) assign(pass, dy, map(gate, elements(y), accumulator));
}

template <class E>
inline constexpr bool is_plain = std::same_as<std::remove_cvref_t<E>, Accumulator>;

namespace detail {
/// The arguments of a concept's requirements: any shape does, as no body is instantiated.
inline constexpr Shape kSample{8, 4, 4};
using SampleInput = FeatureMap<const float, kSample, 1>;
using SampleOutput = FeatureMap<float, kSample, 1>;
}  // namespace detail

/// What describes a layer.
template <class L>
concept Described = requires(Shape in, TensorList list, std::string prefix) {
  { L::kName } -> std::convertible_to<std::string_view>;
  { L::fault(in) } -> std::same_as<Fault>;
  { L::output(in) } -> std::same_as<Shape>;
  { L::macs(in) } -> std::same_as<Index>;
  { L::parameters(in, 1) } -> std::same_as<Index>;
  { L::statistics(in, 1) } -> std::same_as<Index>;
  { L::input_halo(in) } -> std::same_as<int>;
  { L::gradient_halo(in) } -> std::same_as<int>;
  { L::draws(in) } -> std::same_as<Index>;
  L::visit(in, 1, prefix, list);
  { L::template workspace<float, detail::kSample>(1) } -> std::same_as<Index>;
  { L::template scratch<float, detail::kSample>(1) } -> std::same_as<Index>;
  { L::template prepared<float>(in, 1) } -> std::same_as<Index>;
  { L::template arena<float, detail::kSample>(1, 1) } -> std::same_as<Index>;
};

/// A layer that trains, with an epilogue where it fuses.
template <class L>
concept Trainable = (L::kFuses &&
                     requires(const Pass& pass, detail::SampleInput x, detail::SampleOutput y,
                              State<float> state) {
                       L::forward(pass, x, y, accumulator, state);
                       L::backward(pass, x, x, y, y, OpenGate{}, accumulator, state);
                     }) ||
                    (!L::kFuses && requires(const Pass& pass, detail::SampleInput x, detail::SampleOutput y,
                                            State<float> state) {
                      L::forward(pass, x, y, state);
                      L::backward(pass, x, x, y, y, state);
                    });

/// An element-wise layer at inference, whatever it does in training: fold(e, pass, prepared) is its
/// expression.
template <class L>
concept Foldable = requires(const Pass& pass, const float* prepared) {
  L::template fold<detail::kSample>(accumulator, pass, prepared);
};

/// A layer that infers, with an epilogue where it fuses, or as an expression.
template <class L>
concept Inferable = requires(Shape in, const float* from, float* to) {
  L::prepare(in, 1, from, from, to);
}
&&(Foldable<L> ||
   (L::kFuses &&
    requires(const Pass& pass, detail::SampleInput x, detail::SampleOutput y, const float* prepared,
             float* arena) { L::infer(pass, x, y, accumulator, prepared, arena); }) ||
   (!L::kFuses && requires(const Pass& pass, detail::SampleInput x, detail::SampleOutput y,
                           const float* prepared, float* arena) { L::infer(pass, x, y, prepared, arena); }));

/// What every layer has; checked where a network is put together.
template <class L>
concept Layer = Described<L> && Trainable<L> && Inferable<L>;

/// A layer that is an element-wise function: it is fused into the layer before it. apply(e) is the
/// expression, gate() the derivative, computed from the result.
template <class L>
concept Activation = Layer<L> && requires {
  L::apply(accumulator);
  L::gate();
};

/// The defaults of a layer without parameters, padding or memory.
struct PlainLayer {
  static constexpr bool kFuses = false;
  static constexpr Fault fault(Shape) { return {}; }
  static constexpr Index macs(Shape) { return 0; }
  static constexpr Index parameters(Shape, int) { return 0; }
  static constexpr Index statistics(Shape, int) { return 0; }
  static constexpr int input_halo(Shape) { return 0; }
  static constexpr int gradient_halo(Shape) { return 0; }
  static constexpr Index draws(Shape) { return 0; }
  static void visit(Shape, int, const std::string&, TensorList&) {}
  template <class T, Shape In>
  static constexpr Index workspace(Index) {
    return 0;
  }
  template <class T, Shape In>
  static constexpr Index scratch(Index) {
    return 0;
  }
  /// Scalars of the arrays that a Session prepares (packed weights, folded batch norms).
  template <class T>
  static constexpr Index prepared(Shape, int) {
    return 0;
  }
  template <class T>
  static void prepare(Shape, int, const T*, const T*, T*) {}
  /// Scalars of temporary memory that infer() needs for batches up to capacity on so many threads.
  template <class T, Shape In>
  static constexpr Index arena(Index, int) {
    return 0;
  }
};

/// y = epilogue(layer(x)), by fusion where the layer can.
template <class L, class T, class X, class Y, Expression E>
void run_forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> state) {
  if constexpr (L::kFuses)
    L::forward(pass, x, y, epilogue, state);
  else {
    static_assert(is_plain<E>, "only a layer that fuses takes an epilogue in training");
    L::forward(pass, x, y, state);
  }
}

/// dy = gate(y, dy); dx = epilogue(gradient), through a temporary tensor where the layer does not fuse.
template <class L, class T, class X, class Y, class DY, class DX, class Gate, Expression E>
void run_backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                  State<T> state) {
  if constexpr (L::kFuses)
    L::backward(pass, x, y, dy, dx, gate, epilogue, state);
  else {
    apply_gate(pass, gate, y, dy);
    if constexpr (is_plain<E> || std::same_as<DX, NoGradient>)
      L::backward(pass, x, y, dy, dx, state);
    else if constexpr (requires { L::kFusesInputGradient; })
      L::backward(pass, x, y, dy, dx, OpenGate{}, epilogue, state);
    else {
      FeatureTensor<T, DX::kShape, DX::kHalo> gradient(pass.n);
      L::backward(pass, x, y, dy, gradient.view(), state);
      assign(pass, dx, substitute(epilogue, elements(gradient.view())));
    }
  }
}

/// An input at inference whose images are made when a layer wants them: from(i) is the source of image i and
/// those behind it, fetch(n) makes n images and returns their feature map, which is good until the next
/// fetch().
template <class X>
concept Source = requires(X x, Index n) {
  x.fetch(n);
  { x.from(n) } -> std::same_as<X>;
  { X::kShape } -> std::convertible_to<Shape>;
};
/// Whether infer() reads sources (kReadsSources = true) and so may fetch a few images at a time.
template <class L>
inline constexpr bool reads_sources = requires {
  requires L::kReadsSources;
};
/// The most images that infer() for batches up to `capacity` fetches at a time.
template <class L, class T, Shape In>
constexpr Index source_images(Index capacity) {
  if constexpr (reads_sources<L>)
    return L::template source_images<T, In>(capacity);
  else
    return capacity;
}

/// y = epilogue(layer(x)) at inference; an element-wise layer with nothing before it to fold into is one
/// pass.
template <class L, class T, class X, class Y, Expression E>
void run_infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T* arena) {
  if constexpr (Source<X> && !reads_sources<L>)
    run_infer<L>(pass, x.fetch(pass.n), y, epilogue, prepared, arena);
  else if constexpr (Foldable<L>)
    assign(pass, y, substitute(epilogue, L::template fold<X::kShape>(elements(x), pass, prepared)));
  else if constexpr (L::kFuses)
    L::infer(pass, x, y, epilogue, prepared, arena);
  else {
    L::infer(pass, x, y, prepared, arena);
    if constexpr (!is_plain<E>) assign(pass, y, epilogue);
  }
}

/// Gives a layer the name that its tensors carry in the state dict, e.g. Named<"conv1", Conv2d<...>>.
template <std::size_t N>
struct FixedString {
  char text[N]{};
  constexpr FixedString(const char (&from)[N]) {  // NOLINT: implicit on purpose
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};
template <FixedString Field, class L>
struct Named : L {
  static constexpr std::string_view kField = Field.view();
};

}  // namespace drnet::inline DRNET_ISA
