// A gradient checker for any layer, a user's own too: analytic gradients against central differences in
// double.
//   numeric = sum dy * (y(p + h) - y(p - h)) / 2h for random x, parameters and upstream gradient dy;
//   error = |analytic - numeric| / largest magnitude of that tensor's gradient
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/random.hpp>
#include <drnet/layers/layer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <utility>

namespace drnet::inline DRNET_ISA {

/// Named options of check_gradients().
struct GradientCheckOptions {
  Index batch = 2;
  std::uint64_t seed = 0;
  double step = 1e-6;
  int bank = 0, banks = 1;
  Statistics statistics = Statistics::batch;
  bool dropout = false;    ///< layers drop what they draw; else everything passes
  Index max_values = 100;  ///< coordinates of each tensor that are differentiated, spread over it at random
};

/// What came out for one tensor.
struct TensorCheck {
  std::string name;                  ///< state-dict name, or "input"
  double error = 0;                  ///< worst relative error; infinite where a gradient is not a number
  Index worst = 0;                   ///< row-major index of that element
  double analytic = 0, numeric = 0;  ///< its two derivatives
  Index checked = 0;                 ///< coordinates compared
  Index skipped = 0;  ///< coordinates with a kink (of a rectifier or a maximum) within the step
};

/// What check_gradients() found: parameters in the order of visit(), then the input.
struct GradientReport {
  std::vector<TensorCheck> tensors;
  std::string fault;  ///< the first promise of the layer contract that was broken; empty if none

  [[nodiscard]] double worst() const {
    double error = 0;
    for (const TensorCheck& t : tensors) error = std::max(error, t.error);
    return error;
  }
  [[nodiscard]] Index checked() const {
    Index sum = 0;
    for (const TensorCheck& t : tensors) sum += t.checked;
    return sum;
  }
  [[nodiscard]] Index skipped() const {
    Index sum = 0;
    for (const TensorCheck& t : tensors) sum += t.skipped;
    return sum;
  }
  /// No broken promise, every error within the tolerance, something checked in every tensor and at most one
  /// coordinate in twenty skipped.
  [[nodiscard]] bool passes(double tolerance = 1e-6) const {
    const bool all_seen =
        std::all_of(tensors.begin(), tensors.end(), [](const TensorCheck& t) { return t.checked > 0; });
    return fault.empty() && worst() <= tolerance && all_seen && 19 * skipped() <= checked();
  }
  /// One line a tensor, for people.
  [[nodiscard]] std::string summary() const {
    std::ostringstream text;
    if (!fault.empty()) text << fault << '\n';
    for (const TensorCheck& t : tensors)
      text << t.name << ": error " << t.error << " at element " << t.worst << " (analytic " << t.analytic
           << ", numeric " << t.numeric << "), " << t.checked << " checked, " << t.skipped << " skipped\n";
    return text.str();
  }
};

namespace detail {

/// Everything one layer needs between a forward and a backward pass, and the passes.
template <class L, Shape In>
class GradientChecker {
 public:
  using T = double;
  static constexpr Shape kOut = L::output(In);
  using X = FeatureMap<T, In, L::input_halo(In)>;
  using Y = FeatureMap<T, kOut>;
  using DY = FeatureMap<T, kOut, L::gradient_halo(In)>;
  using DX = FeatureMap<T, In, 1>;  // with a halo, to see whether the layer writes there

