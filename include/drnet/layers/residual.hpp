// y = branch(x) + shortcut(x) (He et al., 2016). The sum is the epilogue of the branch's last layer, so it
// costs no pass of its own; in the backward pass the two gradients of x meet in the epilogue of the branch's
// first layer.
#pragma once

#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/sequential.hpp>

namespace drnet::inline DRNET_ISA {

/// y = x.
struct Identity : PlainLayer {
  static constexpr std::string_view kName = "Identity";
  static constexpr bool identity(Shape) { return true; }
  static constexpr Shape output(Shape in) { return in; }

  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass&, const T*) {
    return e;
  }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, elements(x));
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>) assign(pass, dx, elements(dy));
  }
};

/// Named options of the option-A shortcut.
struct OptionAOptions {
  int out = 0;
  int stride = 1;
};

/// Option A of He et al.: every stride-th pixel, zeros for the new channels, half of them on each side; no
/// parameters.
template <OptionAOptions O>
struct OptionA : PlainLayer {
  static constexpr std::string_view kName = "OptionA";
  static constexpr bool kFuses = true;
  static constexpr bool identity(Shape in) { return O.stride == 1 && O.out == in.channels; }
  static constexpr Fault fault(Shape in) {
    if (O.out < 1 || O.stride < 1)
      return {.reason = Reason::bad_options, .got = {O.out, O.stride, O.stride}, .layer = "OptionA"};
    if (O.out < in.channels)
      return {.reason = Reason::shortcut_drops_channels,
              .expected = in,
              .got = {O.out, in.height, in.width},
              .layer = "OptionA"};
    return {};
  }
  static constexpr Shape output(Shape in) {
    return {O.out, ceil_div(in.height, O.stride), ceil_div(in.width, O.stride)};
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T>) {
    constexpr int B = kLanes<T>, first = (O.out - X::kShape.channels) / 2;
    pass.policy.for_parts(pass.n, [&](Index n, int) {
      for (int b = 0; b < Y::kBlocks; ++b)
        for (int r = 0; r < Y::kShape.height; ++r) {
          const auto bound = epilogue.row(n, b, r);
          for (int i = 0; i < Y::kShape.width; ++i) {
            alignas(64) T lanes[B] = {};
            for (int lane = 0; lane < B; ++lane)
              if (const int c = b * B + lane - first; c >= 0 && c < X::kShape.channels)
                lanes[lane] = x.at(n, c, r * O.stride, i * O.stride);
            simd::store<T>(y.row(n, b, r) + Index{i} * B, bound(simd::load<T>(lanes), i));
          }
        }
    });
  }
  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T>) {
    constexpr int B = kLanes<T>, first = (O.out - X::kShape.channels) / 2;
    apply_gate(pass, gate, y, dy);
    if constexpr (!std::same_as<DX, NoGradient>)
      pass.policy.for_parts(pass.n, [&](Index n, int) {
        for (int b = 0; b < DX::kBlocks; ++b)
          for (int r = 0; r < DX::kShape.height; ++r) {
            const auto bound = epilogue.row(n, b, r);
            for (int i = 0; i < DX::kShape.width; ++i) {
              alignas(64) T lanes[B] = {};
              if (r % O.stride == 0 && i % O.stride == 0)
                for (int lane = 0; lane < B && b * B + lane < DX::kShape.channels; ++lane)
                  lanes[lane] = dy.at(n, b * B + lane + first, r / O.stride, i / O.stride);
              simd::store<T>(dx.row(n, b, r) + Index{i} * B, bound(simd::load<T>(lanes), i));
            }
          }
      });
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T*, T*) {
    forward(pass, x, y, epilogue, State<T>{});
  }
};

