#include <resnet50_convolutions.hpp>

void time_resnet50_at_168() {
  benchmark_support::time_resnet50<168>();
}
