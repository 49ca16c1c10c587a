#include <resnet50_convolutions.hpp>

void time_resnet50_at_112() {
  benchmark_support::time_resnet50<112>();
}
