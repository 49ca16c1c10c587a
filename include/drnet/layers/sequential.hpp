// Layers in a row. The children are folded with index sequences; what lies between two of them is an edge: a
// tensor of values in the workspace and, while the backward pass is there, one of gradients in the scratch
// memory. Repeat<N, L> is N copies of L, compiled once because all copies share their types. An activation is
// fused into the child before it, and at inference so are batch norms:
//
//   training    x ─ Conv2d ─ edge 0 ─ BatchNorm+ReLU ─ edge 1 ─ ...
//   inference   x ─ Conv2d+BatchNorm+ReLU ─ link 0 ─ ...
//
// At inference, layers with large tensors take few images at a time, so that what one has written is still in
// the cache when the next one reads it; layers with small tensors and large weights take many. Each step has
// the one before it work, a few images at a time, until its input is complete (four images, at most 1, 2, 4):
//
//   step 0    1   2       3   4            time ─▶
//   step 1          1,2         3,4
//   step 2                           1,2,3,4
#pragma once

#include <drnet/layers/layer.hpp>

#include <bit>
#include <limits>
#include <tuple>

namespace drnet::inline DRNET_ISA {

/// What a step reads and writes at a time, at inference, so that the next one finds it in the cache.
inline constexpr Index kCachedBytes = Index{4} << 20;

/// N copies of a layer, as children of the surrounding Sequential.
template <int N, class L>
struct Repeat {
  static_assert(N >= 0, "Repeat needs a count that is not negative");
};

namespace detail {
template <class L>
struct Flatten {
  using Type = std::tuple<L>;
};
template <int N, class L>
struct Flatten<Repeat<N, L>> {
  template <int... I>
  static std::tuple<std::conditional_t<I >= 0, L, L>...> copies(std::integer_sequence<int, I...>);
  using Type = decltype(copies(std::make_integer_sequence<int, N>{}));
};
template <class... Ls>
using FlattenAll = decltype(std::tuple_cat(std::declval<typename Flatten<Ls>::Type>()...));

/// Field name of child I: its own, if it has one, else its index.
template <class L>
std::string field_name(int index) {
  if constexpr (requires { L::kField; })
    return std::string(L::kField);
  else
    return std::to_string(index);
}
}  // namespace detail

template <class Children>
struct Stack;

template <class... Ls>
struct Stack<std::tuple<Ls...>> : PlainLayer {
  static_assert(sizeof...(Ls) > 0, "a Sequential needs at least one layer");
  static_assert((Described<Ls> && ...), "every part of a Sequential must satisfy the concept drnet::Layer");
  static_assert((Trainable<Ls> && ...), "a part of a Sequential has no forward() or no backward()");
  static_assert((Inferable<Ls> && ...), "a part of a Sequential has no infer()");
  static constexpr std::string_view kName = "Sequential";
  static constexpr int kCount = sizeof...(Ls);
  template <int I>
  using Child = std::tuple_element_t<static_cast<std::size_t>(I), std::tuple<Ls...>>;
  using Last = Child<kCount - 1>;
  static constexpr bool kFuses = Last::kFuses && !Activation<Last>;
  /// The gradient of the input takes an epilogue even where an activation ends the row.
  static constexpr bool kFusesInputGradient = true;

  // ---- shapes and counts

