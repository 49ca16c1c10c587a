// A layer of one's own that forgot output(): the concept says so where it is put into a network.
// EXPECT: every part of a Sequential must satisfy the concept drnet::Layer
// EXPECT: Doubler
// EXPECT: L::output(in)
#include <drnet/layers/relu.hpp>
#include <drnet/layers/sequential.hpp>

using namespace drnet;

struct Doubler : PlainLayer {
  static constexpr std::string_view kName = "Doubler";
#ifndef DRNET_BAD
  static constexpr Shape output(Shape in) {
    return in;
  }
#endif
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, elements(x) + elements(x));
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X, Y, DY dy, DX dx, State<T>) {
    assign(pass, dx, elements(dy) + elements(dy));
  }
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T*, T*) {
    assign(pass, y, elements(x) + elements(x));
  }
};

static_assert(Sequential<ReLU, Doubler>::output(Shape{8, 4, 4}) == Shape{8, 4, 4});
int main() {}
