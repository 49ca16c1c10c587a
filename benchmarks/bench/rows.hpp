// The rows of the side-by-side benchmark.
#pragma once

#include <string>
#include <vector>

namespace bench {

enum class Work { inference, training, mix };

struct Row {
  Work work = Work::inference;
  std::string model;  ///< as the worker's programs are named, e.g. "ResNet50"
  int resolution = 0, batch = 0, threads = 0;
  bool quick = false;    ///< also with --quick
  std::string shares{};  ///< of the candidates in a mix, e.g. "0.2,0.4,0.4"
  bool singly = false;   ///< a mix whose images arrive one by one
  bool exact = false;    ///< a mix without Winograd
  std::string rate{};    ///< of learning
};

[[nodiscard]] inline std::string work_name(const Row& row) {
  switch (row.work) {
    case Work::inference:
      return "inference";
    case Work::training:
      return "training";
    case Work::mix:
      return row.singly ? "mix, one by one" : row.exact ? "exact mix" : "mix";
  }
  return "";
}

/// What --only looks in, and the beginning of a line of the table.
[[nodiscard]] inline std::string title(const Row& row) {
  return work_name(row) + " " + row.model + " " + std::to_string(row.resolution) +
         (row.shares.empty() ? "" : " (" + row.shares + ")") + " batch " + std::to_string(row.batch) +
         " threads " + std::to_string(row.threads);
}

namespace detail {

inline void add_inference(std::vector<Row>& rows) {
  struct Model {
    const char* name;
    std::vector<int> resolutions;
  };
  const std::vector<Model> models{{"ResNet50", {224, 168, 112}},
                                  {"ResNet18", {224, 168, 112}},
                                  {"MobileNetV2", {224, 168, 112}},
                                  {"EfficientNetB0", {224, 168, 112}},
                                  {"CifarResNet20", {32, 24, 16}}};
  for (const Model& model : models)
    for (const int resolution : model.resolutions)
      for (const int batch : {1, 16})
        for (const int threads : {1, 2}) {
          // Each model at its ends: one image of the largest size on one thread, a batch of the smallest on
          // two.
          const bool quick = (resolution == model.resolutions.front() && batch == 1 && threads == 1) ||
                             (resolution == model.resolutions.back() && batch == 16 && threads == 2);
          rows.push_back({Work::inference, model.name, resolution, batch, threads, quick});
        }
}

inline void add_training(std::vector<Row>& rows) {
  const auto add = [&](const char* model, int resolution, int batch, const char* rate, bool quick) {
    rows.push_back({.work = Work::training,
                    .model = model,
                    .resolution = resolution,
                    .batch = batch,
                    .threads = 2,
                    .quick = quick,
                    .rate = rate});
  };
  // A new ResNet-50 has gradients so large that from 1e-4 on a step leaps, and amplifies roundings: PyTorch's
  // own two layouts are then 1e-3 apart after it.
  for (const int resolution : {224, 168, 112}) add("ResNet50", resolution, 8, "1e-5", false);
  for (const int resolution : {128, 96}) add("ResNet18", resolution, 16, "1e-2", resolution == 96);
  add("MobileNetV2", 128, 16, "1e-2", true);
  add("CifarResNet20", 32, 64, "1e-2", true);
}

inline void add_mixes(std::vector<Row>& rows) {
  constexpr int kImages = 64;
  const std::string third = "0.3333,0.3333,0.3334", small = "0.2,0.4,0.4";
  for (const char* model : {"ResNet50", "MobileNetV2"}) {
    const bool quick = model == std::string("MobileNetV2");
    for (const int threads : {1, 2})
      for (const std::string& shares :
           {std::string("1,0,0"), std::string("0,1,0"), std::string("0,0,1"), third, small})
        rows.push_back(
            {Work::mix, model, 224, kImages, threads, quick && threads == 2 && shares == small, shares});
    for (const int threads : {1, 2})
      rows.push_back({Work::mix, model, 224, kImages, threads, quick && threads == 1, small, true});
    for (const int threads : {1, 2})
      for (const std::string& shares : {std::string("0,1,0"), std::string("0,0,1"), third, small})
        rows.push_back({.work = Work::mix,
                        .model = model,
                        .resolution = 224,
                        .batch = kImages,
                        .threads = threads,
                        .shares = shares,
                        .exact = true});
  }
}

}  // namespace detail

[[nodiscard]] inline std::vector<Row> all_rows() {
  std::vector<Row> rows;
  detail::add_inference(rows);
  detail::add_training(rows);
  detail::add_mixes(rows);
  return rows;
}

}  // namespace bench
