// The interface Model for one network type: each function is one call of the library.
#pragma once

#include "layer_rows.hpp"
#include "model.hpp"
#include "names.hpp"

#include <drnet/dynamic/inherit.hpp>
#include <drnet/inference/collect_outputs.hpp>
#include <drnet/io/weights.hpp>
#if DRNET_WITH_ONNX
#include <drnet/io/onnx.hpp>
#endif

#include <nlohmann/json.hpp>

#include <utility>

namespace drnet::program {

template <class Net>
class SessionOf final : public Classifying {
 public:
  SessionOf(const Net& net, Policy policy, SessionOptions options)
      : session_(net, std::move(policy), std::move(options)), workspace_(session_.make_workspace()) {}
  void classify(const ImageBatch<float>& images, std::span<Classification> results, Index first) override {
    session_.classify(images, results, workspace_, {}, first);
  }
  [[nodiscard]] Index macs(const Classification& result) const override { return session_.macs(result); }
  void collect(const ImageBatch<float>& images, std::span<const int> labels, Outputs& to) override {
    collect_outputs(session_, images, labels, workspace_, to);
  }
  [[nodiscard]] Costs measured_costs(const CostOptions& options) const override {
    return measure_costs(session_, options);
  }

 private:
  Session<Net> session_;
  typename Session<Net>::Workspace workspace_;
};

/// Defined in training_of.hpp, which is the larger half of the compiler's work: it gets a file of its own.
template <class Net>
std::unique_ptr<Training> make_training(Net& net, Policy policy, Index batch, TrainerOptions options);
template <class Net>
LinearProbeReport probe_network(Net& net, const Loader& loader, std::size_t pictures, Policy policy,
                                const LinearProbeOptions& options,
                                const std::function<void(std::size_t)>& done);
/// Beside it, because measuring batch norms is a training pass.
template <class Net>
void unfold_network(Net& net, const ImageBatch<float>& images, const Policy& policy);
template <class Net>
void calibrate_network(Net& net, const ImageBatch<float>& images, const Policy& policy,
                       const CalibrationOptions& options);
template <class Net>
void recalibrate_network(Net& net, const ImageBatch<float>& images, const Policy& policy,
                         const RecalibrationOptions& options);

template <class Net>
class ModelOf final : public Model {
 public:
  /// Parameters are drawn from `seed`.
  ModelOf(std::string name, bool small_pictures, std::uint64_t seed) : net_(seed) {
    info_ = {.name = std::move(name),
             .classes = Net::kClasses,
             .candidates = {Net::Candidates::kValues.begin(), Net::Candidates::kValues.end()},
             .macs = {Net::kMacs.begin(), Net::kMacs.end()},
             .predictor_macs = Net::kRoutingMacs,
             .predictor_input = Net::Predictor::kInput,
             .parameters = Net::kParameters,
             .small_pictures = small_pictures};
  }

  [[nodiscard]] const ModelInfo& info() const override { return info_; }
  [[nodiscard]] Summary summary() const override {
    Summary summary;
    unroll<Net::kCount>([&](auto j) {
      add_input<typename Net::Classifier, Net::template kInput<j>>(Net::kBanks, summary.classifier);
    });
    if constexpr (Net::kHasPredictor)
      add_input<typename Net::PredictorTopology, Net::kPredictorInput>(1, summary.predictor);
    return summary;
  }
  void load(const std::filesystem::path& path, const LoadOptions& options) override {
    const SafeTensors file = SafeTensors::read(path);
    const auto other = file.metadata().find("model");
    const Preparation preparation = preparation_of(file.metadata(), path.string());
    std::vector<std::string> names = class_names_in(file.metadata(), info_.classes);
    try {
      drnet::load(net_, file, options);
      info_.preparation = preparation;
      info_.class_names = std::move(names);
      const auto curves = file.metadata().find(kBudgetCurves);
      info_.budget_curves = curves == file.metadata().end() ? "" : curves->second;
      info_.predictor_trained = holds_predictor(file);
    } catch (const Error& e) {
      if (other == file.metadata().end() || other->second == info_.name) throw;
      throw Error(path.string(), "weights of " + info_.name,
                  "those of " + other->second + " (" + e.got() + ")");
    }
  }
  void save(const std::filesystem::path& path, const Metadata& metadata,
            const SaveOptions& options) const override {
    drnet::save(net_, path, described(metadata), options);
  }
  LinearProbeReport fit_head(const Loader& loader, std::size_t pictures, Policy policy,
                             const LinearProbeOptions& options,
                             const std::function<void(std::size_t)>& done) override {
    info_.budget_curves.clear();  // the answers change
    return probe_network(net_, loader, pictures, std::move(policy), options, done);
  }
  Index inherit_layers() override {
    if constexpr (Net::kHasPredictor)
      return drnet::inherit_layers(net_);
    else
      return 0;
  }
  void unfold_batch_norm(const ImageBatch<float>& images, const Policy& policy) override {
    unfold_network(net_, images, policy);
  }
  void calibrate_banks(const ImageBatch<float>& images, const Policy& policy,
                       const CalibrationOptions& options) override {
    calibrate_network(net_, images, policy, options);
    info_.budget_curves.clear();  // the answers changed
  }
  void recalibrate(const ImageBatch<float>& images, const Policy& policy,
                   const RecalibrationOptions& options) override {
    recalibrate_network(net_, images, policy, options);
    info_.budget_curves.clear();
  }
  void export_candidate(int candidate, const std::filesystem::path& path,
                        const Metadata& metadata) const override {
    Metadata all = described(metadata);
    all.erase(kBudgetCurves);  // one candidate leaves nothing to choose
    drnet::export_candidate(net_, candidate, path, all);
  }
  std::vector<std::filesystem::path> export_onnx([[maybe_unused]] const std::filesystem::path& folder,
                                                 [[maybe_unused]] bool keep_batch_norm,
                                                 [[maybe_unused]] const Metadata& metadata) const override {
#if DRNET_WITH_ONNX
    return drnet::export_onnx(
        net_, folder, {.fold_batch_norm = !keep_batch_norm, .metadata = described(metadata, "class_names")});
#else
    throw Error("--format onnx", "a build with the component drnet::onnx", "one without it");
#endif
  }
  [[nodiscard]] std::unique_ptr<Classifying> session(Policy policy, SessionOptions options) const override {
    return std::make_unique<SessionOf<Net>>(net_, std::move(policy), std::move(options));
  }
  [[nodiscard]] std::unique_ptr<Training> training(Policy policy, Index batch,
                                                   TrainerOptions options) override {
    info_.budget_curves.clear();  // the answers will change
    info_.predictor_trained = info_.predictor_trained || options.stage == 2;
    return make_training(net_, std::move(policy), batch, std::move(options));
  }

 private:
  /// With what load() kept, where `metadata` does not say it already.
  [[nodiscard]] Metadata described(Metadata metadata, const char* class_names = kClassNames) const {
    metadata.merge(metadata_of(info_.preparation));
    if (!info_.class_names.empty()) metadata.emplace(class_names, nlohmann::json(info_.class_names).dump());
    if (!info_.budget_curves.empty()) metadata.emplace(kBudgetCurves, info_.budget_curves);
    return metadata;
  }

  Net net_;
  ModelInfo info_;
};

}  // namespace drnet::program
