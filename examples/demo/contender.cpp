#include "contender.hpp"

#include <thread>

drnet::Policy demo::all_processors() {
  [[maybe_unused]] const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
#if DRNET_WITH_TBB
  return drnet::TBB(threads);
#elif DRNET_WITH_OPENMP
  return drnet::OpenMP(threads);
#else
  return drnet::Serial{};
#endif
}
