// A candidate resolution is listed once.
// EXPECT: candidate resolutions must be positive, listed once each, largest first
// EXPECT: Resolutions<224, 168, 168>
#include <drnet/dynamic/resolutions.hpp>

#ifdef DRNET_BAD
constexpr int kCount = drnet::Resolutions<224, 168, 168>::kCount;
#else
constexpr int kCount = drnet::Resolutions<224, 168, 112>::kCount;
#endif
static_assert(kCount == 3);
