// A mix whose convolutions are all direct: what a multiply-add saves is then the same in every layer.
#pragma once

#define DRNET_EXACT
#include <bench/mix.hpp>

namespace bench {

template <class Topology, int... Resolutions>
int exact_mix(int argc, char** argv) {
  return mix<Topology, Resolutions...>(argc, argv);
}

}  // namespace bench
