// Resolution-aware batch normalization (docs/method.md, selection step 3): one bank of gamma, beta, running
// mean and variance per candidate resolution; a pass reads and updates its own bank only.
//
//   xhat = (x - mean) / sqrt(var + eps),  y = gamma xhat + beta
//
//   dbeta = sum dy,  dgamma = sum dy xhat
//
//   dx = gamma / sqrt(var + eps) (dy - dbeta / m - xhat dgamma / m)
//
// with mean and var of the batch's m values per channel; with the running ones dx is its first term alone.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/kernels/normalization.hpp>
#include <drnet/layers/layer.hpp>

#include <cmath>

namespace drnet::inline DRNET_ISA {

/// Named options of batch norm; momentum in PyTorch's sense: running = (1 - momentum) * running + momentum *
/// batch.
struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;
};

template <BatchNormOptions O>
struct BatchNormWith : PlainLayer {
  static constexpr std::string_view kName = "BatchNorm";
  static constexpr bool kFuses = true;
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index parameters(Shape in, int banks) { return Index{2} * in.channels * banks; }
  static constexpr Index statistics(Shape in, int banks) { return Index{2} * in.channels * banks; }

  /// With one bank the names are PyTorch's ("bn1.weight"), with several they carry it ("bn1.bn_0.weight").
  static void visit(Shape in, int banks, const std::string& prefix, TensorList& list) {
    for (int j = 0; j < banks; ++j) {
      const std::string bank =
          banks == 1 ? prefix : joined_name(prefix, std::string("bn_").append(std::to_string(j)));
      const int index = banks == 1 ? -1 : j;
      list.add(joined_name(bank, "weight"), {in.channels}, Role::bn_weight, index);
      list.add(joined_name(bank, "bias"), {in.channels}, Role::bn_bias, index);
      list.add(joined_name(bank, "running_mean"), {in.channels}, Role::running_mean, index);
      list.add(joined_name(bank, "running_var"), {in.channels}, Role::running_var, index, O.eps);
    }
  }

  // ---- training; what depends on the shape's channels alone is compiled once for all shapes

  template <class T>
  static constexpr Index padded(Shape in) {
    return round_up(in.channels, kLanes<T>);
  }
  template <class T, Shape In>
  static constexpr Index workspace(Index) {
    return 5 * padded<T>(In);
  }

  template <class T, class X, class Y, Expression E>
  static void forward(const Pass& pass, X x, Y y, const E& epilogue, State<T> s) {
    choose_moments<T>(pass, X::kShape, x, s);
    const Coefficients<T> k(s.workspace, X::kShape);
    assign(pass, y,
           substitute(epilogue, multiply_add(elements(x) - per_channel(k.mean), per_channel(k.scale),
                                             per_channel(k.shift))));
  }

  template <class T, class X, class Y, class DY, class DX, class Gate, Expression E>
  static void backward(const Pass& pass, X x, Y y, DY dy, DX dx, const Gate& gate, const E& epilogue,
                       State<T> s) {
    sum_gradients<T>(pass, X::kShape, x, y, dy, gate, s);
    const Coefficients<T> k(s.workspace, X::kShape);
    if constexpr (!std::same_as<DX, NoGradient>)
      assign(pass, dx,
             substitute(epilogue, multiply_add(elements(dy), per_channel(k.scale),
                                               multiply_add(elements(x) - per_channel(k.mean),
                                                            per_channel(k.slope), per_channel(k.shift)))));
  }

  // ---- inference: y = scale * x + shift, folded into the convolution before it

