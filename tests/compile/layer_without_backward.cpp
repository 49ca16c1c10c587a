// A layer of one's own that cannot train: the concept names the part of it that is missing.
// EXPECT: a part of a Sequential has no forward() or no backward()
// EXPECT: Doubler
#include <drnet/layers/relu.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

struct Doubler : PlainLayer {
  static constexpr std::string_view kName = "Doubler";
  static constexpr Shape output(Shape in) { return in; }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, elements(x) + elements(x));
  }
#ifndef DRNET_BAD
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y, DY dy, DX dx, State<T>) {
    assign(pass, dx, elements(dy) + elements(dy));
  }
#endif
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T*, T*) {
    assign(pass, y, elements(x) + elements(x));
  }
};

static_assert(Sequential<ReLU, Doubler>::output(Shape{8, 4, 4}) == Shape{8, 4, 4});
int main() {}