  static constexpr Fault fault(Shape in) {
    Fault f;
    int position = 0;
    const auto check = [&]<class L>() {
      if (!f.ok()) return;
      f = L::fault(in);
      if (f.ok())
        in = L::output(in);
      else if (f.position < 0)
        f.position = position;
      ++position;
    };
    (check.template operator()<Ls>(), ...);
    return f;
  }
  /// Calls f.operator()<L>(index, input shape of L) for the first `count` children; the shape after them.
  template <class F>
  static constexpr Shape walk(Shape in, int count, F&& f) {
    int index = 0;
    const auto step = [&]<class L>() {
      if (index >= count) return;
      f.template operator()<L>(index++, in);
      in = L::output(in);
    };
    (step.template operator()<Ls>(), ...);
    return in;
  }
  static constexpr Shape shape_before(Shape in, int child) {
    return walk(in, child, []<class L>(int, Shape) {});
  }
  static constexpr Shape output(Shape in) { return shape_before(in, kCount); }
  static constexpr Index macs(Shape in) {
    Index sum = 0;
    walk(in, kCount, [&]<class L>(int, Shape s) { sum += L::macs(s); });
    return sum;
  }
  static constexpr Index parameters_before(Shape in, int banks, int child) {
    Index sum = 0;
    walk(in, child, [&]<class L>(int, Shape s) { sum += L::parameters(s, banks); });
    return sum;
  }
  static constexpr Index statistics_before(Shape in, int banks, int child) {
    Index sum = 0;
    walk(in, child, [&]<class L>(int, Shape s) { sum += L::statistics(s, banks); });
    return sum;
  }
  static constexpr Index draws_before(Shape in, int child) {
    Index sum = 0;
    walk(in, child, [&]<class L>(int, Shape s) { sum += L::draws(s); });
    return sum;
  }
  static constexpr Index draws(Shape in) { return draws_before(in, kCount); }
  static constexpr Index parameters(Shape in, int banks) { return parameters_before(in, banks, kCount); }
  static constexpr Index statistics(Shape in, int banks) { return statistics_before(in, banks, kCount); }
  static void visit(Shape in, int banks, const std::string& prefix, TensorList& list) {
    walk(in, kCount, [&]<class L>(int index, Shape s) {
      L::visit(s, banks, joined_name(prefix, detail::field_name<L>(index)), list);
    });
  }

  // ---- training: groups of a child and the activation fused into it

  template <int I>
  static constexpr bool fused() {
    if constexpr (I > 0)
      return Activation<Child<I>> && Child<I - 1>::kFuses;
    else
      return false;
  }
  static constexpr std::array<bool, kCount> kFused = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<bool, kCount>{fused<I>()...};
  }
  (std::make_integer_sequence<int, kCount>{});
  /// Children that start a group, i.e. that are not fused into the one before.
  static constexpr int start_of(const std::array<bool, kCount>& fused_children, int group) {
    for (int i = 0;; ++i)
      if (!fused_children[static_cast<std::size_t>(i)] && group-- == 0) return i;
  }
  static constexpr int count_groups(const std::array<bool, kCount>& fused_children) {
    int count = 0;
    for (const bool f : fused_children) count += !f;
    return count;
  }
  static constexpr int kGroups = count_groups(kFused);
  template <int G>
  using GroupChild = Child<start_of(kFused, G)>;

  static constexpr int input_halo(Shape in) { return Child<0>::input_halo(in); }
  static constexpr int gradient_halo(Shape in) {
    constexpr int last = start_of(kFused, kGroups - 1);
    return Child<last>::gradient_halo(shape_before(in, last));
  }

