// SGD against the recurrence written out in double, and its options.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/training/sgd.hpp>

#include <limits>

namespace {

using namespace drnet;
using Net = support::TinyNet<double>::ClassifierNetwork;

/// The gradients of step `number`: any values that differ from step to step.
Buffer<double> gradients_of(std::uint32_t number) {
  Buffer<double> g(Net::kParameters);
  const Random random(5, Purpose::check, number);
  for (Index i = 0; i < g.size(); ++i) g[i] = random.uniform<double>(static_cast<std::uint32_t>(i), -1, 1);
  return g;
}

/// Largest difference between three steps of Sgd and PyTorch's documented recurrence on every value.
double disagreement(const SgdOptions& options) {
  Net net(3);
  const Net start = net;
  Sgd<Net> sgd(options);
  const double rates[] = {0.1, 0.05, 0.2};
  for (std::uint32_t k = 0; k < 3; ++k) sgd.step(Serial{}, net, gradients_of(k), rates[k]);

  const Buffer<double> g[] = {gradients_of(0), gradients_of(1), gradients_of(2)};
  double worst = 0;
  for (const TensorSpec& t : Net::tensors()) {
    if (!t.trained()) continue;
    const double decay = options.decay_norm_and_bias || t.role == Role::weight ? options.weight_decay : 0.0;
    for (Index i = t.offset; i < t.offset + t.size; ++i) {
      double p = start.parameters()[i], v = 0;
      for (int k = 0; k < 3; ++k) {
        const double gradient = g[k][i] + decay * p;
        v = options.momentum * v + gradient;
        p -= rates[k] * (options.nesterov ? gradient + options.momentum * v : v);
      }
      worst = std::max({worst, std::abs(p - net.parameters()[i]), std::abs(v - sgd.velocity()[i])});
    }
  }
  CHECK(support::same_bits(start.statistics().span(), net.statistics().span()));
  return worst;
}

}  // namespace

TEST_CASE("SGD follows PyTorch's recurrence with every option") {
  for (const bool nesterov : {false, true})
    for (const bool everything : {false, true})
      for (const double momentum : {0.0, 0.9}) {
        CAPTURE(nesterov, everything, momentum);
        CHECK(disagreement({.momentum = momentum,
                            .nesterov = nesterov,
                            .weight_decay = 0.1,
                            .decay_norm_and_bias = everything}) < 1e-14);
      }
}

TEST_CASE("Without their decay, batch norms and biases keep still where gradients are zero") {
  Net net(3);
  const Net start = net;
  Sgd<Net> sgd({.weight_decay = 0.5, .decay_norm_and_bias = false});
  sgd.step(Serial{}, net, Buffer<double>(Net::kParameters), 0.1);
  for (const TensorSpec& t : Net::tensors()) {
    CAPTURE(t.name);
    const bool same = support::same_bits(start.values(t), net.values(t));
    CHECK(same == (t.role != Role::weight));
  }
}

TEST_CASE("The last layer learns at a rate of its own, and what has the rate 0 stays") {
  Net both(3), slow(3), fast(3), alone(3);
  const Net start = both;
  Sgd<Net> a({.weight_decay = 0.1}), b({.weight_decay = 0.1}), c({.weight_decay = 0.1}),
      d({.weight_decay = 0.1});
  for (std::uint32_t k = 0; k < 2; ++k) {
    a.step(Serial{}, both, gradients_of(k), {0.05, 0.2});
    b.step(Serial{}, slow, gradients_of(k), 0.05);
    c.step(Serial{}, fast, gradients_of(k), 0.2);
    d.step(Serial{}, alone, gradients_of(k), {0, 0.2});
  }
  Index head = 0;
  for (const TensorSpec& t : Net::tensors()) {
    CAPTURE(t.name);
    const bool is_head = t.name.starts_with("fc.");
    head += is_head;
    CHECK(support::same_bits(both.values(t), (is_head ? fast : slow).values(t)));
    CHECK(support::same_bits(alone.values(t), (is_head ? fast : start).values(t)));
    if (t.trained() && !is_head)
      for (Index i = t.offset; i < t.offset + t.size; ++i) CHECK(d.velocity()[i] == 0);
  }
  CHECK(head == 2);
}

TEST_CASE("SGD refuses options that cannot train") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double momentum : {-0.1, 1.0, 1.5, kNan})
    CHECK_THROWS_AS(Sgd<Net>(SgdOptions{.momentum = momentum}), Error);
  for (const double decay : {-1e-4, kNan})
    CHECK_THROWS_AS(Sgd<Net>(SgdOptions{.weight_decay = decay}), Error);
}
