// Candidate resolutions are listed largest first.
// EXPECT: candidate resolutions must be positive, listed once each, largest first
// EXPECT: Resolutions<168, 224>
#include <drnet/dynamic/resolutions.hpp>

#ifdef DRNET_BAD
constexpr int kCount = drnet::Resolutions<168, 224>::kCount;
#else
constexpr int kCount = drnet::Resolutions<224, 168>::kCount;
#endif
static_assert(kCount == 2);