  explicit GradientChecker(const GradientCheckOptions& o)
      : options_(o),
        samples_(static_cast<std::size_t>(o.batch)),
        noise_{.seed = o.seed, .samples = samples_},
        pass_{.policy = serial_,
              .n = o.batch,
              .capacity = o.batch + 1,
              .bank = o.bank,
              .banks = o.banks,
              .statistics = o.statistics,
              .noise = o.dropout ? &noise_ : nullptr},
        parameters_(L::parameters(In, o.banks)),
        gradients_(parameters_.size()),
        initial_statistics_(L::statistics(In, o.banks)),
        statistics_(initial_statistics_.size()),
        x_(X::kImageStride * pass_.capacity),
        y_(Y::kImageStride * pass_.capacity),
        dy_(DY::kImageStride * pass_.capacity),
        dx_(DX::kImageStride * pass_.capacity),
        workspace_(L::template workspace<T, In>(pass_.capacity)),
        scratch_(L::template scratch<T, In>(pass_.capacity)),
        upstream_(random(static_cast<std::size_t>(o.batch * kOut.size()), 0, -1, 1)) {
    std::iota(samples_.begin(), samples_.end(), 0U);
    L::visit(In, o.banks, "", list_);
    std::uint32_t use = 2;
    for (const TensorSpec& t : list_.tensors()) {
      const auto values = random(static_cast<std::size_t>(t.size), use++, low(t), high(t));
      std::copy(values.begin(), values.end(),
                (t.trained() ? parameters_ : initial_statistics_).data() + t.offset);
    }
    const auto input = random(static_cast<std::size_t>(o.batch * In.size()), 1, -2, 2);
    from_planar(input.data(), X(x_.data()), o.batch);
  }

  GradientReport run() {
    GradientReport report;
    base_ = output();
    check_output(report);
    backward(DX(dx_.data()));
    const Buffer<T> once = gradients_;
    std::vector<T> dx(static_cast<std::size_t>(options_.batch * In.size()));
    to_planar(DX(dx_.data()), dx.data(), options_.batch);
    check_input_gradient(report, dx);
    check_accumulation(report, once);

    std::vector<Comparison> comparisons;
    for (const TensorSpec& t : list_.tensors())
      if (t.trained())
        comparisons.push_back(compare(t.name, t.size, [&, at = t.offset](Index i) {
          return std::pair<double*, double>(&parameters_[at + i], once[at + i]);
        }));
    comparisons.push_back(compare("input", options_.batch * In.size(), [&](Index i) {
      return std::pair<double*, double>(&input_value(i), dx[static_cast<std::size_t>(i)]);
    }));
    score(comparisons, report);
    return report;
  }

 private:
  /// The derivatives of one coordinate; gap = difference of the two one-sided ones.
  struct Derivative {
    Index index;
    double analytic, numeric, gap;
  };
  struct Comparison {
    std::string name;
    std::vector<Derivative> derivatives;
    double largest = 0;  ///< magnitude of the tensor's gradient, of what was sampled
  };

  [[nodiscard]] std::vector<T> random(std::size_t count, std::uint32_t use, double lo, double hi) const {
    const Random r(options_.seed, Purpose::check, 0, use);
    std::vector<T> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = r.uniform(static_cast<std::uint32_t>(i), lo, hi);
    return values;
  }
  /// Weights of He's size and positive scales: activations neither vanish nor explode.
  [[nodiscard]] static double high(const TensorSpec& t) {
    if (t.role == Role::running_var || t.role == Role::bn_weight) return 1.5;
    if (t.role != Role::weight) return 0.5;
    double fan_in = 1;
    for (std::size_t i = 1; i < t.shape.size(); ++i) fan_in *= t.shape[i];
    return std::sqrt(6 / fan_in);
  }
  [[nodiscard]] static double low(const TensorSpec& t) {
    return t.role == Role::running_var || t.role == Role::bn_weight ? 0.5 : -high(t);
  }
  /// Element i of the input in row-major order.
  [[nodiscard]] double& input_value(Index i) {
    const Index pixel = i % In.pixels(), channel = i / In.pixels();
    return X(x_.data()).at(channel / In.channels, static_cast<int>(channel % In.channels),
                           static_cast<int>(pixel / In.width), static_cast<int>(pixel % In.width));
  }

  // ---- the passes, on poisoned memory

  static constexpr double kPoison = std::numeric_limits<double>::quiet_NaN();

