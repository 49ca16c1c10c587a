// GFLOP/s of ResNet-50's convolutions at 224, 168 and 112 on one thread, beside the same loops with run-time
// extents.
#include <cstdio>

void time_resnet50_at_224();
void time_resnet50_at_168();
void time_resnet50_at_112();

int main() {
  std::printf("compiler %s, one thread, medians of interleaved runs\n", __VERSION__);
  time_resnet50_at_224();
  time_resnet50_at_168();
  time_resnet50_at_112();
}