/// 1 x 1 convolution and batch norm where the shapes differ, the identity where they do not (torchvision's
/// rule).
template <int Out, int Stride>
struct Projection : Sequential<Conv2d<ConvOptions{.out = Out, .kernel = 1, .stride = Stride}>, BatchNorm> {
  using Base = Sequential<Conv2d<ConvOptions{.out = Out, .kernel = 1, .stride = Stride}>, BatchNorm>;
  static constexpr std::string_view kName = "Projection";
  static constexpr bool identity(Shape in) { return Stride == 1 && in.channels == Out; }
  static constexpr Index macs(Shape in) { return identity(in) ? 0 : Base::macs(in); }
  static constexpr Index parameters(Shape in, int banks) {
    return identity(in) ? 0 : Base::parameters(in, banks);
  }
  static constexpr Index statistics(Shape in, int banks) {
    return identity(in) ? 0 : Base::statistics(in, banks);
  }
  static void visit(Shape in, int banks, const std::string& prefix, TensorList& list) {
    if (!identity(in)) Base::visit(in, banks, prefix, list);
  }
  template <class T>
  static constexpr Index prepared(Shape in, int banks) {
    return identity(in) ? 0 : Base::template prepared<T>(in, banks);
  }
  template <class T>
  static void prepare(Shape in, int banks, const T* parameters, const T* statistics_of, T* to) {
    if (!identity(in)) Base::prepare(in, banks, parameters, statistics_of, to);
  }
};

/// branch(x) + shortcut(x); both must have one shape.
template <class Branch, class Shortcut = Identity>
struct Residual : PlainLayer {
  static_assert(Layer<Branch>, "the branch of a Residual must satisfy the concept drnet::Layer");
  static_assert(Layer<Shortcut>, "the shortcut of a Residual must satisfy the concept drnet::Layer");
  static constexpr std::string_view kName = "Residual";
  static constexpr bool kFuses = true;

  static constexpr bool identity(Shape in) {
    if constexpr (requires { Shortcut::identity(in); })
      return Shortcut::identity(in);
    else
      return false;
  }
  static constexpr Fault fault(Shape in) {
    Fault f = Branch::fault(in);
    if (f.ok() && !identity(in)) f = Shortcut::fault(in);
    if (f.ok()) {
      const Shape branch = Branch::output(in), shortcut = identity(in) ? in : Shortcut::output(in);
      if (branch != shortcut)
        return {.reason = Reason::residual_shapes_differ,
                .expected = shortcut,
                .got = branch,
                .layer = "Residual"};
    }
    return f;
  }
  static constexpr Shape output(Shape in) { return Branch::output(in); }
  static constexpr Index macs(Shape in) { return Branch::macs(in) + Shortcut::macs(in); }
  static constexpr Index parameters(Shape in, int banks) {
    return Branch::parameters(in, banks) + Shortcut::parameters(in, banks);
  }
  static constexpr Index statistics(Shape in, int banks) {
    return Branch::statistics(in, banks) + Shortcut::statistics(in, banks);
  }
  static constexpr Index draws(Shape in) {
    return Branch::draws(in) + (identity(in) ? 0 : Shortcut::draws(in));
  }
  /// The branch's tensors carry no name of their own ("layer1.0.conv1.weight"), the shortcut's do
  /// ("downsample").
  static void visit(Shape in, int banks, const std::string& prefix, TensorList& list) {
    Branch::visit(in, banks, prefix, list);
    Shortcut::visit(in, banks, joined_name(prefix, "downsample"), list);
  }
  static constexpr int input_halo(Shape in) {
    return identity(in) ? Branch::input_halo(in) : std::max(Branch::input_halo(in), Shortcut::input_halo(in));
  }
  static constexpr int gradient_halo(Shape in) {
    return identity(in) ? Branch::gradient_halo(in)
                        : std::max(Branch::gradient_halo(in), Shortcut::gradient_halo(in));
  }

  // ---- training. The workspace: branch, shortcut, the shortcut's values, and, for a branch that cannot fuse
  // the sum, its values and their gradient.

  template <class T, Shape In>
  using Value = FeatureMap<T, output(In), 0>;
  template <class T, Shape In>
  using BranchGradient = FeatureMap<T, output(In), Branch::gradient_halo(In)>;

