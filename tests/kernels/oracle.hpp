// Naive convolution on planar arrays, in double: what the kernels are proved against.
#pragma once

#include <drnet/kernels/window.hpp>

#include <cstdint>
#include <vector>

namespace oracle {

using drnet::Index;
using drnet::Shape;
using drnet::Window;

/// Calls f(output index, input index, weight index) for every multiply-add of a convolution of n images.
template <class F>
void for_each_product(Index n, Shape in, int out, Window w, int groups, F&& f) {
  const int oh = w.output(in.height), ow = w.output(in.width);
  const int seen = in.channels / groups, made = out / groups;  // channels of one group
  for (Index i = 0; i < n; ++i)
    for (int o = 0; o < out; ++o)
      for (int y = 0; y < oh; ++y)
        for (int x = 0; x < ow; ++x)
          for (int k = 0; k < seen; ++k)
            for (int kh = 0; kh < w.kernel; ++kh)
              for (int kw = 0; kw < w.kernel; ++kw) {
                const int iy = y * w.stride - w.padding + kh, ix = x * w.stride - w.padding + kw;
                if (iy < 0 || ix < 0 || iy >= in.height || ix >= in.width) continue;
                const int c = o / made * seen + k;
                f(static_cast<std::size_t>(((i * out + o) * oh + y) * ow + x),
                  static_cast<std::size_t>(((i * in.channels + c) * in.height + iy) * in.width + ix),
                  static_cast<std::size_t>(((Index{o} * seen + k) * w.kernel + kh) * w.kernel + kw));
              }
}

}  // namespace oracle