  template <class Map>
  void poison(Map map) {
    const std::vector<T> values(static_cast<std::size_t>(pass_.n * Map::kShape.size()), kPoison);
    from_planar(values.data(), map, pass_.n);
  }
  [[nodiscard]] State<T> state(T* gradients) {
    scratch_.fill(kPoison);
    return {parameters_.data(), gradients, statistics_.data(), workspace_.data(), scratch_.data()};
  }
  [[nodiscard]] FeatureMap<const T, In, X::kHalo> x() const {
    return FeatureMap<const T, In, X::kHalo>(x_.data());
  }
  /// y = layer(x), from the running statistics that the checker started with.
  [[nodiscard]] std::vector<T> output() {
    statistics_ = initial_statistics_;
    poison(Y(y_.data()));
    run_forward<L>(pass_, x(), Y(y_.data()), accumulator, state(nullptr));
    std::vector<T> values(upstream_.size());
    to_planar(Y(y_.data()), values.data(), pass_.n);
    return values;
  }
  /// Adds to gradients_ and, unless Dx is NoGradient, writes dx_. A forward pass must have been made.
  template <class Dx>
  void backward(Dx dx) {
    if constexpr (!std::same_as<Dx, NoGradient>) poison(dx);
    from_planar(upstream_.data(), DY(dy_.data()), pass_.n);
    run_backward<L>(pass_, x(), FeatureMap<const T, kOut>(y_.data()), DY(dy_.data()), dx, OpenGate{},
                    accumulator, state(gradients_.data()));
  }

  // ---- the promises of the contract

  static void report_fault(GradientReport& report, std::string sentence) {
    if (report.fault.empty()) report.fault = std::move(sentence);
  }
  /// Whether anything but the elements of the map's images is set: its halo, the channels that fill the last
  /// block, the images behind the batch. Clears the elements.
  template <class Map>
  [[nodiscard]] bool wrote_outside(Buffer<T>& storage) {
    const std::vector<T> zeros(static_cast<std::size_t>(pass_.n * Map::kShape.size()), T(0));
    from_planar(zeros.data(), Map(storage.data()), pass_.n);
    return std::any_of(storage.span().begin(), storage.span().end(), [](T v) { return !(v == 0); });
  }
  [[nodiscard]] static Index count_unwritten(const std::vector<T>& values) {
    return std::count_if(values.begin(), values.end(), [](T v) { return std::isnan(v); });
  }
  void check_output(GradientReport& report) {
    if (const Index count = count_unwritten(base_); count > 0)
      report_fault(report, "forward() left " + std::to_string(count) + " elements of y unwritten or NaN");
    Buffer<T> copy = y_;
    if (wrote_outside<Y>(copy)) report_fault(report, "forward() wrote outside of the elements of y");
    const auto same = [](T a, T b) { return a == b; };
    if (options_.statistics == Statistics::running &&
        !std::equal(statistics_.span().begin(), statistics_.span().end(), initial_statistics_.span().begin(),
                    same))
      report_fault(report, "forward() changed running statistics that are frozen");
  }
  void check_input_gradient(GradientReport& report, const std::vector<T>& dx) {
    if (const Index count = count_unwritten(dx); count > 0)
      report_fault(report, "backward() left " + std::to_string(count) + " elements of dx unwritten or NaN");
    if (wrote_outside<DX>(dx_)) report_fault(report, "backward() wrote outside of the elements of dx");
  }
  /// A second backward pass, without dx, must double every gradient.
  void check_accumulation(GradientReport& report, const Buffer<T>& once) {
    static_cast<void>(output());
    backward(NoGradient{});
    double scale = 0;
    for (const T g : once.span()) scale = std::max(scale, std::abs(g));
    for (Index i = 0; i < once.size(); ++i)
      if (!(std::abs(gradients_[i] - 2 * once[i]) <= 1e-12 * scale))
        report_fault(report, "backward() does not add to the gradients: parameter " + std::to_string(i) +
                                 " has " + std::to_string(once[i]) + " after one pass and " +
                                 std::to_string(gradients_[i]) + " after two");
  }

  // ---- the differences

