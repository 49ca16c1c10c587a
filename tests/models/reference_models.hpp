// A reference model under our types: parameters from fill(), one training step in double and in float,
// evaluation logits in float, all against the values of reference/models.json and models.safetensors.
#pragma once

#include <support/catch.hpp>
#include <support/logits.hpp>
#include <support/reference.hpp>

#include <drnet/layers/network.hpp>

#include <cmath>
#include <iostream>
#include <map>

namespace support {

/// A number of a JSON object.
inline double number(const nlohmann::json& object, const char* key) {
  return object.at(key).get<double>();
}

/// Fills every tensor as make_golden.py's fill_model() does.
template <class Net>
void fill_network(Net& net) {
  for (const auto& t : net.tensors()) {
    double lo = -0.1, hi = 0.1;
    if (t.shape.size() > 1) {
      double fan_in = 1;
      for (std::size_t i = 1; i < t.shape.size(); ++i) fan_in *= t.shape[i];
      hi = std::sqrt(6.0 / fan_in), lo = -hi;
    } else if (t.role == drnet::Role::running_var) {
      lo = 1.0, hi = 1.5;
    } else if (t.role == drnet::Role::bn_weight) {
      lo = 0.9, hi = 1.1;
    }
    const auto values = fill<typename Net::Scalar>(t.name, static_cast<std::size_t>(t.size), lo, hi);
    std::copy(values.begin(), values.end(), net.values(t).begin());
  }
}

/// Mean cross entropy of logits [n][classes] and its gradient, in double: the oracle of the training steps.
inline double cross_entropy(const std::vector<double>& logits, const std::vector<int>& target,
                            std::vector<double>& d) {
  const std::size_t n = target.size(), classes = logits.size() / n;
  d.assign(logits.size(), 0);
  double loss = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = logits.data() + i * classes;
    const double top = *std::max_element(row, row + classes);
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) sum += std::exp(row[c] - top);
    const auto t = static_cast<std::size_t>(target[i]);
    loss += (std::log(sum) + top - row[t]) / static_cast<double>(n);
    for (std::size_t c = 0; c < classes; ++c)
      d[i * classes + c] = (std::exp(row[c] - top) / sum - (c == t)) / static_cast<double>(n);
  }
  return loss;
}

/// The largest L2 norm of an entry: what the tolerance of a training step is relative to.
inline double largest_norm(const nlohmann::json& expected) {
  double scale = 0;
  for (const auto& [name, entry] : expected.items()) scale = std::max(scale, number(entry, "l2"));
  return scale;
}

/// Says which L2 norm or probe is off by more than tolerance * scale; empty where none is.
template <class Net, class Values>
std::string probe_disagreement(const nlohmann::json& expected, double scale, double tolerance, bool trained,
                               Values&& values) {
  std::size_t seen = 0;
  for (const auto& t : Net::tensors()) {
    if (t.trained() != trained) continue;
    if (!expected.contains(t.name)) return t.name + " is not in the reference";
    ++seen;
    const auto v = values(t);
    const auto probe = fill<double>("probe." + t.name, v.size());
    double square = 0, dot = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
      square += double(v[i]) * double(v[i]);
      dot += double(v[i]) * probe[i];
    }
    const double norm_error = std::abs(std::sqrt(square) - number(expected[t.name], "l2"));
    const double probe_error = std::abs(dot - number(expected[t.name], "probe"));
    if (!(norm_error <= tolerance * scale && probe_error <= tolerance * scale)) {
      std::ostringstream text;
      text << t.name << ": norm off by " << norm_error / scale << ", probe by " << probe_error / scale;
      return text.str();
    }
  }
  return seen == expected.size() ? "" : "the reference has tensors that the network does not have";
}

