// The gradient checker itself: what it accepts, what it refuses, and what it says.
#include <support/catch.hpp>

#include <drnet/layers/residual.hpp>
#include <drnet/training/gradient_check.hpp>

#include <algorithm>

namespace {

using namespace drnet;

/// What a user writes: y = a x + b with one a and b for all channels, by the contract without fusion. `Slip`
/// makes one mistake.
enum class Slip { none, wrong_dx, wrong_da, forgets_the_last_row, assigns, writes_halo };
template <Slip S>
struct Affine : PlainLayer {
  static constexpr std::string_view kName = "Affine";
  static constexpr Shape output(Shape in) { return in; }
  static constexpr Index parameters(Shape, int) { return 2; }
  static void visit(Shape, int, const std::string& prefix, TensorList& list) {
    list.add(joined_name(prefix, "a"), {1}, Role::weight);
    list.add(joined_name(prefix, "b"), {1}, Role::bias);
  }

  template <class F>
  static void for_each_element(Shape s, Index n, F&& f) {
    for (Index i = 0; i < n; ++i)
      for (int c = 0; c < s.channels; ++c)
        for (int y = 0; y < s.height; ++y)
          for (int x = 0; x < s.width; ++x) f(i, c, y, x);
  }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T> s) {
    for_each_element(X::kShape, pass.n, [&](Index n, int c, int r, int i) {
      y.at(n, c, r, i) = s.parameters[0] * x.at(n, c, r, i) + s.parameters[1];
    });
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X x, Y, DY dy, DX dx, State<T> s) {
    T da = 0, db = 0;
    for_each_element(X::kShape, pass.n, [&](Index n, int c, int r, int i) {
      const T g = dy.at(n, c, r, i);
      da += g * x.at(n, c, r, i), db += g;
      if constexpr (!std::same_as<DX, NoGradient>)
        if (S != Slip::forgets_the_last_row || r + 1 < X::kShape.height)
          dx.at(n, c, r, i) = (S == Slip::wrong_dx ? T(1.0001) : T(1)) * s.parameters[0] * g;
    });
    if constexpr (!std::same_as<DX, NoGradient>)
      if (S == Slip::writes_halo) dx.at(0, 0, -1, 0) = T(1);
    if constexpr (S == Slip::assigns) s.gradients[0] = s.gradients[1] = 0;
    s.gradients[0] += (S == Slip::wrong_da ? T(-1) : T(1)) * da;
    s.gradients[1] += db;
  }
  template <class T>
  static constexpr Index prepared(Shape, int) {
    return 2;
  }
  template <class T>
  static void prepare(Shape, int, const T* parameters, const T*, T* to) {
    std::copy_n(parameters, 2, to);
  }
  template <class T, class X, class Y>
  static void infer(const Pass& pass, X x, Y y, const T* prepared_to, T*) {
    forward(pass, x, y, State<T>{.parameters = prepared_to});
  }
};

constexpr Shape kIn{5, 3, 4};

/// y = |x|, whose kink lies in every step around zero.
struct Magnitude : PlainLayer {
  static constexpr std::string_view kName = "Magnitude";
  static constexpr Shape output(Shape in) { return in; }
  template <class T, class X, class Y>
  static void forward(const Pass& pass, X x, Y y, State<T>) {
    assign(pass, y, relu(elements(x)) + relu(elements(x) - elements(x) - elements(x)));
  }
  template <class T, class X, class Y, class DY, class DX>
  static void backward(const Pass& pass, X x, Y, DY dy, DX dx, State<T>) {
    if constexpr (!std::same_as<DX, NoGradient>)
      Affine<Slip::none>::for_each_element(X::kShape, pass.n, [&](Index n, int c, int r, int i) {
        dx.at(n, c, r, i) = x.at(n, c, r, i) > 0 ? dy.at(n, c, r, i) : -dy.at(n, c, r, i);
      });
  }
};

}  // namespace

