#include <resnet50_convolutions.hpp>

void time_resnet50_at_224() {
  benchmark_support::time_resnet50<224>();
}
