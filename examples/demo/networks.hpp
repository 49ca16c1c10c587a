// What the demonstration compares, and who runs it.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>
#if DRNET_WITH_TBB
#include <drnet/core/tbb.hpp>
#elif DRNET_WITH_OPENMP
#include <drnet/core/openmp.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <thread>

namespace demo {

constexpr int kClasses = 10, kSize = 32;
using Classifier = drnet::models::CifarResNet<1, kClasses>;
using Fixed = drnet::DynamicNetwork<Classifier, drnet::NoPredictor, drnet::Resolutions<32>>;
using Predictor = drnet::models::ResolutionPredictor<32, drnet::models::PredictorOptions{
                                                             .widths = {8, 16, 0, 0}, .small_stem = true}>;
using Dynamic = drnet::DynamicNetwork<Classifier, Predictor, drnet::Resolutions<32, 24, 16>>;

/// All processors, through whatever this build has.
inline drnet::Policy all_processors() {
  [[maybe_unused]] const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
#if DRNET_WITH_TBB
  return drnet::TBB(threads);
#elif DRNET_WITH_OPENMP
  return drnet::OpenMP(threads);
#else
  return drnet::Serial{};
#endif
}

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace demo
