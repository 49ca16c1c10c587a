// Bilinear resize against PyTorch's values and against its own defining properties.
#include <drnet/kernels/resize.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <support/catch.hpp>
#include <vector>

namespace {

using nlohmann::json;

struct Tensor {
  std::vector<int> shape;
  std::vector<float> values;
};

/// The float32 tensor `name` of a safetensors file (u64 header length, JSON header, data).
Tensor read_tensor(std::ifstream& file, const std::string& name) {
  std::uint64_t length = 0;
  file.seekg(0).read(reinterpret_cast<char*>(&length), sizeof length);
  std::string header(length, ' ');
  file.read(header.data(), static_cast<std::streamsize>(length));
  const json entry = json::parse(header).at(name);
  Tensor tensor{entry.at("shape").get<std::vector<int>>(), {}};
  const auto begin = entry.at("data_offsets")[0].get<std::uint64_t>();
  const auto end = entry.at("data_offsets")[1].get<std::uint64_t>();
  tensor.values.resize((end - begin) / sizeof(float));
  file.seekg(static_cast<std::streamoff>(8 + length + begin));
  file.read(reinterpret_cast<char*>(tensor.values.data()), static_cast<std::streamsize>(end - begin));
  REQUIRE(file.good());
  return tensor;
}

/// The largest difference between our resize of x and y, in units of y's largest magnitude.
template <class T>
double relative_error(const Tensor& x, const Tensor& y, bool antialias) {
  const std::vector<T> in(x.values.begin(), x.values.end());
  const int planes = x.shape[0] * x.shape[1];
  const auto out = drnet::resize<T>(in, planes, x.shape[2], x.shape[3], y.shape[2], y.shape[3], antialias);
  REQUIRE(out.size() == y.values.size());
  double difference = 0.0, magnitude = 0.0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    difference =
        std::max(difference, std::abs(static_cast<double>(out[i]) - static_cast<double>(y.values[i])));
    magnitude = std::max(magnitude, std::abs(static_cast<double>(y.values[i])));
  }
  return difference / magnitude;
}

std::vector<float> ramp(std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>((i * 7919) % 101) / 50.0F - 1.0F;
  return values;
}

}  // namespace

TEST_CASE("resize agrees with PyTorch's reference values", "[resize]") {
  const char* folder = std::getenv("DRNET_REFERENCE_DIR");
  if (folder == nullptr) {
    std::cout << "SKIPPED: DRNET_REFERENCE_DIR is not set\n";
    return;
  }
  const std::string reference = std::string(folder) + "/reference/";
  std::ifstream cases_file(reference + "operators.json"),
      tensors(reference + "operators.safetensors", std::ios::binary);
  int seen = 0;
  for (const json& c : json::parse(cases_file)) {
    if (c.at("op") != "resize_bilinear") continue;
    const auto name = c.at("case").get<std::string>();
    INFO(name);
    const Tensor x = read_tensor(tensors, name + "/x"), y = read_tensor(tensors, name + "/y");
    const bool antialias = c.at("attrs").at("antialias").get<bool>();
    CHECK(relative_error<float>(x, y, antialias) < 1e-5);
    CHECK(relative_error<double>(x, y, antialias) < 1e-6);
    ++seen;
  }
  CHECK(seen > 0);
}

TEST_CASE("the taps of every output lie inside the input and add up to one", "[resize]") {
  for (const bool antialias : {false, true})
    for (int in = 1; in <= 40; ++in)
      for (int out = 1; out <= 40; ++out) {
        const drnet::ResizeAxis<double> axis(in, out, antialias);
        INFO(in << " -> " << out);
        for (int i = 0; i < out; ++i) {
          REQUIRE(axis.first(i) >= 0);
          REQUIRE(axis.first(i) + axis.taps() <= in);
          REQUIRE(std::accumulate(axis.weights(i), axis.weights(i) + axis.taps(), 0.0) ==
                  Approx(1.0).epsilon(1e-14));
        }
      }
}

TEST_CASE("a resize to the same size copies every bit", "[resize]") {
  auto in = ramp(2 * 5 * 7);
  in[3] = -0.0F;
  in[4] = std::numeric_limits<float>::infinity();
  for (const bool antialias : {false, true}) {
    const auto out = drnet::resize<float>(in, 2, 5, 7, 5, 7, antialias);
    CHECK(out == in);
    CHECK(std::signbit(out[3]));
  }
}

TEST_CASE("halving with antialias weighs 1 3 3 1", "[resize]") {
  std::vector<double> in(8, 0.0);
  in[3] = 1.0;
  const auto out = drnet::resize<double>(in, 1, 1, 8, 1, 4);
  CHECK(out[0] == Approx(0.0));
  CHECK(out[1] == Approx(3.0 / 8));
  CHECK(out[2] == Approx(1.0 / 8));
  CHECK(out[3] == Approx(0.0));
}

TEST_CASE("an axis at a time: height and width are not mixed up", "[resize]") {
  const auto in = ramp(3 * 12 * 20);
  const auto tall = drnet::resize<float>(in, 3, 12, 20, 6, 20);
  const auto both = drnet::resize<float>(tall, 3, 6, 20, 6, 9);
  const auto once = drnet::resize<float>(in, 3, 12, 20, 6, 9);
  REQUIRE(once.size() == both.size());
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(once[i] == Approx(both[i]).margin(1e-6));
}

TEST_CASE("extreme sizes", "[resize]") {
  const std::vector<float> dot{0.25F};
  CHECK(drnet::resize<float>(dot, 1, 1, 1, 5, 3) == std::vector<float>(15, 0.25F));
  const std::vector<float> column(20000, 0.5F);
  for (const float v : drnet::resize<float>(column, 1, 20000, 1, 32, 32)) CHECK(v == Approx(0.5F));
  for (const float v : drnet::resize<float>(column, 1, 1, 20000, 1, 1)) CHECK(v == Approx(0.5F));
  CHECK(drnet::resize<float>(dot, 1, 1, 1, 20000, 1).size() == 20000);
}

TEST_CASE("a plane's result does not depend on its neighbours", "[resize]") {
  const auto in = ramp(4 * 9 * 11);
  const auto all = drnet::resize<float>(in, 4, 9, 11, 6, 5);
  const auto last = drnet::resize<float>(std::span(in).subspan(3 * 99), 1, 9, 11, 6, 5);
  CHECK(std::vector<float>(all.begin() + 90, all.end()) == last);
}

TEST_CASE("bad sizes are errors that name the argument", "[resize]") {
  CHECK_THROWS_AS(drnet::Resize<float>(0, 4, 4, 4), drnet::Error);
  CHECK_THROWS_AS(drnet::Resize<float>(4, -1, 4, 4), drnet::Error);
  CHECK_THROWS_AS(drnet::Resize<float>(4, 4, 4, 0), drnet::Error);
  CHECK_THROWS_AS(drnet::Resize<float>(4, 4, std::numeric_limits<int>::max(), 4), drnet::Error);
  try {
    drnet::Resize<float>(4, 4, 0, 4);
    FAIL("no error");
  } catch (const drnet::Error& e) {
    CHECK(e.place() == "Resize: output height");
    CHECK(e.got() == "0");
  }
  const std::vector<float> short_input(15);
  CHECK_THROWS_AS(drnet::resize<float>(short_input, 1, 4, 4, 2, 2), drnet::Error);
  CHECK_THROWS_AS(drnet::resize<float>(short_input, 0, 4, 4, 2, 2), drnet::Error);
}
