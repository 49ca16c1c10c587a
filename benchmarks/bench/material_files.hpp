// Writes what a peer reads, in a process of its own, so that no worker's memory holds it: RESOLUTION COUNT
// FOLDER writes model.onnx (one resolution, any number of images, batch norms folded), weights.safetensors,
// images.f32 and labels.i32 of COUNT images into FOLDER.
#pragma once

#include <bench/material.hpp>

#include <drnet/io/weights.hpp>
#if DRNET_WITH_ONNX
#include <drnet/io/onnx.hpp>
#endif

namespace bench {

template <class Net>
void write_material(Index count, const std::filesystem::path& folder) {
  const Net net = random_network<Net>();
  write_floats(folder / "images.f32", random_images(count, Net::Candidates::kLargest));
  std::ofstream labels(folder / "labels.i32", std::ios::binary);
  for (const std::int32_t label : random_labels(count, Net::kClasses))
    labels.write(reinterpret_cast<const char*>(&label), sizeof label);
  drnet::export_candidate(net, 0, folder / "weights.safetensors");
#if DRNET_WITH_ONNX
  drnet::export_onnx<Net::template kInput<0>>(net.classifier(), 0, folder / "model.onnx");
#endif
}

template <class Topology, int... Resolutions>
int material_files(int argc, char** argv) {
  return guarded([&] {
    if (argc != 4) throw std::runtime_error("called with RESOLUTION COUNT FOLDER");
    at_resolution<Resolutions...>(std::stoi(argv[1]), [&](auto r) {
      write_material<FixedNetwork<Topology, decltype(r)::value>>(std::stoi(argv[2]), argv[3]);
    });
  });
}

}  // namespace bench