  template <class T, Shape In>
  static constexpr std::array<Index, 5> offsets(Index capacity) {
    const Index branch = round_up(Branch::template workspace<T, In>(capacity), 64);
    Index shortcut = 0, values = 0;
    if constexpr (!identity(In)) {
      shortcut = round_up(Shortcut::template workspace<T, In>(capacity), 64);
      values = round_up(Value<T, In>::kImageStride * capacity, 64);
    }
    const Index own = Branch::kFuses ? 0 : round_up(Value<T, In>::kImageStride * capacity, 64);
    const Index gradient = Branch::kFuses ? 0 : round_up(BranchGradient<T, In>::kImageStride * capacity, 64);
    return {branch, branch + shortcut, branch + shortcut + values, branch + shortcut + values + own,
            branch + shortcut + values + own + gradient};
  }
  template <class T, Shape In>
  static constexpr Index workspace(Index capacity) {
    return offsets<T, In>(capacity)[4];
  }
  template <class T, Shape In>
  static constexpr Index scratch(Index capacity) {
    if constexpr (identity(In))
      return Branch::template scratch<T, In>(capacity);
    else
      return std::max(Branch::template scratch<T, In>(capacity), Shortcut::template scratch<T, In>(capacity));
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> s) {
    constexpr Shape In = X::kShape;
    const auto at = offsets<T, In>(pass.capacity);
    const auto add_to_branch = [&](auto shortcut) {
      const auto sum = substitute(epilogue, accumulator + elements(shortcut));
      if constexpr (Branch::kFuses) {
        run_forward<Branch>(pass, x, y, sum, s);
      } else {
        const Value<T, In> own(s.workspace + at[2]);
        run_forward<Branch>(pass, x, own, accumulator, s);
        assign(pass, y, substitute(sum, elements(own)));
      }
    };
    if constexpr (identity(In)) {
      add_to_branch(x);
    } else {
      const Value<T, In> shortcut(s.workspace + at[1]);
      run_forward<Shortcut>(pass, x, shortcut, accumulator, shortcut_state<In>(pass, s));
      add_to_branch(shortcut);
    }
  }

  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T> s) {
    constexpr Shape In = X::kShape;
    constexpr bool wanted = !std::same_as<DX, NoGradient>;
    using Result = FeatureMap<const T, output(In), 0>;  // named out here: inside the lambda g++ 12 crashes
    const auto at = offsets<T, In>(pass.capacity);
    const auto through_branch = [&](const auto& dx_epilogue) {
      if constexpr (Branch::kFuses) {
        run_backward<Branch>(pass, x, y, dy, dx, gate, dx_epilogue, s);
      } else {
        const Result own(s.workspace + at[2]);
        const BranchGradient<T, In> gradient(s.workspace + at[3]);
        apply_gate(pass, gate, y, dy);
        assign(pass, gradient, elements(dy));
        run_backward<Branch>(pass, x, own, gradient, dx, OpenGate{}, dx_epilogue, s);
      }
    };
    if constexpr (identity(In)) {
      through_branch(substitute(epilogue, accumulator + elements(dy)));
    } else {
      const Result shortcut(s.workspace + at[1]);
      through_branch(accumulator);
      const State<T> state = shortcut_state<In>(pass, s);
      if constexpr (wanted)
        run_backward<Shortcut>(pass, x, shortcut, dy, dx, OpenGate{},
                               substitute(epilogue, accumulator + elements(dx)), state);
      else
        run_backward<Shortcut>(pass, x, shortcut, dy, dx, OpenGate{}, accumulator, state);
    }
  }

  // ---- inference

  template <class T>
  static constexpr Index prepared(Shape in, int banks) {
    return round_up(Branch::template prepared<T>(in, banks), 16) + Shortcut::template prepared<T>(in, banks);
  }
  template <class T>
  static void prepare(Shape in, int banks, const T* parameters, const T* statistics, T* to) {
    Branch::prepare(in, banks, parameters, statistics, to);
    Shortcut::prepare(in, banks, parameters + Branch::parameters(in, banks),
                      statistics + Branch::statistics(in, banks),
                      to + round_up(Branch::template prepared<T>(in, banks), 16));
  }
  template <class T, Shape In>
  static constexpr Index arena(Index capacity, int threads) {
    const Index branch = Branch::template arena<T, In>(capacity, threads);
    if constexpr (identity(In))
      return branch;
    else
      return round_up(Value<T, In>::kImageStride * capacity, 64) +
             std::max(branch, Shortcut::template arena<T, In>(capacity, threads));
  }
  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T* arena) {
    constexpr Shape In = X::kShape;
    if constexpr (identity(In)) {
      run_infer<Branch>(pass, x, y, substitute(epilogue, accumulator + elements(x)), prepared, arena);
    } else {
      const Value<T, In> shortcut(arena);
      T* const inner = arena + round_up(Value<T, In>::kImageStride * pass.capacity, 64);
      const T* const weights = prepared + round_up(Branch::template prepared<T>(In, pass.banks), 16);
      run_infer<Shortcut>(pass, x, shortcut, accumulator, weights, inner);
      run_infer<Branch>(pass, x, y, substitute(epilogue, accumulator + elements(shortcut)), prepared, inner);
    }
  }

 private:
  template <Shape In, class T>
  static State<T> shortcut_state(const Pass& pass, State<T> s) {
    return {.parameters = s.parameters + Branch::parameters(In, pass.banks),
            .gradients = s.gradients == nullptr ? nullptr : s.gradients + Branch::parameters(In, pass.banks),
            .statistics = s.statistics + Branch::statistics(In, pass.banks),
            .workspace = s.workspace + offsets<T, In>(pass.capacity)[0],
            .scratch = s.scratch,
            .moments = s.moments == nullptr ? nullptr : s.moments + Branch::statistics(In, pass.banks),
            .draw = s.draw + static_cast<std::uint32_t>(Branch::draws(In))};
  }
};

