// A program that hands a network of its own to other runtimes.
#include <drnet/drnet.hpp>
#include <drnet/io/onnx.hpp>

#include <iostream>

using Tiny = drnet::Sequential<drnet::Conv2d<drnet::ConvOptions{.out = 16, .kernel = 3}>, drnet::BatchNorm,
                               drnet::ReLU, drnet::GlobalAveragePool, drnet::Linear<10>>;
using Net = drnet::DynamicNetwork<Tiny, drnet::NoPredictor, drnet::Resolutions<32, 16>>;

int main() {
  const auto files = drnet::export_onnx(Net(1), "models");
  for (const auto& file : files)
    std::cout << file.string() << ": " << std::filesystem::file_size(file) << " bytes\n";
  return files.size() == 2 ? 0 : 1;
}
