// The policy of a number of threads, through whatever this build has.
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/parallel.hpp>
#if DRNET_WITH_OPENMP
#include <drnet/core/openmp.hpp>
#elif DRNET_WITH_TBB
#include <drnet/core/tbb.hpp>
#endif

namespace benchmark_support {

inline drnet::Policy policy_of(int threads) {
  if (threads == 1) return drnet::Serial{};
#if DRNET_WITH_OPENMP
  return drnet::OpenMP{threads};
#elif DRNET_WITH_TBB
  return drnet::TBB{threads};
#else
  throw drnet::Error("benchmark of several threads", "a build with OpenMP or oneTBB", "neither");
#endif
}

}  // namespace benchmark_support
