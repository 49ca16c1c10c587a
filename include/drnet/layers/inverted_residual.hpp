// Inverted residuals: a 1 x 1 convolution widens, a depthwise one filters, a 1 x 1 convolution narrows
// without an activation behind it; where shapes allow, the input is added. MobileNetV2's block (Sandler et
// al., 2018) and EfficientNet's MBConv (Tan and Le, 2019), which scales the filtered channels by squeeze and
// excite, with torchvision's names for their tensors.
//
//   x ─┬─ 1 x 1, act ─ depthwise k x k / stride, act ─ (squeeze and excite) ─ 1 x 1 ─ + ─ y
//      └────────────────── where stride = 1 and in = out ─────────────────────────────┘
#pragma once

#include <drnet/kernels/inverted_residual.hpp>
#include <drnet/layers/residual.hpp>
#include <drnet/layers/squeeze_excite.hpp>
#include <drnet/layers/stochastic_depth.hpp>

namespace drnet::inline DRNET_ISA {

/// Named options of inverted residuals.
struct InvertedResidualOptions {
  int in = 0, out = 0;  ///< channels
  int kernel = 3;       ///< of the depthwise convolution
  int stride = 1;
  int expand = 6;  ///< the depthwise convolution has in * expand channels; 1: no convolution before it
  DropOptions drop{.p = 0};  ///< stochastic depth of the branch (MBConv)

  [[nodiscard]] constexpr int wide() const { return in * expand; }
  [[nodiscard]] constexpr bool adds_input() const { return stride == 1 && in == out; }
};

namespace detail {
/// Convolution, batch norm, activation, as torchvision's Conv2dNormActivation names them: 0, 1.
template <ConvOptions O, class Act>
using ConvNormAct = Sequential<Conv2d<O>, BatchNorm, Act>;

template <InvertedResidualOptions O, class Act>
using Expansion =
    Repeat<(O.expand == 1 ? 0 : 1), ConvNormAct<ConvOptions{.out = O.wide(), .kernel = 1}, Act>>;
template <InvertedResidualOptions O, class Act>
using DepthwiseFilter =
    ConvNormAct<ConvOptions{.kernel = O.kernel, .stride = O.stride, .depthwise = true}, Act>;

/// Expansion and depthwise filter of an inverted residual, then `Ls`. At inference the widened map is made
/// and used up band by band (kernels/inverted_residual.hpp) where it is wide enough for tiles of single rows,
/// and with it the projection where `Ls` begin with it and its tiles are single rows, too.
template <InvertedResidualOptions O, class Act, class... Ls>
struct InvertedBranch : Sequential<Expansion<O, Act>, DepthwiseFilter<O, Act>, Ls...> {
  using Base = Sequential<Expansion<O, Act>, DepthwiseFilter<O, Act>, Ls...>;
  static constexpr bool kReadsSources = false;  // bands read feature maps
  using Widen = ConvNormAct<ConvOptions{.out = O.wide(), .kernel = 1}, Act>;
  using Filter = DepthwiseFilter<O, Act>;
  using Rest = Sequential<Ls...>;
  static constexpr Window kFilter =
      Conv2d<ConvOptions{.kernel = O.kernel, .stride = O.stride, .depthwise = true}>::kWindow;

  static constexpr Shape wide(Shape in) { return {O.wide(), in.height, in.width}; }
  static constexpr Shape filtered(Shape in) { return kFilter.output(wide(in), O.wide()); }
  template <class T>
  static constexpr bool banded(Shape in) {
    return O.expand > 1 && kLanes<T> > 1 && single_rows<T>(in, O.wide());
  }
  template <class T>
  static constexpr bool narrows_bands(Shape in) {
    return std::same_as<typename Rest::template Child<0>, Conv2d<ConvOptions{.out = O.out, .kernel = 1}>> &&
           single_rows<T>(filtered(in), O.out);
  }

  template <class T, Shape In>
  using Filtered = FeatureMap<T, filtered(In), Rest::input_halo(filtered(In))>;
  template <class T, Shape In>
  static constexpr Index arena(Index capacity, int threads) {
    if constexpr (!banded<T>(In))
      return Base::template arena<T, In>(capacity, threads);
    else {
      const Index bands = round_up(threads * kBandPlan<T, kFilter, wide(In)>.scratch(), 64);
      if constexpr (narrows_bands<T>(In))
        return bands;
      else
        return round_up(Filtered<T, In>::kImageStride * capacity, 64) +
               std::max(bands, Rest::template arena<T, filtered(In)>(capacity, threads));
    }
  }

