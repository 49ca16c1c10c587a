// The twin: the same classifier at the largest resolution only.
#include "evaluate.hpp"
#include "train.hpp"

#include <cstdio>

demo::Result demo::run_fixed(const Pictures& train_set, const Pictures& test_set, double seconds) {
  Fixed net(1);
  const drnet::Index images = train(net, *train_set, {}, {seconds, 0.1, 0});
  std::printf("fixed 32          trained on %ld images\n", static_cast<long>(images));
  return evaluate("fixed 32", net, *test_set, drnet::FixedRouter{0});
}
