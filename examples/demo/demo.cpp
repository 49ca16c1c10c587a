// The demonstration behind ./run demo: a network of fixed resolution, its dynamic-resolution twin, and a
// router that throws dice, each trained for the same time on drawn pictures and compared on pictures of a
// seed none of them saw.
//   demo [SECONDS [PICTURE.svg]]
#include "demo.hpp"

#include <drnet/data/in_memory.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void print_shares(const std::vector<double>& shares) {
  for (const double share : shares) std::printf(" %4.0f %%", 100 * share);
  std::printf("\n");
}

void print(const demo::Result& r) {
  std::printf("%-15s  %6.2f %%  [%5.2f, %5.2f]  %7.2f M  %8.4f ms ", r.name.c_str(), 100 * r.accuracy,
              100 * r.low, 100 * r.high, r.macs / 1e6, r.milliseconds);
  print_shares(r.shares);
}

/// Whether the choice follows what the pictures need.
void print(const std::array<std::vector<double>, 3>& shares_by_detail) {
  std::printf("\nThe predictor's choice, by the smallest size that keeps a picture's class:\n");
  for (std::size_t detail = 0; detail < shares_by_detail.size(); ++detail) {
    std::printf("%-66s ", std::array{"  16 keeps it", "  24 keeps it", "  only 32 keeps it"}[detail]);
    print_shares(shares_by_detail[detail]);
  }
}

/// What the numbers say, whichever way they fell. A saving within the noise of training is none, and a choice
/// that dice make better is no choice.
void judge(const demo::Result& fixed, const demo::Result& dynamic, const demo::Result& random) {
  constexpr double kLeastSaving = 10;  // percent
  const double saved = 100 * (1 - dynamic.macs / fixed.macs);
  const auto points = [](double difference) {
    std::printf("%.2f points %s accurate", 100 * std::abs(difference), difference < 0 ? "less" : "more");
  };
  std::printf("\nThe dynamic network used %.1f %% %s multiply-adds than the fixed one and was ",
              std::abs(saved), saved < 0 ? "more" : "fewer");
  points(dynamic.accuracy - fixed.accuracy);
  const bool overlap = dynamic.high >= fixed.low && fixed.high >= dynamic.low;
  std::printf(" (the 95 %% intervals %s).\nA random choice with the same shares was ",
              overlap ? "overlap" : "do not overlap");
  points(random.accuracy - dynamic.accuracy);
  std::printf(" than the predictor's.\n");
  if (saved < kLeastSaving)
    std::printf("It did NOT win in this run: it saved too little to count.\n");
  else if (dynamic.high < fixed.low)
    std::printf("It did NOT win in this run: the saving cost accuracy.\n");
  else if (random.accuracy > dynamic.accuracy)
    std::printf("It did NOT win in this run: dice chose better than the predictor.\n");
  else
    std::printf("It won: fewer multiply-adds at %s accuracy.\n",
                dynamic.low > fixed.high ? "a higher" : "the same");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
    if (!(seconds > 0)) throw drnet::Error("demo: seconds", "a number above 0", argv[1]);
    const auto train_set = std::make_shared<drnet::InMemory>(drnet::Synthetic({.images = 40'000, .seed = 1}));
    const auto test_set = std::make_shared<drnet::Synthetic>(
        drnet::SyntheticOptions{.images = 4'000, .seed = 2, .split = drnet::Split::test});
    std::printf(
        "Three networks, %.0f s of training each, on %zu drawn pictures of 10 classes (5 shapes x 2 "
        "directions)\n",
        seconds, train_set->size());
    const demo::Result fixed = demo::run_fixed(train_set, test_set, seconds);
    const demo::DynamicResults dynamic =
        demo::run_dynamic(train_set, test_set, seconds, argc > 2 ? argv[2] : "");
    std::printf("\nOn %zu held-out pictures (another seed); multiply-adds include the predictor\n",
                test_set->size());
    std::printf("%-15s  %8s  %14s  %9s  %11s  %s\n", "", "accuracy", "95 % interval", "MACs", "per image",
                "shares of 32/24/16");
    print(fixed);
    print(dynamic.dynamic);
    print(dynamic.random);
    for (const demo::Result& candidate : dynamic.candidates) print(candidate);
    print(dynamic.shares_by_detail);
    judge(fixed, dynamic.dynamic, dynamic.random);
    return 0;
  } catch (const drnet::Error& error) {
    std::fprintf(stderr, "demo: %s\n", error.what());
    return 1;
  }
}