  template <class T>
  static constexpr Index prepared(Shape in, int banks) {
    return 2 * padded<T>(in) * banks;
  }
  template <class T>
  static void prepare(Shape in, int banks, const T* parameters, const T* statistics, T* to) {
    const Index P = padded<T>(in);
    for (int j = 0; j < banks; ++j) {
      const T *const gamma = parameters + j * 2 * in.channels, *const beta = gamma + in.channels;
      const T *const mean = statistics + j * 2 * in.channels, *const var = mean + in.channels;
      T *const scale = to + j * 2 * P, *const shift = scale + P;
      std::fill_n(scale, 2 * P, T(0));
      for (int c = 0; c < in.channels; ++c) {
        const double k = static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(var[c]) + O.eps);
        scale[c] = static_cast<T>(k);
        shift[c] = static_cast<T>(static_cast<double>(beta[c]) - k * static_cast<double>(mean[c]));
      }
    }
  }
  template <Shape In, Expression E, class T>
  static auto fold(E e, const Pass& pass, const T* prepared) {
    const T* const scale = prepared + pass.bank * 2 * padded<T>(In);
    return multiply_add(e, per_channel(scale), per_channel(scale + padded<T>(In)));
  }

 private:
  /// The workspace, five padded arrays:
  ///   y = scale (x - mean) + shift,  dx = scale dy + slope (x - mean) + shift of the backward pass.
  template <class T>
  struct Coefficients {
    T *mean, *inv_std, *scale, *shift, *slope;
    Coefficients(T* workspace, Shape in)
        : mean(workspace),
          inv_std(mean + padded<T>(in)),
          scale(inv_std + padded<T>(in)),
          shift(scale + padded<T>(in)),
          slope(shift + padded<T>(in)) {}
  };

  /// The moments to normalize with, from the batch or the bank, and the coefficients of the forward pass.
  template <class T>
  static void choose_moments(const Pass& pass, Shape in, Planes<const T> x, State<T> s) {
    const Coefficients<T> k(s.workspace, in);
    const T *const gamma = s.parameters + pass.bank * 2 * in.channels, *const beta = gamma + in.channels;
    T *const running_mean = s.statistics + pass.bank * 2 * in.channels, *const running_var =
                                                                            running_mean + in.channels;
    const bool from_batch = pass.statistics == Statistics::batch;
    if (from_batch || s.moments != nullptr) {
      const ChannelSums moments = batch_moments<T>(pass, in, x);
      if (s.moments != nullptr) merge(pass, in.channels, moments, s.moments + pass.bank * 2 * in.channels);
      if (from_batch)
        normalize_with(moments, pass.n * in.pixels(), running_mean, running_var, k.mean, k.inv_std,
                       in.channels);
    }
    if (!from_batch)
      for (int c = 0; c < in.channels; ++c) {
        k.mean[c] = running_mean[c];
        k.inv_std[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(running_var[c]) + O.eps));
      }
    for (int c = 0; c < in.channels; ++c) {
      k.scale[c] = gamma[c] * k.inv_std[c];
      k.shift[c] = beta[c];
    }
  }

  /// dy = gate(y, dy), dgamma, dbeta, and the coefficients of dx.
  template <class T, class Gate>
  static void sum_gradients(const Pass& pass, Shape in, Planes<const T> x, Planes<const T> y, Planes<T> dy,
                            const Gate& gate, State<T> s) {
    constexpr int B = kLanes<T>;
    const Coefficients<T> k(s.workspace, in);
    ChannelSums sums;  // of dy and of dy * (x - mean)
    channel_sums<T>(pass.policy, pass.n, in, sums, [&](Index n, int block, int r, auto& sum, auto& product) {
      const auto center = simd::load<T>(k.mean + block * B);
      const T* const from = x.row(n, block, r);
      const T* const value = y.row(n, block, r);
      T* const d = dy.row(n, block, r);
      for (int i = 0; i < in.width * B; i += B) {
        auto g = simd::load<T>(d + i);
        if constexpr (!Gate::kOpen) {
          g = gate(simd::load<T>(value + i), g);
          simd::store<T>(d + i, g);
        }
        sum = simd::add(sum, g);
        product = simd::fma(g, simd::sub(simd::load<T>(from + i), center), product);
      }
    });
    T *const dgamma = s.gradients + pass.bank * 2 * in.channels, *const dbeta = dgamma + in.channels;
    const double m = static_cast<double>(pass.n * in.pixels());
    const bool through_statistics = pass.statistics == Statistics::batch;
    for (int c = 0; c < in.channels; ++c) {
      const double is = static_cast<double>(k.inv_std[c]),
                   dot = sums.second[static_cast<std::size_t>(c)] * is;
      const double sum = sums.first[static_cast<std::size_t>(c)];
      dgamma[c] += static_cast<T>(dot);
      dbeta[c] += static_cast<T>(sum);
      k.slope[c] =
          through_statistics ? static_cast<T>(-static_cast<double>(k.scale[c]) * is * dot / m) : T(0);
      k.shift[c] = through_statistics ? static_cast<T>(-static_cast<double>(k.scale[c]) * sum / m) : T(0);
    }
  }

  /// Mean and variance of each channel over the batch, in double.
  template <class T>
  static ChannelSums batch_moments(const Pass& pass, Shape in, Planes<const T> x) {
    constexpr int B = kLanes<T>;
    const Index m = pass.n * in.pixels();
    if (pass.statistics == Statistics::batch && m <= 1)
      throw Error("batch norm of " + to_string(in) + " in bank " + std::to_string(pass.bank) + ", training",
                  "more than one value per channel", std::to_string(m));
    ChannelSums sums;  // of x - s and (x - s)^2, s = the first pixel: no cancellation where the mean is large
    channel_sums<T>(pass.policy, pass.n, in, sums, [&](Index n, int block, int r, auto& sum, auto& square) {
      const auto shift = simd::load<T>(x.row(0, block, 0));
      const T* const from = x.row(n, block, r);
      for (int i = 0; i < in.width * B; i += B) {
        const auto d = simd::sub(simd::load<T>(from + i), shift);
        sum = simd::add(sum, d);
        square = simd::fma(d, d, square);
      }
    });
    for (int c = 0; c < in.channels; ++c) {
      double &first = sums.first[static_cast<std::size_t>(c)],
             &second = sums.second[static_cast<std::size_t>(c)];
      const double offset = first / static_cast<double>(m);
      first = static_cast<double>(x.row(0, c / B, 0)[c % B]) + offset;
      second = std::max(0.0, second / static_cast<double>(m) - offset * offset);
    }
    return sums;
  }
  /// The batch normalizes itself, and the running mean and variance move towards its own (the variance
  /// unbiased, as in PyTorch).
  template <class T>
  static void normalize_with(const ChannelSums& moments, Index m, T* running_mean, T* running_var, T* mean,
                             T* inv_std, int channels) {
    const double k = O.momentum, count = static_cast<double>(m);
    for (int c = 0; c < channels; ++c) {
      const double batch_mean = moments.first[static_cast<std::size_t>(c)],
                   var = moments.second[static_cast<std::size_t>(c)];
      mean[c] = static_cast<T>(batch_mean);
      inv_std[c] = static_cast<T>(1 / std::sqrt(var + O.eps));
      running_mean[c] = static_cast<T>((1 - k) * static_cast<double>(running_mean[c]) + k * batch_mean);
      running_var[c] =
          static_cast<T>((1 - k) * static_cast<double>(running_var[c]) + k * var * count / (count - 1));
    }
  }
  /// Joins the batch's moments with those of pass.merged images before it (Chan et al., 1979): means, then
  /// variances.
  static void merge(const Pass& pass, int channels, const ChannelSums& moments, double* to) {
    const double before = static_cast<double>(pass.merged), now = static_cast<double>(pass.n),
                 share = now / (before + now);
    for (int c = 0; c < channels; ++c) {
      double &mean = to[c], &var = to[channels + c];
      const double step = moments.first[static_cast<std::size_t>(c)] - mean;
      var += share * (moments.second[static_cast<std::size_t>(c)] - var + (1 - share) * step * step);
      mean += share * step;
    }
  }
};

using BatchNorm = BatchNormWith<BatchNormOptions{}>;

}  // namespace drnet::inline DRNET_ISA
