// Every convolution shape of ResNet-50 at one resolution: GFLOP/s on one thread, the share of the core's FMA
// peak, and the same loops with run-time extents; where Winograd can do it, its time and both errors; then
// the two gradients, of one image and of a batch. One translation unit per resolution.
#pragma once

#include <random_values.hpp>
#include <runtime_convolution.hpp>
#include <timing.hpp>

#include <drnet/kernels/convolution.hpp>
#include <drnet/kernels/weight_gradient.hpp>
#include <drnet/kernels/winograd.hpp>

#include <cmath>
#include <cstdio>

namespace benchmark_support {

/// Winograd F(M x M, 3 x 3) beside the direct convolution: time, and the largest errors of both relative to
/// the largest magnitude, against the direct convolution in double.
template <int M, drnet::Shape In, int Out>
void compare_winograd(const char* name) {
  using namespace drnet;
  constexpr Window w{3, 1, 1};
  constexpr Shape out = w.output(In, Out);
  constexpr ConvChannels channels{.out = Out, .in = In.channels};
  const Buffer<float> pixels = random_values(In.size(), 1),
                      weights = random_values(channels.weights() * 9, 2);
  const std::vector<double> exact_weights(weights.span().begin(), weights.span().end());
  FeatureTensor<float, In, 1> x(1);
  FeatureTensor<double, In, 1> exact_x(1);
  from_planar(pixels.data(), x.view(), 1);
  from_planar(pixels.data(), exact_x.view(), 1);
  FeatureTensor<float, out, 0> direct(1), winograd(1);
  FeatureTensor<double, out, 0> exact(1);
  Buffer<float> packed(packed_size<float>(channels, 9)), transformed(winograd_size<float, M>(channels));
  Buffer<double> exact_packed(packed_size<double>(channels, 9));
  Buffer<float> scratch(kWinogradScratch<float, M, In, Out>);
  const Serial serial;
  pack_weights(serial, weights.data(), channels, 3, packed.data());
  pack_weights(serial, exact_weights.data(), channels, 3, exact_packed.data());
  pack_winograd<M>(serial, weights.data(), channels, transformed.data());
  convolution_forward<w>(serial, 1, std::as_const(exact_x).view(), std::as_const(exact_packed).data(),
                         exact.view(), accumulator);
  const auto t =
      medians({[&] {
                 convolution_forward<w>(serial, 1, std::as_const(x).view(), std::as_const(packed).data(),
                                        direct.view(), accumulator);
               },
               [&] {
                 winograd_forward<M>(serial, 1, std::as_const(x).view(), std::as_const(transformed).data(),
                                     winograd.view(), accumulator, scratch.data());
               }});
  std::vector<float> a(static_cast<std::size_t>(out.size())), b(a.size());
  std::vector<double> c(a.size());
  to_planar(direct.view(), a.data(), 1);
  to_planar(winograd.view(), b.data(), 1);
  to_planar(exact.view(), c.data(), 1);
  double largest = 0, direct_error = 0, winograd_error = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    largest = std::max(largest, std::abs(c[i]));
    direct_error = std::max(direct_error, std::abs(static_cast<double>(a[i]) - c[i]));
    winograd_error = std::max(winograd_error, std::abs(static_cast<double>(b[i]) - c[i]));
  }
  std::printf(
      "%-26s %4d x %3d^2 -> %4d x %3d^2  Winograd F(%d x %d)%s: %4.2f of the direct time; errors %.1e, "
      "direct %.1e\n",
      name, In.channels, In.height, Out, out.height, M, M,
      winograd_tile(In.height, In.width, channels) == M ? ", chosen" : "", t[1] / t[0],
      winograd_error / largest, direct_error / largest);
  std::fflush(stdout);
}

template <drnet::Window W, drnet::Shape In, int Out>
void time_convolution(const char* name) {
  using namespace drnet;
  constexpr Shape out = W.output(In, Out);
  FeatureTensor<float, In, W.padding> x(1);
  FeatureTensor<float, out, 0> y(1), runtime_y(1);
  const Buffer<float> packed =
      random_values(packed_size<float>({.out = Out, .in = In.channels}, W.kernel * W.kernel), 1);
  from_planar(random_values(In.size(), 2).data(), x.view(), 1);
  const Serial serial;
  const auto input = std::as_const(x).view();
  using X = FeatureMap<const float, In, W.padding>;
  using Y = FeatureMap<float, out, 0>;
  const RuntimeConvolution shape{In.channels,   Y::kBlocks,      out.height,    out.width,      W.kernel,
                                 X::kRowStride, X::kPlaneStride, Y::kRowStride, Y::kPlaneStride};
  double peak_operations = 0;
  const auto t = medians(
      {[&] { convolution_forward<W>(serial, 1, input, packed.data(), y.view(), accumulator); },
       [&] {
         RuntimeKernels<W.stride>::run(shape, input.row(0, 0, -W.padding) - Index{W.padding} * kLanes<float>,
                                       packed.data(), runtime_y.view().data());
       },
       [&] { peak_operations = peak_run(); }});
  const double operations = 2.0 * static_cast<double>(out.size()) * In.channels * W.kernel * W.kernel / 1e9;
  const double peak = peak_operations / t[2] / 1e9;
  constexpr TileShape tile = choose_tile(out.height, out.width, Y::kBlocks);
  std::printf(
      "%-26s %4d x %3d^2 -> %4d x %3d^2  tile %d rows, %2d x %d  %5.0f GFLOP/s %4.0f %% of peak   run-time "
      "extents %5.0f (%4.2fx)\n",
      name, In.channels, In.height, Out, out.height, tile.rows, tile.pixels, tile.vectors, operations / t[0],
      100 * operations / t[0] / peak, operations / t[1], t[1] / t[0]);
  std::fflush(stdout);
}