/// Which shortcut a block takes where its shapes differ.
enum class Shortcut { projection, option_a };

/// Named options of residual blocks.
struct BlockOptions {
  int stride = 1;
  Shortcut shortcut = Shortcut::projection;
  int groups = 1;       ///< of a bottleneck's 3 x 3 (ResNeXt's cardinality)
  int base_width = 64;  ///< channels of a group of the 3 x 3 in the first stage: 4 in ResNeXt 32 x 4d

  /// Channels of a bottleneck's 3 x 3 in a stage of `width` channels.
  [[nodiscard]] constexpr int inner(int width) const { return width * base_width / 64 * groups; }
};

namespace detail {
template <int Out, BlockOptions O>
using ShortcutOf = std::conditional_t<O.shortcut == Shortcut::projection, Projection<Out, O.stride>,
                                      OptionA<OptionAOptions{.out = Out, .stride = O.stride}>>;
}

/// relu(x' + BN(conv3x3(relu(BN(conv3x3(x)))))), the block of ResNet-18/34 and of the CIFAR ResNets.
template <int Out, BlockOptions O = BlockOptions{}>
struct BasicBlock
    : Sequential<
          Named<"", Residual<Sequential<Named<"conv1", Conv2d<ConvOptions{
                                                           .out = Out, .kernel = 3, .stride = O.stride}>>,
                                        Named<"bn1", BatchNorm>, ReLU,
                                        Named<"conv2", Conv2d<ConvOptions{.out = Out, .kernel = 3}>>,
                                        Named<"bn2", BatchNorm>>,
                             detail::ShortcutOf<Out, O>>>,
          ReLU> {
  static constexpr std::string_view kName = "BasicBlock";
};

/// The bottleneck of ResNet-50/101/152 and ResNeXt: 1 x 1 to the inner width, 3 x 3 (which carries the
/// stride, as in torchvision, and the groups), 1 x 1 to 4 Width.
template <int Width, BlockOptions O = BlockOptions{}>
struct Bottleneck
    : Sequential<
          Named<"",
                Residual<Sequential<Named<"conv1", Conv2d<ConvOptions{.out = O.inner(Width), .kernel = 1}>>,
                                    Named<"bn1", BatchNorm>, ReLU,
                                    Named<"conv2", Conv2d<ConvOptions{.out = O.inner(Width),
                                                                      .kernel = 3,
                                                                      .stride = O.stride,
                                                                      .groups = O.groups}>>,
                                    Named<"bn2", BatchNorm>, ReLU,
                                    Named<"conv3", Conv2d<ConvOptions{.out = 4 * Width, .kernel = 1}>>,
                                    Named<"bn3", BatchNorm>>,
                         detail::ShortcutOf<4 * Width, O>>>,
          ReLU> {
  static constexpr std::string_view kName = "Bottleneck";
};

}  // namespace drnet::inline DRNET_ISA