  /// sum of dy * (a - b): elements first, so that nothing cancels but what must.
  [[nodiscard]] double product(const std::vector<T>& a, const std::vector<T>& b) const {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += upstream_[i] * (a[i] - b[i]);
    return sum;
  }
  [[nodiscard]] Derivative differentiate(Index index, double& value, double analytic) {
    const double at = value;
    value = at + options_.step;
    const double up = value - at;
    const std::vector<T> above = output();
    value = at - options_.step;
    const double down = at - value;
    const std::vector<T> below = output();
    value = at;
    return {index, analytic, product(above, below) / (up + down),
            std::abs(product(above, base_) / up - product(base_, below) / down)};
  }
  /// Differentiates up to max_values coordinates of a tensor, one at a random place in each of as many equal
  /// stretches; element(i) is {where the value lies, analytic derivative}.
  template <class Element>
  [[nodiscard]] Comparison compare(std::string name, Index size, const Element& element) {
    const Index count = std::min(size, options_.max_values);
    const Random random_place(options_.seed, Purpose::check, 1, static_cast<std::uint32_t>(size));
    Comparison result{std::move(name), {}};
    for (Index k = 0; k < count; ++k) {
      const Index begin = size * k / count, end = size * (k + 1) / count;
      const Index i =
          begin + random_place.below(static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(end - begin));
      const std::pair<double*, double> at = element(i);
      result.derivatives.push_back(differentiate(i, *at.first, at.second));
      result.largest =
          std::max({result.largest, std::abs(at.second), std::abs(result.derivatives.back().numeric)});
    }
    return result;
  }
  /// A kink within the step shows as one-sided derivatives that differ: by twice the error it makes in the
  /// central one. Gradients that vanish next to the others are measured against those.
  static void score(const std::vector<Comparison>& comparisons, GradientReport& report) {
    constexpr double kKink = 1e-5, kVanishes = 1e-4, kInfinity = std::numeric_limits<double>::infinity();
    double largest = std::numeric_limits<double>::min() / kVanishes;
    for (const Comparison& c : comparisons) largest = std::max(largest, c.largest);
    for (const Comparison& c : comparisons) {
      const double scale = std::max(c.largest, kVanishes * largest);
      TensorCheck check{.name = c.name};
      for (const Derivative& d : c.derivatives) {
        if (d.gap > kKink * scale) {
          ++check.skipped;
          continue;
        }
        ++check.checked;
        const double difference = std::abs(d.analytic - d.numeric);
        const double error = std::isnan(difference) ? kInfinity : difference / scale;
        if (error >= check.error)
          check.error = error, check.worst = d.index, check.analytic = d.analytic, check.numeric = d.numeric;
      }
      report.tensors.push_back(std::move(check));
    }
  }

  GradientCheckOptions options_;
  Serial serial_;
  std::vector<std::uint32_t> samples_;
  PassNoise noise_;
  Pass pass_;
  TensorList list_;
  Buffer<T> parameters_, gradients_, initial_statistics_, statistics_;
  Buffer<T> x_, y_, dy_, dx_, workspace_, scratch_;
  std::vector<T> upstream_, base_;
};

}  // namespace detail

/// Checks L's gradients for inputs of shape In: of every parameter tensor and of the input. On the way it
/// proves that backward() adds to the gradients, gives the same without dx, and that every element of y and
/// dx, and nothing else, is written. Throws Error for options that make no sense.
template <class L, Shape In>
[[nodiscard]] GradientReport check_gradients(const GradientCheckOptions& options = {}) {
  static_assert(
      Described<L> && Trainable<L>,
      "check_gradients needs a type that satisfies the concepts drnet::Described and drnet::Trainable");
  check_topology<L, In>();
  if (options.batch < 1) throw Error("gradient check, batch", "at least 1", std::to_string(options.batch));
  if (!(options.step > 0 && options.step < 1))
    throw Error("gradient check, step", "a value in (0, 1)", std::to_string(options.step));
  if (options.bank < 0 || options.bank >= options.banks)
    throw Error("gradient check, bank", "0 <= bank < banks = " + std::to_string(options.banks),
                std::to_string(options.bank));
  if (options.max_values < 1)
    throw Error("gradient check, max_values", "at least 1", std::to_string(options.max_values));
  return detail::GradientChecker<L, In>(options).run();
}

}  // namespace drnet::inline DRNET_ISA
