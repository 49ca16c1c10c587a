// A small network of the published MindSpore code's shape, a file of weights in that code's layout (written
// out here, name by name), and that code's evaluation in loops over doubles.
#pragma once

#include <support/catch.hpp>

#include <drnet/core/random.hpp>
#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/io/safetensors.hpp>
#include <drnet/models/resolution_predictor.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace support {

/// Candidates in the ratio of 224, 168 and 112.
using OfficialNet = drnet::DynamicNetwork<
    drnet::Sequential<
        drnet::Named<"conv1", drnet::Conv2d<drnet::ConvOptions{.out = 8, .kernel = 3}>>,
        drnet::Named<"bn1", drnet::BatchNorm>, drnet::ReLU,
        drnet::Named<"layer1", drnet::Sequential<drnet::Bottleneck<4, drnet::BlockOptions{.stride = 2}>,
                                                 drnet::Bottleneck<4>>>,
        drnet::GlobalAveragePool, drnet::Named<"fc", drnet::Linear<10>>>,
    drnet::models::ResolutionPredictor<
        16, drnet::models::PredictorOptions{.widths = {8, 12, 0, 0}, .depth = 1, .small_stem = true}>,
    drnet::Resolutions<24, 18, 12>>;

struct StoredTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using StoredTensors = std::map<std::string, StoredTensor>;

/// Makes tensors with values in ranges that trained networks have.
class LayoutMaker {
 public:
  void weight(const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t fan_in = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
    const float bound = shape.size() > 1 ? std::sqrt(6.0F / static_cast<float>(fan_in)) : 0.1F;
    add(name, std::move(shape), -bound, bound);
  }
  void batch_norm(const std::string& name, std::int64_t channels) {
    add(name + ".gamma", {channels}, 0.5F, 1.5F);
    add(name + ".beta", {channels}, -0.3F, 0.3F);
    add(name + ".moving_mean", {channels}, -0.3F, 0.3F);
    add(name + ".moving_variance", {channels}, 0.5F, 1.5F);
  }
  void banks(const std::string& name, std::int64_t channels) {
    for (const char* bank : {".bn_0", ".bn_1", ".bn_2"}) batch_norm(name + bank, channels);
  }
  StoredTensors tensors;

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape, float low, float high) {
    std::size_t size = 1;
    for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
    const drnet::Random random(11, drnet::Purpose::check, 0, static_cast<std::uint32_t>(tensors.size()));
    StoredTensor tensor{std::move(shape), std::vector<float>(size)};
    for (std::size_t i = 0; i < size; ++i)
      tensor.values[i] = random.uniform(static_cast<std::uint32_t>(i), low, high);
    tensors.emplace(name, std::move(tensor));
  }
};

inline StoredTensors official_tensors() {
  LayoutMaker make;
  make.weight("conv1.weight", {8, 3, 3, 3});
  make.banks("bn1", 8);
  make.weight("layer1.0.conv1.weight", {4, 8, 1, 1});
  make.banks("layer1.0.bn1", 4);
  make.weight("layer1.0.conv2.weight", {4, 4, 3, 3});
  make.banks("layer1.0.bn2", 4);
  make.weight("layer1.0.conv3.weight", {16, 4, 1, 1});
  make.banks("layer1.0.bn3", 16);
  make.weight("layer1.0.down_sample_layer.0.weight", {16, 8, 1, 1});
  make.banks("layer1.0.down_sample_layer.1", 16);
  make.weight("layer1.1.conv1.weight", {4, 16, 1, 1});
  make.banks("layer1.1.bn1", 4);
  make.weight("layer1.1.conv2.weight", {4, 4, 3, 3});
  make.banks("layer1.1.bn2", 4);
  make.weight("layer1.1.conv3.weight", {16, 4, 1, 1});
  make.banks("layer1.1.bn3", 16);
  make.weight("end_point.weight", {10, 16});
  make.weight("end_point.bias", {10});
  make.weight("predictor.conv1.weight", {8, 3, 3, 3});
  make.batch_norm("predictor.bn1", 8);
  make.weight("predictor.layer1.0.conv1.weight", {8, 8, 3, 3});
  make.batch_norm("predictor.layer1.0.bn1", 8);
  make.weight("predictor.layer1.0.conv2.weight", {8, 8, 3, 3});
  make.batch_norm("predictor.layer1.0.bn2", 8);
  make.weight("predictor.layer2.0.conv1.weight", {12, 8, 3, 3});
  make.batch_norm("predictor.layer2.0.bn1", 12);
  make.weight("predictor.layer2.0.conv2.weight", {12, 12, 3, 3});
  make.batch_norm("predictor.layer2.0.bn2", 12);
  make.weight("predictor.layer2.0.down_sample_layer.0.weight", {12, 8, 1, 1});
  make.batch_norm("predictor.layer2.0.down_sample_layer.1", 12);
  make.weight("predictor.end_point.weight", {3, 12});
  make.weight("predictor.end_point.bias", {3});
  return make.tensors;
}