  /// Edge G lies between groups G and G + 1. Its values stay in the workspace; its gradient is wanted by the
  /// two groups alone, so the gradients of all edges take turns in two pieces of the scratch memory.
  template <class T, Shape In, int G>
  struct Edge {
    static constexpr int from = start_of(kFused, G), to = start_of(kFused, G + 1);
    static constexpr Shape shape = shape_before(In, to);
    using Value = FeatureMap<T, shape, Child<to>::input_halo(shape)>;
    using Gradient = FeatureMap<T, shape, Child<from>::gradient_halo(shape_before(In, from))>;
  };
  template <class T, Shape In>
  static constexpr Index child_workspace(Index capacity, int children) {
    Index sum = 0;
    unroll<kCount>([&](auto i) {
      if (i < children) sum += round_up(Child<i>::template workspace<T, shape_before(In, i)>(capacity), 64);
    });
    return sum;
  }
  template <class T, Shape In>
  static constexpr Index edges_before(Index capacity, int edge) {
    Index sum = child_workspace<T, In>(capacity, kCount);
    unroll<kGroups - 1>([&](auto g) {
      if (g < edge) sum += round_up(Edge<T, In, g>::Value::kImageStride * capacity, 64);
    });
    return sum;
  }
  template <class T, Shape In>
  static constexpr Index workspace(Index capacity) {
    return edges_before<T, In>(capacity, kGroups - 1);
  }
  /// What the last group reads, as forward() left it in the workspace.
  template <class T, Shape In>
  static auto last_edge(T* workspace, Index capacity) {
    static_assert(kGroups > 1, "there is no edge before the only layer");
    return typename Edge<T, In, kGroups - 2>::Value(workspace + edges_before<T, In>(capacity, kGroups - 2));
  }
  /// Scalars of one of the two pieces.
  template <class T, Shape In>
  static constexpr Index gradient_size(Index capacity) {
    Index most = 0;
    unroll<kGroups - 1>([&](auto g) { most = std::max(most, Edge<T, In, g>::Gradient::kImageStride); });
    return round_up(most * capacity, 64);
  }
  template <class T, Shape In>
  static constexpr Index gradients_size(Index capacity) {
    return std::min(kGroups - 1, 2) * gradient_size<T, In>(capacity);
  }
  template <class T, Shape In>
  static constexpr Index scratch(Index capacity) {
    Index most = 0;
    unroll<kCount>(
        [&](auto i) { most = std::max(most, Child<i>::template scratch<T, shape_before(In, i)>(capacity)); });
    return gradients_size<T, In>(capacity) + most;
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> s) {
    unroll<kGroups>([&](auto g) {
      using L = GroupChild<g>;
      const auto in = group_input<T, g>(pass, x, s);
      const auto out = group_output<g>(pass, x, y, s);
      const State<T> state = child_state<X::kShape, start_of(kFused, g)>(pass, s);
      with_activation<g>([&](auto activation) {
        if constexpr (g == kGroups - 1)
          run_forward<L>(pass, in, out, substitute(epilogue, activation), state);
        else
          run_forward<L>(pass, in, out, activation, state);
      });
    });
  }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T> s) {
    forward(pass, x, y, accumulator, s);
  }

  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T> s) {
    unroll<kGroups>([&](auto reversed) {
      constexpr int g = kGroups - 1 - reversed;
      using L = GroupChild<g>;
      const auto in = group_input<T, g>(pass, x, s);
      const auto out = as_const(group_output<g>(pass, x, y, s));
      const auto dout = group_gradient<g>(pass, x, dy, s);
      const State<T> state = child_state<X::kShape, start_of(kFused, g)>(pass, s);
      with_gate<g>(gate, [&](const auto& group_gate) {
        if constexpr (g == 0)
          run_backward<L>(pass, in, out, dout, dx, group_gate, epilogue, state);
        else {
          const auto din = group_gradient<g - 1>(pass, x, dy, s);
          zero_halo(pass, din);
          run_backward<L>(pass, in, out, dout, din, group_gate, accumulator, state);
        }
      });
    });
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, State<T> s) {
    backward(pass, x, y, dy, dx, OpenGate{}, accumulator, s);
  }

  // ---- inference: groups of a child and every element-wise layer behind it

  template <int I>
  static constexpr bool folded() {
    if constexpr (I > 0)
      return Foldable<Child<I>>;
    else
      return false;
  }
  static constexpr std::array<bool, kCount> kFolded = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<bool, kCount>{folded<I>()...};
  }
  (std::make_integer_sequence<int, kCount>{});
  static constexpr int kSteps = count_groups(kFolded);

  template <class T>
  static constexpr Index prepared_before(Shape in, int banks, int child) {
    Index sum = 0;
    walk(in, child, [&]<class L>(int, Shape s) { sum += round_up(L::template prepared<T>(s, banks), 16); });
    return sum;
  }
  template <class T>
  static constexpr Index prepared(Shape in, int banks) {
    return prepared_before<T>(in, banks, kCount);
  }
  template <class T>
  static void prepare(Shape in, int banks, const T* parameters, const T* statistics, T* to) {
    walk(in, kCount, [&]<class L>(int, Shape s) {
      L::prepare(s, banks, parameters, statistics, to);
      parameters += L::parameters(s, banks);
      statistics += L::statistics(s, banks);
      to += round_up(L::template prepared<T>(s, banks), 16);
    });
  }

  /// The tensor between inference steps K and K + 1.
  template <class T, Shape In, int K>
  struct Link {
    static constexpr int to = start_of(kFolded, K + 1);
    static constexpr Shape shape = shape_before(In, to);
    using Value = FeatureMap<T, shape, Child<to>::input_halo(shape)>;
  };
  static constexpr bool kReadsSources = true;
  /// Images of which a child at input `in` keeps input and output in the cache: a power of two, at most 64.
  /// Of a Sequential those that its last step wants, for it sees to the others.
  template <class T, class L>
  static constexpr Index cached_images(Shape in) {
    if constexpr (reads_sources<L>) {
      return L::template last_images<T>(in);
    } else {
      const Index bytes = (image_stride<T>(in, 0) + image_stride<T>(L::output(in), 0)) * Index{sizeof(T)};
      const Index images = std::clamp<Index>(kCachedBytes / bytes, 1, 64);
      return static_cast<Index>(std::bit_floor(static_cast<std::size_t>(images)));
    }
  }
  template <class T>
  static constexpr Index last_images(Shape in) {
    constexpr int last = start_of(kFolded, kSteps - 1);
    return cached_images<T, Child<last>>(shape_before(in, last));
  }
  /// What inference wants to know of a step: the most images that it takes at a time, and the scalars of its
  /// input of one image.
  struct Step {
    Index images = 0, input = 0;
  };
  /// Of all steps. None takes more images than those behind it, and the last one takes any number.
  template <class T>
  static constexpr std::array<Step, kSteps> steps(Shape shape) {
    std::array<Step, kSteps> all{};
    std::size_t k = 0;
    walk(shape, kCount, [&]<class L>(int child, Shape in) {
      if (!kFolded[static_cast<std::size_t>(child)])
        all[k++] = {cached_images<T, L>(in), image_stride<T>(in, L::input_halo(in))};
    });
    all.back().images = std::numeric_limits<Index>::max();
    for (k = kSteps - 1; k > 0; --k) all[k - 1].images = std::min(all[k - 1].images, all[k].images);
    return all;
  }
  template <class T, Shape In>
  static constexpr std::array<Step, kSteps> kStepsAt = steps<T>(In);
  /// Most images of a source (layer.hpp) that are asked for at a time.
  template <class T, Shape In>
  static constexpr Index source_images(Index capacity) {
    return drnet::source_images<Child<0>, T, In>(std::min(capacity, kStepsAt<T, In>[0].images));
  }
  /// Where each link begins in the arena at inference on `n` images, and, last, where the children's memory
  /// does. Links of equally many images take turns in two pieces.
  template <class T, Shape In>
  static constexpr std::array<Index, kSteps> link_offsets(Index n) {
    std::array<Index, kSteps> offset{};
    const auto images = [n](std::size_t link) { return std::min(n, kStepsAt<T, In>[link + 1].images); };
    for (std::size_t begin = 0, end = 0; begin + 1 < kSteps; begin = end) {
      Index most = 0;
      for (; end + 1 < kSteps && images(end) == images(begin); ++end)
        most = std::max(most, round_up(kStepsAt<T, In>[end + 1].input * images(end), 64));
      for (std::size_t k = begin; k < end; ++k) offset[k] = offset.back() + ((k - begin) % 2 == 0 ? 0 : most);
      offset.back() += (end - begin > 1 ? 2 : 1) * most;
    }
    return offset;
  }
  template <class T, Shape In>
  static constexpr Index arena(Index capacity, int threads) {
    Index links = link_offsets<T, In>(capacity).back(), most = 0;
    unroll<kSteps>([&](auto k) {
      constexpr int child = start_of(kFolded, k);
      const Index images = std::min(capacity, kStepsAt<T, In>[k].images);
      links = std::max(links, link_offsets<T, In>(images).back());  // fewer images may take more pieces
      most = std::max(most, Child<child>::template arena<T, shape_before(In, child)>(images, threads));
    });
    return links + most;
  }

  /// e with the element-wise children from I on folded into it.
  template <Shape In, int I, Expression E, class T>
  static auto fold_from(E e, const Pass& pass, const T* prepared) {
    if constexpr (I >= kCount)
      return e;
    else if constexpr (!kFolded[static_cast<std::size_t>(I)])
      return e;
    else
      return fold_from<In, I + 1>(Child<I>::template fold<shape_before(In, I)>(
                                      e, pass, prepared + prepared_before<T>(In, pass.banks, I)),
                                  pass, prepared);
  }

  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T* arena) {
    infer_step<kSteps - 1>(pass, x, y, epilogue, prepared, arena, link_offsets<T, X::kShape>(pass.n));
  }
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T* prepared, T* arena) {
    infer(pass, x, y, accumulator, prepared, arena);
  }

 private:
  /// y = epilogue(step K of pass.n images), once the steps before it have made its input of x. A function for
  /// each step, never one in the other: the compiler needs a tenth less time for a network.
  template <int K, class T, class X, class Y, Expression E>
  [[gnu::noinline]] static void infer_step(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared,
                                           T* arena, const std::array<Index, kSteps>& offsets) {
    constexpr Shape In = X::kShape;
    constexpr int child = start_of(kFolded, K);
    const auto in = [&] {
      if constexpr (K == 0) {
        return x;
      } else {
        const typename Link<T, In, K - 1>::Value link(arena + offsets[K - 1]);
        Pass part = pass;
        part.capacity = std::min(pass.capacity, kStepsAt<T, In>[K - 1].images);
        for (Index first = 0; first < pass.n; first += part.capacity) {
          part.n = std::min(part.capacity, pass.n - first);
          infer_step<K - 1>(part, x.from(first), link.from(first), accumulator, prepared, arena, offsets);
        }
        return as_const(link);
      }
    }();
    if constexpr (K < kSteps - 1) zero_halo(pass, y);  // not before: links take turns in their memory
    const T* const weights = prepared + prepared_before<T>(In, pass.banks, child);
    const auto folded_tail = fold_from<In, child + 1>(accumulator, pass, prepared);
    if constexpr (is_plain<E>)
      run_infer<Child<child>>(pass, in, y, folded_tail, weights, arena + offsets.back());
    else
      run_infer<Child<child>>(pass, in, y, substitute(epilogue, folded_tail), weights,
                              arena + offsets.back());
  }

  template <class T, Shape S, int H>
  static FeatureMap<const T, S, H> as_const(FeatureMap<T, S, H> map) {
    return map;
  }
  template <class T, Shape S, int H>
  static FeatureMap<const T, S, H> as_const(FeatureMap<const T, S, H> map) {
    return map;
  }

  template <Shape In, int I, class T>
  static State<T> child_state(const Pass& pass, State<T> s) {
    const Index parameters = parameters_before(In, pass.banks, I);
    return {.parameters = s.parameters + parameters,
            .gradients = s.gradients == nullptr ? nullptr : s.gradients + parameters,
            .statistics = s.statistics + statistics_before(In, pass.banks, I),
            .workspace = s.workspace + child_workspace<T, In>(pass.capacity, I),
            .scratch = s.scratch + gradients_size<T, In>(pass.capacity),
            .moments = s.moments == nullptr ? nullptr : s.moments + statistics_before(In, pass.banks, I),
            .draw = s.draw + static_cast<std::uint32_t>(draws_before(In, I))};
  }
  template <class T, int G, class X>
  static auto group_input(const Pass& pass, X x, State<T> s) {
    if constexpr (G == 0)
      return x;
    else
      return as_const(typename Edge<T, X::kShape, G - 1>::Value(
          s.workspace + edges_before<T, X::kShape>(pass.capacity, G - 1)));
  }
  template <int G, class T, class X, class Y>
  static auto group_output(const Pass& pass, X, Y y, State<T> s) {
    if constexpr (G == kGroups - 1)
      return y;
    else
      return
          typename Edge<T, X::kShape, G>::Value(s.workspace + edges_before<T, X::kShape>(pass.capacity, G));
  }
  template <int G, class T, class X, class DY>
  static auto group_gradient(const Pass& pass, X, DY dy, State<T> s) {
    if constexpr (G == kGroups - 1)
      return dy;
    else
      return typename Edge<T, X::kShape, G>::Gradient(s.scratch +
                                                      G % 2 * gradient_size<T, X::kShape>(pass.capacity));
  }
  /// Calls f with the expression, or the gate, of the activation fused into group G.
  template <int G, class F>
  static void with_activation(F&& f) {
    constexpr int next = start_of(kFused, G) + 1;
    if constexpr (next < kCount && next != start_after(G))
      f(Child<next>::apply(accumulator));
    else
      f(accumulator);
  }
  template <int G, class Gate, class F>
  static void with_gate(const Gate& outer, F&& f) {
    constexpr int next = start_of(kFused, G) + 1;
    if constexpr (next < kCount && next != start_after(G))
      f(Child<next>::gate());
    else if constexpr (G == kGroups - 1)
      f(outer);
    else
      f(OpenGate{});
  }
  static constexpr int start_after(int group) {
    return group + 1 < kGroups ? start_of(kFused, group + 1) : kCount;
  }
};

/// Layers applied one after the other.
template <class... Ls>
struct Sequential : Stack<detail::FlattenAll<Ls...>> {};

}  // namespace drnet::inline DRNET_ISA