  template <class T, class X, class Y, Expression E>
  static void infer(const Pass& pass, X x, Y y, const E& epilogue, const T* prepared, T* arena) {
    constexpr Shape In = X::kShape;
    if constexpr (!banded<T>(In))
      Base::infer(pass, x, y, epilogue, prepared, arena);
    else {
      const T* const filter = prepared + Base::template prepared_before<T>(In, pass.banks, 1);
      const T* const rest = prepared + Base::template prepared_before<T>(In, pass.banks, 2);
      const Pointwise widen{pointwise_plan<T, In, O.wide()>, prepared,
                            Widen::template fold_from<In, 1>(accumulator, pass, prepared)};
      const auto filter_epilogue = Filter::template fold_from<wide(In), 1>(accumulator, pass, filter);
      const auto bands = [&](T* memory, const auto& narrow) {
        convolve_bands<kFilter, drnet::detail::DepthwiseRuns<T, filtered(In).width>, T>(
            pass.policy, kBandPlan<T, kFilter, wide(In)>, pass.n, x, widen, filter, filter_epilogue, memory,
            narrow);
      };
      if constexpr (narrows_bands<T>(In)) {
        static_assert(Rest::kSteps == 1, "behind the projection only what is folded into it");
        const Pointwise project{
            pointwise_plan<T, filtered(In), O.out>, rest,
            substitute(epilogue, Rest::template fold_from<filtered(In), 1>(accumulator, pass, rest))};
        bands(arena, [&](Planes<T> band, Index i, int first, int last, const auto& filter_into) {
          filter_into(band);
          project.rows(Planes<const T>{band.origin, band.image_stride, band.plane_stride, band.row_stride}, y,
                       i, first, last);
        });
      } else {
        const Filtered<T, In> whole(arena);
        T* const inner = arena + round_up(Filtered<T, In>::kImageStride * pass.capacity, 64);
        bands(inner, [&](Planes<T>, Index, int, int, const auto& filter_into) { filter_into(whole); });
        Rest::infer(pass, FeatureMap<const T, filtered(In), Filtered<T, In>::kHalo>(whole), y, epilogue, rest,
                    inner);
      }
    }
  }

 private:
  template <class T, Shape In, int Out>
  static constexpr const SweepPlan<T>& pointwise_plan =
      kSweepPlan<T, forward_sweep(Window{}, In), In.channels, Out>;
  template <class T>
  static constexpr bool single_rows(Shape in, int out) {
    return in.width > 24 && choose_tile(in.height, in.width, ceil_div(out, kLanes<T>)).rows == 1;
  }
};

/// A branch, with the input added where shapes allow.
template <InvertedResidualOptions O, class Branch>
using MaybeResidual = std::conditional_t<O.adds_input(), Residual<Branch>, Branch>;
}  // namespace detail

/// The block of MobileNetV2; tensors "conv.*".
template <InvertedResidualOptions O>
struct InvertedResidual
    : Sequential<
          Named<"conv", detail::MaybeResidual<
                            O, detail::InvertedBranch<
                                   O, ReLU6, Conv2d<ConvOptions{.out = O.out, .kernel = 1}>, BatchNorm>>>> {
  static constexpr std::string_view kName = "InvertedResidual";
};

/// The block of EfficientNet; tensors "block.*".
template <InvertedResidualOptions O>
struct MBConv
    : Sequential<Named<
          "block", detail::MaybeResidual<
                       O, detail::InvertedBranch<
                              O, SiLU,
                              SqueezeExcite<SqueezeExciteOptions{.channels = O.wide(),
                                                                 .squeeze = std::max(1, O.in / 4)}>,
                              Sequential<Conv2d<ConvOptions{.out = O.out, .kernel = 1}>, BatchNorm>,
                              Repeat<(O.adds_input() && O.drop.p > 0 ? 1 : 0), StochasticDepth<O.drop>>>>>> {
  static constexpr std::string_view kName = "MBConv";
};

}  // namespace drnet::inline DRNET_ISA
