// Runs exported models under ONNX Runtime (compare.mjs, in the folder into which ctest's fixture has
// installed it) and compares its logits with ours.
#pragma once

#include <onnx/networks.hpp>
#include <support/catch.hpp>
#include <support/logits.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include <drnet/io/onnx.hpp>

#include <cstdio>

namespace onnx_test {

using namespace drnet;

/// The folder with compare.mjs.
inline constexpr const char* kRuntime = DRNET_ONNX_RUNTIME;

/// Models in a folder, with images and our logits.
class RuntimeCheck {
 public:
  static constexpr Index kImages = 3;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  /// `name`.onnx, which is in the folder or will be, shows this network.
  template <Shape In, class Net>
  void expect(const std::string& name, const Net& net, int bank) {
    const auto images =
        support::fill<float>("onnx.images." + name, static_cast<std::size_t>(kImages * In.size()), -2, 2);
    const auto ours = support::logits<In>(net, bank, images, kImages);
    write(name + ".images", images);
    write(name + ".logits", ours);
    models_.push_back({{"name", name},
                       {"shape", {kImages, In.channels, In.height, In.width}},
                       {"classes", static_cast<Index>(ours.size()) / kImages}});
  }
  /// Exports a network and expects it.
  template <Shape In, class Net>
  void add(const std::string& name, const Net& net, int bank, const OnnxOptions& options = {}) {
    export_onnx<In>(net, bank, folder_ / (name + ".onnx"), options);
    expect<In>(name, net, bank);
  }
  /// Exports all parts of a dynamic network and expects them.
  template <class Net>
  void add(const Net& net, const OnnxOptions& options = {}) {
    export_onnx(net, folder(), options);
    unroll<Net::kCount>([&](auto j) {
      expect<Net::template kInput<j>>("classifier_" + std::to_string(Net::Candidates::kValues[j]),
                                      net.classifier(), j);
    });
    if constexpr (Net::kHasPredictor) expect<Net::kPredictorInput>("predictor", net.predictor(), 0);
  }

  /// Empty where ONNX Runtime gives our logits; else what it says, which is printed in any case.
  [[nodiscard]] std::string disagreement() const {
    folder_.write("cases.json", nlohmann::json{{"tolerance", 1e-4}, {"models", models_}}.dump());
    const std::string command =
        "cd '" + std::string(kRuntime) + "' && node compare.mjs '" + folder().string() + "' 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
    std::cout << output;
    return ::pclose(pipe) == 0 ? "" : output;
  }

 private:
  void write(const std::string& name, const std::vector<float>& values) const {
    folder_.write(name, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }

  support::TempDir folder_;
  nlohmann::json models_ = nlohmann::json::array();
};

/// Whether ctest's fixture has installed ONNX Runtime; says so where the test has to return without it.
inline bool runtime_or_skip() {
  if (std::filesystem::exists(std::filesystem::path(kRuntime) / "installed")) return true;
  support::print_skipped("ONNX Runtime is not installed: see ctest's 'onnx_runtime: can be installed'");
  return false;
}

/// Gives a dynamic network values as of training, and checks all its parts.
template <class Net>
void check_all(Net& net, const OnnxOptions& options = {}) {
  vary(net.classifier(), 2);
  if constexpr (Net::kHasPredictor) vary(net.predictor(), 3);
  RuntimeCheck check;
  check.add(net, options);
  CHECK(check.disagreement() == "");
}

/// The same, with batch norms folded and kept.
template <class Net>
void check_both(Net& net) {
  for (const bool fold : {true, false}) check_all(net, {.fold_batch_norm = fold});
}

/// A classifier without a predictor at some resolutions. The largest networks of a family run at one: their
/// layers are those of the others, and each resolution costs its share of a minute of compiling.
template <class Classifier, int... R>
void check_candidates() {
  DynamicNetwork<Classifier, NoPredictor, Resolutions<R...>> net(1);
  check_all(net);
}

}  // namespace onnx_test