inline void write_tensors(const std::filesystem::path& path, const StoredTensors& tensors) {
  std::vector<drnet::NamedTensor> views;
  for (const auto& entry : tensors)
    views.push_back(
        drnet::named_tensor(entry.first, entry.second.shape, std::span<const float>(entry.second.values)));
  drnet::write_safetensors(path, views);
}

/// A feature map [channels][height][width].
struct PlainMap {
  PlainMap(std::size_t c, std::size_t h, std::size_t w)
      : channels(c), height(h), width(w), values(c * h * w) {}
  double& at(std::size_t c, std::size_t y, std::size_t x) { return values[(c * height + y) * width + x]; }
  [[nodiscard]] double at(std::size_t c, std::size_t y, std::size_t x) const {
    return values[(c * height + y) * width + x];
  }
  std::size_t channels, height, width;
  std::vector<double> values;
};

/// src = dst * scale, two taps along each side.
inline PlainMap resized_asymmetrically(const PlainMap& in, std::size_t side) {
  PlainMap out(in.channels, side, side);
  for (std::size_t c = 0; c < in.channels; ++c)
    for (std::size_t y = 0; y < side; ++y)
      for (std::size_t x = 0; x < side; ++x) {
        const double v = static_cast<double>(y) * static_cast<double>(in.height) / static_cast<double>(side);
        const double u = static_cast<double>(x) * static_cast<double>(in.width) / static_cast<double>(side);
        const auto top = static_cast<std::size_t>(v), left = static_cast<std::size_t>(u);
        const std::size_t bottom = std::min(top + 1, in.height - 1), right = std::min(left + 1, in.width - 1);
        const double a = v - static_cast<double>(top), b = u - static_cast<double>(left);
        out.at(c, y, x) = (1 - a) * ((1 - b) * in.at(c, top, left) + b * in.at(c, top, right)) +
                          a * ((1 - b) * in.at(c, bottom, left) + b * in.at(c, bottom, right));
      }
  return out;
}

/// The published evaluation of one image on tensors in the official layout.
class OfficialEvaluation {
 public:
  explicit OfficialEvaluation(StoredTensors tensors) : tensors_(std::move(tensors)) {}

  /// The predictor's logits for a crop.
  [[nodiscard]] std::vector<double> predict(const PlainMap& crop) const {
    PlainMap x = relu(norm("predictor.bn1", conv("predictor.conv1", resized_asymmetrically(crop, 16), 2)));
    for (const auto& [block, stride] : {std::pair("predictor.layer1.0", 1), {"predictor.layer2.0", 2}}) {
      const std::string name = block;
      PlainMap y = relu(norm(name + ".bn1", conv(name + ".conv1", x, stride)));
      y = norm(name + ".bn2", conv(name + ".conv2", y, 1));
      const std::string shortcut = name + ".down_sample_layer.";
      x = relu(sum(y, stride == 1 ? x : norm(shortcut + "1", conv(shortcut + "0", x, stride))));
    }
    return linear("predictor.end_point", pooled(x));
  }
  /// The classifier's logits for a crop, at a resolution with a bank; `projection`: the bank of the shortcut.
  [[nodiscard]] std::vector<double> classify(const PlainMap& crop, std::size_t side, int bank,
                                             int projection = 0) const {
    const std::string own = ".bn_" + std::to_string(bank), other = ".bn_" + std::to_string(projection);
    PlainMap x = relu(norm("bn1" + own, conv("conv1", resized_asymmetrically(crop, side), 1)));
    for (const auto& [block, stride] : {std::pair("layer1.0", 2), {"layer1.1", 1}}) {
      const std::string name = block;
      PlainMap y = relu(norm(name + ".bn1" + own, conv(name + ".conv1", x, 1)));
      y = relu(norm(name + ".bn2" + own, conv(name + ".conv2", y, stride)));
      y = norm(name + ".bn3" + own, conv(name + ".conv3", y, 1));
      const std::string shortcut = name + ".down_sample_layer.";
      x = relu(sum(y, stride == 1 ? x : norm(shortcut + "1" + other, conv(shortcut + "0", x, stride))));
    }
    return linear("end_point", pooled(x));
  }

