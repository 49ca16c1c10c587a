// Every execution policy of this build with several numbers of threads, for tests that nothing depends on
// them.
#pragma once

#include <support/thread_policy.hpp>

#include <drnet/core/parallel.hpp>
#if DRNET_WITH_OPENMP
#include <drnet/core/openmp.hpp>
#endif
#if DRNET_WITH_TBB
#include <drnet/core/tbb.hpp>
#endif

#include <string>
#include <utility>
#include <vector>

namespace support {

/// Names and policies; the first one is serial.
inline std::vector<std::pair<std::string, drnet::Policy>> policies() {
  std::vector<std::pair<std::string, drnet::Policy>> all{{"serial", drnet::Serial{}}};
  for (const int threads : {1, 2, 3, 8}) {
    const std::string count = std::to_string(threads);
    all.emplace_back("std::thread " + count, ThreadPolicy{threads});
#if DRNET_WITH_OPENMP
    all.emplace_back("OpenMP " + count, drnet::OpenMP{threads});
#endif
#if DRNET_WITH_TBB
    all.emplace_back("TBB " + count, drnet::TBB{threads});
#endif
  }
  return all;
}

}  // namespace support