TEST_CASE("A user's own layer passes the gradient check", "[gradient]") {
  const auto report = check_gradients<Affine<Slip::none>, kIn>({.max_values = 1000});
  INFO(report.summary());
  CHECK(report.passes(1e-6));
  CHECK(report.skipped() == 0);
  REQUIRE(report.tensors.size() == 3);
  CHECK(report.tensors[0].name == "a");
  CHECK(report.tensors[1].name == "b");
  CHECK(report.tensors[2].name == "input");
  CHECK(report.tensors[2].checked == 2 * kIn.size());
  CHECK(check_gradients<Affine<Slip::none>, kIn>({.max_values = 7}).tensors[2].checked == 7);
}

TEST_CASE("A user's own layer can be part of containers", "[gradient]") {
  using Mine = Affine<Slip::none>;
  CHECK(check_gradients<Sequential<Mine, ReLU, Mine>, kIn>().passes(1e-6));
  CHECK(check_gradients<Residual<Mine>, kIn>().passes(1e-6));
  CHECK(check_gradients<Residual<Sequential<Mine, Conv2d<ConvOptions{.out = 5, .kernel = 3}>>, Mine>, kIn>()
            .passes(1e-6));
}

TEST_CASE("The gradient check names the tensor that is wrong", "[gradient]") {
  const auto input = check_gradients<Affine<Slip::wrong_dx>, kIn>();
  CHECK_FALSE(input.passes(1e-6));
  CHECK(input.fault.empty());
  CHECK(input.tensors[0].error < 1e-6);
  CHECK(input.tensors[1].error < 1e-6);
  CHECK(input.tensors[2].error == Approx(1e-4).epsilon(0.01));  // a slope that is off by 1e-4 of itself
  CHECK(input.worst() == input.tensors[2].error);

  const auto slope = check_gradients<Affine<Slip::wrong_da>, kIn>();
  CHECK_FALSE(slope.passes(1e-6));
  CHECK(slope.tensors[0].error == Approx(2));
  CHECK(slope.tensors[0].analytic == Approx(-slope.tensors[0].numeric));
  CHECK(slope.tensors[2].error < 1e-6);
}

TEST_CASE("The gradient check sees broken promises of the contract", "[gradient]") {
  const auto unwritten = check_gradients<Affine<Slip::forgets_the_last_row>, kIn>();
  CHECK(unwritten.fault == "backward() left 40 elements of dx unwritten or NaN");
  CHECK_FALSE(unwritten.passes(1e300));
  CHECK_THAT((check_gradients<Affine<Slip::assigns>, kIn>().fault),
             support::contains("does not add to the gradients: parameter 0"));
  const std::string outside = check_gradients<Affine<Slip::writes_halo>, kIn>().fault;
  CHECK(outside == "backward() wrote outside of the elements of dx");
}

TEST_CASE("The gradient check skips kinks within the step, and too many of them do not pass", "[gradient]") {
  const auto narrow = check_gradients<Magnitude, kIn>({.step = 1e-6, .max_values = 1000});
  CHECK(narrow.passes(1e-6));
  const auto wide = check_gradients<Magnitude, kIn>({.step = 0.5, .max_values = 1000});
  CHECK(wide.worst() < 1e-6);
  CHECK(wide.skipped() > 10);  // x is uniform in [-2, 2): a quarter of 120
  CHECK_FALSE(wide.passes(1e-6));
}

TEST_CASE("The gradient check depends on its seed alone", "[gradient]") {
  const auto analytic = [](std::uint64_t seed) {
    return check_gradients<Affine<Slip::none>, kIn>({.seed = seed}).tensors[0].analytic;
  };
  CHECK(analytic(3) == analytic(3));
  CHECK(analytic(3) != analytic(4));
}

TEST_CASE("The gradient check refuses options that make no sense", "[gradient]") {
  using L = Affine<Slip::none>;
  const auto place = [](const GradientCheckOptions& options) {
    try {
      static_cast<void>(check_gradients<L, kIn>(options));
    } catch (const Error& error) {
      return error.place();
    }
    return std::string("accepted");
  };
  CHECK(place({.batch = 0}) == "gradient check, batch");
  CHECK(place({.step = 0}) == "gradient check, step");
  CHECK(place({.bank = 2, .banks = 2}) == "gradient check, bank");
  CHECK(place({.bank = -1}) == "gradient check, bank");
  CHECK(place({.max_values = 0}) == "gradient check, max_values");
}
