// Every layer but the convolutions against its cases of reference/operators.json.
#include <layers/operator_case.hpp>

#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/hard_swish.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/squeeze_excite.hpp>

namespace {

using namespace drnet;
using support::Instance;
using support::OperatorCase;

/// Calls f(case) for every case of one operator; there must be one.
template <class F>
void for_each_case(std::string_view op, const F& f) {
  const auto operators = support::load_or_skip("operators");
  if (!operators) return;
  const auto cases = support::operator_cases(*operators, op);
  CHECK(!cases.empty());
  for (const OperatorCase& c : cases) f(c);
}

const auto any = [](auto) { return true; };

constexpr PoolOptions kPool{.kernel = 3, .stride = 2, .padding = 1};

/// max|dy| * max(gamma / sqrt(var + eps)): what the terms are large as whose difference dx is when the
/// batch's own statistics normalize it.
double batch_norm_scale(const OperatorCase& c) {
  const auto x = c.values<double>("x"), gamma = c.values<double>("gamma");
  const Shape s = support::image_shape(c, "x");
  const auto n = static_cast<std::size_t>(c.shape("x")[0]), channels = gamma.size(),
             pixels = static_cast<std::size_t>(s.pixels());
  double largest = 0;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < n * pixels; ++i) {
      const double v = x[(i / pixels * channels + channel) * pixels + i % pixels];
      sum += v, square += v * v;
    }
    const double m = static_cast<double>(n * pixels), var = square / m - sum / m * (sum / m);
    largest =
        std::max(largest, std::abs(gamma[channel]) / std::sqrt(var + c.attributes.at("eps").get<double>()));
  }
  return largest * support::largest_magnitude(c.values<double>("dy"));
}

}  // namespace

TEMPLATE_TEST_CASE("Batch norm equals the reference", "[reference]", float, double) {
  for_each_case("batch_norm", [](const OperatorCase& c) {
    CHECK(c.attributes.at("eps") == BatchNormOptions{}.eps);
    const bool training = c.attributes.at("training").get<bool>();
    if (training) CHECK(c.attributes.at("momentum") == BatchNormOptions{}.momentum);
    support::check_case_with<TestType, Instance<BatchNorm, Shape{6, 7, 5}>,
                             Instance<BatchNorm, Shape{3, 1, 1}>, Instance<BatchNorm, Shape{6, 5, 5}>>(
        c, any, training ? Statistics::batch : Statistics::running, training ? batch_norm_scale(c) : 0);
  });
}

TEMPLATE_TEST_CASE("Activations equal the reference", "[reference]", float, double) {
  const auto check = []<class L>(std::string_view op) {
    for_each_case(op, [](const OperatorCase& c) {
      support::check_case_with<TestType, Instance<L, Shape{3, 5, 7}>>(c, any);
    });
  };
  check.template operator()<ReLU>("relu");
  check.template operator()<ReLU6>("relu6");
  check.template operator()<SiLU>("silu");
  check.template operator()<Sigmoid>("sigmoid");
  check.template operator()<HardSwish>("hardswish");
}

TEMPLATE_TEST_CASE("Squeeze and excite equals the reference", "[reference]", float, double) {
  for_each_case("squeeze_excite", [](const OperatorCase& c) {
    support::check_case_with<
        TestType, Instance<SqueezeExcite<SqueezeExciteOptions{.channels = 8, .squeeze = 4}>, Shape{8, 5, 5}>>(
        c, any);
  });
}

TEMPLATE_TEST_CASE("Max pooling equals the reference", "[reference]", float, double) {
  for_each_case("max_pool2d", [](const OperatorCase& c) {
    support::check_case_with<TestType, Instance<MaxPool2d<kPool>, Shape{5, 14, 14}>,
                             Instance<MaxPool2d<kPool>, Shape{5, 21, 21}>>(c, [&](auto) {
      return c.attributes.at("kernel") == kPool.kernel && c.attributes.at("stride") == kPool.stride &&
             c.attributes.at("padding") == kPool.padding;
    });
  });
}

TEMPLATE_TEST_CASE("Global average pooling equals the reference", "[reference]", float, double) {
  for_each_case("global_avg_pool", [](const OperatorCase& c) {
    support::check_case_with<TestType, Instance<GlobalAveragePool, Shape{9, 7, 6}>>(c, any);
  });
}

TEMPLATE_TEST_CASE("Linear equals the reference", "[reference]", float, double) {
  for_each_case("linear", [](const OperatorCase& c) {
    support::check_case_with<TestType, Instance<Linear<17>, Shape{33, 1, 1}>>(c, any);
  });
}
