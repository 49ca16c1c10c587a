// Are the gradients right? Analytic against numeric ones, in double, for a residual block with two banks of
// batch norm. The same call checks a layer of one's own.
#include <drnet/drnet.hpp>
#include <drnet/training/gradient_check.hpp>

#include <cstdio>

using namespace drnet;

int main() {
  // A stride, so that the shortcut is a projection; odd sides, so that borders are seen; the second bank.
  using Block = BasicBlock<12, BlockOptions{.stride = 2}>;
  const GradientReport report = check_gradients<Block, Shape{5, 7, 9}>(
      {.batch = 3, .seed = 1, .bank = 1, .banks = 2, .max_values = 20});
  std::printf("%s%s\n", report.summary().c_str(), report.passes() ? "all within 1e-6" : "FAILED");
  return report.passes() ? 0 : 1;
}