/// Both gradients of one image (out of cache, for the batch has passed before it) and of a batch.
template <drnet::Window W, drnet::Shape In, int Out>
void time_gradients(const char* name) {
  using namespace drnet;
  constexpr Index batch = 16;
  constexpr Shape out = W.output(In, Out);
  constexpr int halo = std::max(gradient_halo(W, In.height), gradient_halo(W, In.width));
  constexpr int taps = W.kernel * W.kernel;
  FeatureTensor<float, In, W.padding> x(batch);
  FeatureTensor<float, In, 0> dx(batch);
  FeatureTensor<float, out, halo> dy(batch);
  Buffer<float> weights(Index{Out} * In.channels * taps), gradient(weights.size());
  Buffer<float> packed(turned_size<float>({.out = Out, .in = In.channels}, W));
  Buffer<float> scratch(kWeightGradientPlan<float, W, In, Out>.scratch(batch));
  const Serial serial;
  const auto input = std::as_const(x).view();
  const auto output_gradient = std::as_const(dy).view();
  double peak_operations = 0;
  const auto input_gradient = [&](Index n) {
    convolution_input_gradient<W>(serial, n, output_gradient, std::as_const(packed).data(), dx.view(),
                                  accumulator);
  };
  const auto weight_gradient = [&](Index n) {
    convolution_weight_gradient<W>(serial, n, input, output_gradient, gradient.data(), scratch.data());
  };
  const auto t =
      medians({[&] { input_gradient(1); }, [&] { weight_gradient(1); }, [&] { input_gradient(batch); },
               [&] { weight_gradient(batch); }, [&] { peak_operations = peak_run(); }});
  const double operations = 2.0 * static_cast<double>(out.size()) * In.channels * taps / 1e9;
  const double peak = peak_operations / t[4] / 1e9;
  const auto share = [&](double seconds, Index images) {
    return 100 * static_cast<double>(images) * operations / seconds / peak;
  };
  std::printf(
      "%-26s %4d x %3d^2 -> %4d x %3d^2  share of peak: input gradient %3.0f %%, weight gradient %3.0f %%; "
      "with %d "
      "images %3.0f %% and %3.0f %%\n",
      name, In.channels, In.height, Out, out.height, share(t[0], 1), share(t[1], 1), static_cast<int>(batch),
      share(t[2], batch), share(t[3], batch));
  std::fflush(stdout);
}

template <drnet::Window W, drnet::Shape In, int Out>
void time_all(const char* name) {
  time_convolution<W, In, Out>(name);
  if constexpr (W == drnet::Window{3, 1, 1}) {
    compare_winograd<2, In, Out>(name);
    compare_winograd<4, In, Out>(name);
  }
  time_gradients<W, In, Out>(name);
}

/// R = resolution of the image.
template <int R>
void time_resnet50() {
  using namespace drnet;
  constexpr auto half = [](int r) { return (r + 1) / 2; };
  constexpr int r2 = half(R), r4 = half(r2), r8 = half(r4), r16 = half(r8), r32 = half(r16);
  constexpr Window k1{1, 1, 0}, k1s2{1, 2, 0}, k3{3, 1, 1}, k3s2{3, 2, 1}, stem{7, 2, 3};
  std::printf("ResNet-50 at %d\n", R);
  time_all<stem, Shape{3, R, R}, 64>("conv1 7x7/2");
  time_all<k1, Shape{64, r4, r4}, 64>("layer1.0.conv1 1x1");
  time_all<k3, Shape{64, r4, r4}, 64>("layer1 conv2 3x3");
  time_all<k1, Shape{64, r4, r4}, 256>("layer1 conv3 1x1");
  time_all<k1, Shape{256, r4, r4}, 64>("layer1 conv1 1x1");
  time_all<k1, Shape{256, r4, r4}, 128>("layer2.0.conv1 1x1");
  time_all<k3s2, Shape{128, r4, r4}, 128>("layer2.0.conv2 3x3/2");
  time_all<k1s2, Shape{256, r4, r4}, 512>("layer2.0.downsample 1x1/2");
  time_all<k1, Shape{128, r8, r8}, 512>("layer2 conv3 1x1");
  time_all<k1, Shape{512, r8, r8}, 128>("layer2 conv1 1x1");
  time_all<k3, Shape{128, r8, r8}, 128>("layer2 conv2 3x3");
  time_all<k1, Shape{512, r8, r8}, 256>("layer3.0.conv1 1x1");
  time_all<k3s2, Shape{256, r8, r8}, 256>("layer3.0.conv2 3x3/2");
  time_all<k1s2, Shape{512, r8, r8}, 1024>("layer3.0.downsample 1x1/2");
  time_all<k1, Shape{256, r16, r16}, 1024>("layer3 conv3 1x1");
  time_all<k1, Shape{1024, r16, r16}, 256>("layer3 conv1 1x1");
  time_all<k3, Shape{256, r16, r16}, 256>("layer3 conv2 3x3");
  time_all<k1, Shape{1024, r16, r16}, 512>("layer4.0.conv1 1x1");
  time_all<k3s2, Shape{512, r16, r16}, 512>("layer4.0.conv2 3x3/2");
  time_all<k1s2, Shape{1024, r16, r16}, 2048>("layer4.0.downsample 1x1/2");
  time_all<k1, Shape{512, r32, r32}, 2048>("layer4 conv3 1x1");
  time_all<k1, Shape{2048, r32, r32}, 512>("layer4 conv1 1x1");
  time_all<k3, Shape{512, r32, r32}, 512>("layer4 conv2 3x3");
}

}  // namespace benchmark_support