 private:
  [[nodiscard]] const StoredTensor& tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    INFO(name);
    REQUIRE(found != tensors_.end());
    return found->second;
  }
  /// Padding: half of the kernel.
  [[nodiscard]] PlainMap conv(const std::string& name, const PlainMap& in, int step) const {
    const StoredTensor& weight = tensor(name + ".weight");
    const auto out_channels = static_cast<std::size_t>(weight.shape[0]);
    const auto kernel = static_cast<std::size_t>(weight.shape[2]), stride = static_cast<std::size_t>(step);
    const std::size_t padding = kernel / 2;
    PlainMap out(out_channels, (in.height - 1) / stride + 1, (in.width - 1) / stride + 1);
    for (std::size_t o = 0; o < out_channels; ++o)
      for (std::size_t y = 0; y < out.height; ++y)
        for (std::size_t x = 0; x < out.width; ++x)
          for (std::size_t i = 0; i < in.channels; ++i)
            for (std::size_t p = 0; p < kernel; ++p)
              for (std::size_t q = 0; q < kernel; ++q) {
                const std::size_t row = y * stride + p - padding, column = x * stride + q - padding;
                if (row < in.height && column < in.width)  // what is negative has wrapped around
                  out.at(o, y, x) +=
                      in.at(i, row, column) *
                      static_cast<double>(weight.values[((o * in.channels + i) * kernel + p) * kernel + q]);
              }
    return out;
  }
  [[nodiscard]] PlainMap norm(const std::string& name, PlainMap map) const {
    const auto part = [&](const char* word, std::size_t c) {
      return static_cast<double>(tensor(name + word).values[c]);
    };
    for (std::size_t c = 0; c < map.channels; ++c) {
      const double scale = part(".gamma", c) / std::sqrt(part(".moving_variance", c) + 1e-5);
      const double mean = part(".moving_mean", c), beta = part(".beta", c);
      for (std::size_t i = 0; i < map.height * map.width; ++i) {
        double& v = map.values[c * map.height * map.width + i];
        v = (v - mean) * scale + beta;
      }
    }
    return map;
  }
  static PlainMap relu(PlainMap map) {
    for (double& v : map.values) v = std::max(v, 0.0);
    return map;
  }
  static PlainMap sum(PlainMap a, const PlainMap& b) {
    REQUIRE(a.values.size() == b.values.size());
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
    return a;
  }
  static std::vector<double> pooled(const PlainMap& map) {
    std::vector<double> means(map.channels);
    const std::size_t pixels = map.height * map.width;
    for (std::size_t i = 0; i < map.values.size(); ++i)
      means[i / pixels] += map.values[i] / static_cast<double>(pixels);
    return means;
  }
  [[nodiscard]] std::vector<double> linear(const std::string& name, const std::vector<double>& in) const {
    const StoredTensor &weight = tensor(name + ".weight"), &bias = tensor(name + ".bias");
    std::vector<double> out(bias.values.begin(), bias.values.end());
    for (std::size_t o = 0; o < out.size(); ++o)
      for (std::size_t i = 0; i < in.size(); ++i)
        out[o] += static_cast<double>(weight.values[o * in.size() + i]) * in[i];
    return out;
  }

  StoredTensors tensors_;
};

}  // namespace support
