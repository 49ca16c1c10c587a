// Forward convolution, input gradient and weight gradient against naive loops in double, for the extents that
// the tiles treat differently: multiples of the tile, joined rows, leftovers, single pixels, odd strides.
#pragma once

#include <kernels/oracle.hpp>
#include <support/catch.hpp>

#include <drnet/core/random.hpp>
#include <drnet/kernels/convolution.hpp>
#include <drnet/kernels/depthwise.hpp>
#include <drnet/kernels/weight_gradient.hpp>

#include <cmath>

namespace convolution_check {

using namespace drnet;

template <class T>
std::vector<T> random_values(std::size_t count, std::uint32_t what) {
  const Random random(7, Purpose::check, 0, what);
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = random.uniform<T>(static_cast<std::uint32_t>(i), T(-1), T(1));
  return values;
}

/// Largest difference over the largest magnitude expected.
template <class T>
double error(const std::vector<T>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  double worst = 0, scale = 1e-30;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(actual[i]) - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return worst / scale;
}

template <class T, Window W, Shape In, int OutChannels, int Groups = 1>
void check_convolution(Index n = 2) {
  constexpr Shape out = W.output(In, OutChannels);
  constexpr int halo_x = W.padding,
                halo_y = std::max(gradient_halo(W, In.height), gradient_halo(W, In.width));
  constexpr ConvChannels channels{.out = OutChannels, .in = In.channels, .groups = Groups};
  INFO("input " << to_string(In) << ", output " << to_string(out) << ", kernel " << W.kernel << ", stride "
                << W.stride << ", padding " << W.padding << ", groups " << Groups);
  const auto size = [n](Shape s) { return static_cast<std::size_t>(n * s.size()); };
  const std::size_t weights = static_cast<std::size_t>(channels.weights() * W.kernel * W.kernel);
  const auto x = random_values<T>(size(In), 1), w = random_values<T>(weights, 2),
             dy = random_values<T>(size(out), 3);

  std::vector<double> want_y(size(out)), want_dx(size(In)), want_dw(weights);
  oracle::for_each_product(n, In, OutChannels, W, Groups, [&](std::size_t o, std::size_t i, std::size_t k) {
    want_y[o] += double(x[i]) * double(w[k]);
    want_dx[i] += double(dy[o]) * double(w[k]);
    want_dw[k] += double(dy[o]) * double(x[i]);
  });

  FeatureTensor<T, In, halo_x> tx(n), tdx(n);
  FeatureTensor<T, out, halo_y> ty(n), tdy(n);
  from_planar(x.data(), tx.view(), n);
  from_planar(dy.data(), tdy.view(), n);
  const auto cx = std::as_const(tx).view();
  const auto cdy = std::as_const(tdy).view();
  Buffer<T> packed(packed_size<T>(channels, W.kernel * W.kernel) + turned_size<T>(channels, W));
  std::vector<T> y(size(out)), dx(size(In)), dw(weights, T(1));
  const Serial serial;
  if constexpr (Groups == In.channels && Groups == OutChannels) {
    pack_depthwise(w.data(), In.channels, W.kernel, packed.data());
    depthwise_forward<W>(serial, n, cx, packed.data(), ty.view(), accumulator);
    depthwise_input_gradient<W>(serial, n, cdy, packed.data(), tdx.view(), accumulator);
    depthwise_weight_gradient<W>(serial, n, cx, cdy, dw.data());
  } else {
    pack_weights(serial, w.data(), channels, W.kernel, packed.data());
    convolution_forward<W, Groups>(serial, n, cx, packed.data(), ty.view(), accumulator);
    pack_input_gradient<W, In>(serial, w.data(), channels, packed.data());
    convolution_input_gradient<W, Groups>(serial, n, cdy, packed.data(), tdx.view(), accumulator);
    Buffer<T> scratch(kWeightGradientPlan<T, W, In, OutChannels, Groups>.scratch(n));
    convolution_weight_gradient<W, Groups>(serial, n, cx, cdy, dw.data(), scratch.data());
  }
  to_planar(ty.view(), y.data(), n);
  to_planar(tdx.view(), dx.data(), n);
  for (double& value : want_dw) value += 1;  // the weight gradient is added to what was there

  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-13;
  CHECK(error(y, want_y) < tolerance);
  CHECK(error(dx, want_dx) < tolerance);
  CHECK(error(dw, want_dw) < tolerance);
}

}  // namespace convolution_check
