// Costs, counted and measured.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/inference/measured_cost.hpp>

#include <chrono>
#include <cmath>

using namespace drnet;

namespace {
using Net = support::TinyNet<float>;
using Blind = DynamicNetwork<support::TinyClassifier, NoPredictor, support::TinyCandidates>;
constexpr CostOptions kQuick{.batch = 2, .rounds = 3, .least_seconds = 1e-4};
}  // namespace

TEST_CASE("Counted costs are the exact multiply-adds", "[costs]") {
  const Costs costs = counted_costs<Net>();
  CHECK(costs.unit == CostUnit::macs);
  REQUIRE(costs.candidates.size() == 3);
  for (std::size_t j = 0; j < 3; ++j) CHECK(costs.candidates[j] == static_cast<double>(Net::kMacs[j]));
  CHECK(costs.predictor == static_cast<double>(Net::kPredictorMacs));
  CHECK(counted_costs<Blind>().predictor == 0);
  CHECK_NOTHROW(costs.check(3));
}

TEST_CASE("Measured costs are milliseconds of an image", "[costs]") {
  const Costs costs = measure_costs(Net(1), Serial{}, kQuick);
  CHECK(costs.unit == CostUnit::milliseconds);
  CHECK_NOTHROW(costs.check(3));
  CHECK(costs.predictor > 0);
  // At least two of three rounds take the median or more, and a call has two images: the clock agrees.
  const auto start = std::chrono::steady_clock::now();
  const Costs again = measure_costs(Net(1), Serial{}, kQuick);
  const double took =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  double sum = again.predictor;
  for (const double c : again.candidates) sum += c;
  CHECK(sum * 2 * 2 <= took);
  CHECK(measure_costs(Blind(1), Serial{}, kQuick).predictor == 0);
}

TEST_CASE("Costs in words and costs that make no sense", "[costs]") {
  CHECK(cost_text(180e6, CostUnit::macs) == "180 M multiply-adds");
  CHECK(cost_text(4.5, CostUnit::milliseconds) == "4.5 ms");
  const Net net(1);
  for (const CostOptions& options :
       {CostOptions{.batch = 0}, CostOptions{.rounds = 0}, CostOptions{.side = -1}})
    CHECK_THROWS_AS(measure_costs(net, Serial{}, options), Error);
  for (const std::vector<double>& bad :
       {std::vector<double>{}, {1.0, 2.0}, {1.0, 0.0, 1.0}, {1.0, std::nan(""), 1.0}})
    CHECK_THROWS_AS((Costs{.candidates = bad}.check(3)), Error);
  CHECK_THROWS_AS((Costs{.candidates = {1, 1, 1}, .predictor = -1}.check(3)), Error);
}