/// Parameter count, every tensor's name and shape, and multiply-adds at all the reference's resolutions.
template <class Topology, int... Resolutions>
void check_description(const nlohmann::json& model) {
  CHECK(model.at("parameters") == drnet::parameter_count<Topology>);
  const std::map<std::string, drnet::Index> macs{
      {std::to_string(Resolutions), drnet::macs<Topology, Resolutions>}...};
  CHECK((model.at("macs").get<std::map<std::string, drnet::Index>>()) == macs);
  std::map<std::string, std::vector<int>> expected, actual;
  for (const auto& entry : model.at("names"))
    expected[entry.at(0).get<std::string>()] = entry.at(1).get<std::vector<int>>();
  for (const auto& t : drnet::Network<Topology>::tensors()) actual[t.name] = t.shape;
  CHECK(actual == expected);
}

/// One training step of `Topology` (batch and resolution of the reference) in scalar T.
template <class Topology, class T>
void check_training_step(const nlohmann::json& model) {
  const auto& step = model.at("train_step");
  constexpr drnet::Shape in{3, 64, 64};
  const auto n = step.at("batch").get<drnet::Index>();
  REQUIRE(step.at("resolution") == 64);
  drnet::Network<Topology, T> net;
  fill_network(net);
  drnet::Activations<Topology, in, T> activations(n);
  drnet::Buffer<T> scratch(activations.scratch(n)), gradients(net.kParameters);
  const auto x = fill<T>("input.train", static_cast<std::size_t>(n * in.size()), -2, 2);
  drnet::from_planar(x.data(), activations.input(), n);
  const drnet::Serial serial;
  const drnet::Pass pass{serial, n, n};
  activations.forward(pass, net, scratch.data());

  std::vector<double> logits(static_cast<std::size_t>(n * activations.kOutput.channels)), d;
  drnet::to_planar(activations.output(), logits.data(), n);
  const double loss = cross_entropy(logits, step.at("target").get<std::vector<int>>(), d);
  drnet::from_planar(d.data(), activations.output_gradient(), n);
  activations.backward(pass, net, gradients.data(), scratch.data());

  const double expected = number(step, "loss");
  if constexpr (sizeof(T) == 8) {
    CHECK(std::abs(loss - expected) <= 1e-9 * std::abs(expected));
    using Net = drnet::Network<Topology, T>;
    const double scale = largest_norm(step.at("gradients"));
    CHECK(probe_disagreement<Net>(step.at("gradients"), scale, 1e-6, true, [&](const drnet::TensorSpec& t) {
            return gradients.span().subspan(static_cast<std::size_t>(t.offset),
                                            static_cast<std::size_t>(t.size));
          }) == "");
    CHECK(probe_disagreement<Net>(step.at("running"), scale, 1e-6, false,
                                  [&](const drnet::TensorSpec& t) { return net.values(t); }) == "");
  } else {
    CHECK(std::abs(loss - expected) <= 1e-4 * std::abs(expected));
    double square = 0, expected_square = 0;
    for (const T g : gradients.span()) square += double(g) * double(g);
    for (const auto& [name, entry] : step.at("gradients").items()) {
      const double norm = number(entry, "l2");
      expected_square += norm * norm;
    }
    CHECK(std::abs(std::sqrt(square / expected_square) - 1) <= 0.02);
  }
}

/// Evaluation logits in float at one resolution.
template <class Topology, int Resolution>
void check_logits(const ReferenceFile& models, const std::string& name) {
  constexpr drnet::Shape in{3, Resolution, Resolution};
  using Net = drnet::Network<Topology, float>;
  Net net;
  fill_network(net);
  const auto input =
      fill<float>("input." + std::to_string(Resolution), static_cast<std::size_t>(in.size()), -2, 2);
  const auto ours = logits<in>(net, 0, input, 1);
  const auto expected =
      models.tensors.template values<double>(name + "/eval_logits_" + std::to_string(Resolution));
  std::cout << name << " at " << Resolution << ": differs by "
            << largest_difference(ours, expected).error / largest_magnitude(expected) << '\n';
  CHECK(disagreement(ours, expected, 1e-4) == "");
}

}  // namespace support
