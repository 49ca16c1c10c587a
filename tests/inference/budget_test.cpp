// The budget solver against every setting that there is, on few images; and on many.
#include <inference/random_outputs.hpp>
#include <support/catch.hpp>

#include <drnet/inference/budget.hpp>

#include <set>

using namespace drnet;
using support::falling_costs;
using support::judge;
using support::random_outputs;

namespace {

/// Values that differ in how they compare with those of `at`: below all, midway, above all.
std::vector<double> between(const std::set<double>& at) {
  std::vector<double> values{at.empty() ? 0 : *at.begin() - 1};
  for (auto it = at.begin(); it != at.end(); ++it)
    values.push_back(std::next(it) == at.end() ? *it + 1 : (*it + *std::next(it)) / 2);
  return values;
}

/// Every setting of offsets that differs in its answers: cells of the arrangement of the lines on which two
/// candidates tie (m = 2 or 3).
std::vector<Router> all_offsets(const Outputs& outputs) {
  std::set<double> first, difference, second;
  const int m = outputs.candidates;
  const auto z = [&](Index i, int j) {
    return static_cast<double>(outputs.choice(i)[static_cast<std::size_t>(j)]);
  };
  for (Index i = 0; i < outputs.images(); ++i) {
    first.insert(z(i, 0) - z(i, 1));
    if (m == 3) {
      second.insert(z(i, 0) - z(i, 2));
      difference.insert(z(i, 1) - z(i, 2));
    }
  }
  std::set<double> vertices = first;
  for (const double d : difference)
    for (const double s : second) vertices.insert(s - d);
  std::vector<Router> all;
  for (const double o1 : between(vertices)) {
    if (m == 2) all.emplace_back(PredictorRouter{{0, o1}});
    std::set<double> lines = second;
    for (const double d : difference) lines.insert(o1 + d);
    for (const double o2 : between(lines))
      if (m == 3) all.emplace_back(PredictorRouter{{0, o1, o2}});
  }
  return all;
}

/// Every setting of thresholds that differs in its answers (m = 2 or 3).
std::vector<Router> all_thresholds(const Outputs& outputs, const std::vector<double>& temperatures) {
  std::vector<std::set<double>> values(static_cast<std::size_t>(outputs.candidates), {0, 1});
  for (int j = 1; j < outputs.candidates; ++j)
    for (Index i = 0; i < outputs.images(); ++i)
      values[static_cast<std::size_t>(j)].insert(
          top_probability(outputs.at(i, j), CascadeRouter{{}, temperatures}.temperature(j)));
  std::vector<Router> all;
  for (const double t1 : values[1]) {
    if (outputs.candidates == 2) all.emplace_back(CascadeRouter{{0, t1}, temperatures});
    if (outputs.candidates == 3)
      for (const double t2 : values[2]) all.emplace_back(CascadeRouter{{0, t1, t2}, temperatures});
  }
  return all;
}

/// Checks a solution: it keeps to its budget, and what it says of itself is true. Returns the images that the
/// best of `all` is right about and the solution is not.
Index check_point(const BudgetPoint& point, const Outputs& outputs, const Costs& costs,
                  const std::vector<Router>& all) {
  CAPTURE(point.budget, outputs.candidates);
  const auto n = static_cast<double>(outputs.images());
  const auto own = judge(outputs, costs, point.router);
  CHECK(point.cost <= point.budget * (1 + 1e-12));
  CHECK(point.cost == Approx(own.total / n).epsilon(1e-12));
  CHECK(point.correct == own.correct);
  CHECK(point.images == outputs.images());
  for (std::size_t j = 0; j < own.chosen.size(); ++j)
    CHECK(point.shares[j] == Approx(static_cast<double>(own.chosen[j]) / n));
  Index best = 0;
  for (const Router& router : all) {
    const auto judged = judge(outputs, costs, router);
    if (judged.total <= point.budget * n * (1 + 1e-12)) best = std::max(best, judged.correct);
  }
  CHECK(own.correct <= best);
  return best - own.correct;
}

}  // namespace

TEST_CASE("Thresholds are the best of all, for two and three candidates", "[budget]") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const int m = 2 + static_cast<int>(seed % 2), levels = seed % 3 == 0 ? 3 : 0;
    const Outputs outputs = random_outputs(17, m, 3, seed, levels);
    const Costs costs = falling_costs(m, true, seed % 4 == 3);
    const std::vector<double> temperatures =
        seed % 5 == 0 ? std::vector<double>{} : std::vector<double>(static_cast<std::size_t>(m), 0.6);
    const Router router = CascadeRouter{{}, temperatures};
    const auto all = all_thresholds(outputs, temperatures);
    for (const BudgetPoint& point : solve_budgets(router, outputs, costs, spread_budgets(router, costs, 7))) {
      CAPTURE(seed);
      CHECK(check_point(point, outputs, costs, all) == 0);
    }
  }
}

TEST_CASE("Offsets are the best of all for two candidates, and nearly for three", "[budget]") {
  Index missed = 0, solved = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const int m = 2 + static_cast<int>(seed % 2), levels = seed % 3 == 0 ? 3 : 0;
    const Outputs outputs = random_outputs(m == 2 ? 17 : 9, m, 3, seed, levels);
    const Costs costs = falling_costs(m, true, seed % 4 == 3);
    const auto all = all_offsets(outputs);
    for (const BudgetPoint& point :
         solve_budgets(PredictorRouter{}, outputs, costs, spread_budgets(PredictorRouter{}, costs, 7))) {
      CAPTURE(seed);
      const Index worse = check_point(point, outputs, costs, all);
      CHECK(worse <= (m == 2 ? 0 : 1));
      missed += worse;
      ++solved;
    }
  }
  CAPTURE(missed, solved);
  CHECK(missed * 20 <= solved);
}

TEST_CASE("A larger budget is never less accurate, and refining never hurts", "[budget]") {
  const Outputs outputs = random_outputs(600, 3, 5, 1);
  const Costs costs = falling_costs(3, true);
  for (const Router& router : {Router(PredictorRouter{}), Router(CascadeRouter{})}) {
    const auto budgets = spread_budgets(router, costs, 15);
    CHECK(budgets.front() == least_budget(router, costs));
    const auto plain = solve_budgets(router, outputs, costs, budgets, {.refine = false});
    const auto points = solve_budgets(router, outputs, costs, budgets);
    const std::vector<double> backwards(budgets.rbegin(), budgets.rend());
    const auto turned = solve_budgets(router, outputs, costs, backwards);
    for (std::size_t b = 0; b < points.size(); ++b) {
      if (b > 0) CHECK(points[b].correct >= points[b - 1].correct);
      CHECK(points[b].correct >= plain[b].correct);
      CHECK(points[b].cost <= budgets[b] * (1 + 1e-12));
      CHECK(points[b].correct == turned[points.size() - 1 - b].correct);
      CHECK(points[b].cost == turned[points.size() - 1 - b].cost);
    }
    CHECK(points.front().shares.back() == 1);  // the smallest candidate for all
    CHECK(points.back().correct > points.front().correct);
    const auto judged = judge_router(points[7].router, outputs, costs);
    CHECK(judged.correct == points[7].correct);
    CHECK(judged.cost == points[7].cost);
    CHECK(judged.shares == points[7].shares);
  }
}

TEST_CASE("One parameter: offsets are a multiple of the costs, thresholds all the same", "[budget]") {
  const Outputs outputs = random_outputs(300, 4, 5, 2);
  const Costs costs = falling_costs(4, true);
  for (const auto& point :
       solve_budgets(PredictorRouter{}, outputs, costs, std::vector{7.0, 8.5}, {.refine = false})) {
    const auto& o = std::get<PredictorRouter>(point.router).offsets;
    for (std::size_t j = 1; j < 4; ++j)
      CHECK(o[j] * (costs.candidates[0] - costs.candidates[1]) ==
            Approx(o[1] * (costs.candidates[0] - costs.candidates[j])));
    CHECK(o[1] != 0);
  }
  const auto points = solve_budgets(CascadeRouter{}, outputs, costs, std::vector{7.0}, {.refine = false});
  const auto& t = std::get<CascadeRouter>(points.front().router).thresholds;
  CHECK(t[1] == t[2]);
  CHECK(t[2] == t[3]);
  CHECK(t[1] > 0);
}

TEST_CASE("Where all candidates cost or say the same there is nothing to gain", "[budget]") {
  Outputs outputs = random_outputs(50, 3, 4, 3, 1);
  const Costs costs{.unit = CostUnit::macs, .candidates = {5, 5, 5}, .predictor = 1};
  for (const auto& point : solve_budgets(PredictorRouter{}, outputs, costs, std::vector{6.0, 9.0}))
    CHECK(point.cost == 6);
  std::fill(outputs.predictor.begin(), outputs.predictor.end(), 0.5F);  // all images flip together
  const auto point =
      solve_budgets(PredictorRouter{}, outputs, falling_costs(3, true), std::vector{6.0}).front();
  CHECK(judge(outputs, falling_costs(3, true), point.router).correct == point.correct);
  CHECK(std::count(point.shares.begin(), point.shares.end(), 1.0) == 1);
  const Outputs single = random_outputs(9, 1, 4, 4);
  const Costs one{.unit = CostUnit::macs, .candidates = {5}, .predictor = 0};
  for (const Router& router : {Router(PredictorRouter{}), Router(CascadeRouter{})})
    CHECK(solve_budgets(router, single, one, std::vector{5.0}).front().cost == 5);
}

TEST_CASE("Five candidates and ten thousand images", "[budget]") {
  const Outputs outputs = random_outputs(10'000, 5, 3, 5);
  const Costs costs = falling_costs(5, true);
  for (const Router& router : {Router(PredictorRouter{}), Router(CascadeRouter{})}) {
    const auto point = solve_budgets(router, outputs, costs, std::vector{5.0}).front();
    const auto own = judge(outputs, costs, point.router);
    CHECK(point.correct == own.correct);
    CHECK(point.cost == Approx(own.total / 10'000));
    CHECK(point.cost <= 5);
    CHECK(point.cost > 4.9);
  }
}

TEST_CASE("The solver refuses budgets and outputs that make no sense", "[budget]") {
  const Outputs outputs = random_outputs(8, 3, 4, 6);
  const Costs costs = falling_costs(3, true);
  const auto solve = [&](const Router& router, double budget, const Outputs& from, const Costs& with) {
    return solve_budgets(router, from, with, std::vector{budget});
  };
  CHECK_THROWS_WITH(
      solve(PredictorRouter{}, 4.7, outputs, costs),
      "budget: expected at least 4.74444 ms an image, which the cheapest answer costs, got 4.7 ms");
  CHECK_THROWS_WITH(
      solve(CascadeRouter{}, 4.4, outputs, costs),
      "budget: expected at least 4.44444 ms an image, which the cheapest answer costs, got 4.4 ms");
  CHECK_NOTHROW(solve(CascadeRouter{}, 4.7, outputs, costs));
  for (const double bad : {std::nan(""), HUGE_VAL, -1.0})
    CHECK_THROWS_AS(solve(PredictorRouter{}, bad, outputs, costs), Error);
  CHECK_THROWS_AS(solve(FixedRouter{}, 9, outputs, costs), Error);
  CHECK_THROWS_AS(solve(CascadeRouter{{}, {1, 1}}, 9, outputs, costs), Error);
  CHECK_THROWS_AS(solve(PredictorRouter{}, 9, outputs, falling_costs(2, true)), Error);
  Outputs blind = outputs, odd = outputs, none = outputs;
  blind.predictor.clear();
  odd.logits[3] = std::nanf("");
  odd.predictor[1] = HUGE_VALF;
  none.labels.clear();
  CHECK_THROWS_AS(solve(PredictorRouter{}, 9, blind, costs), Error);
  CHECK_THROWS_AS(solve(PredictorRouter{}, 9, odd, costs), Error);
  CHECK_THROWS_AS(solve(CascadeRouter{}, 9, odd, costs), Error);
  CHECK_THROWS_AS(solve(CascadeRouter{}, 9, none, costs), Error);
  CHECK_NOTHROW(solve(CascadeRouter{}, 9, blind, costs));
  CHECK_THROWS_AS(judge_router(PredictorRouter{{1, 2}}, outputs, costs), Error);
  CHECK_THROWS_AS(judge_router(CascadeRouter{}, outputs, costs), Error);
  CHECK_THROWS_AS(spread_budgets(PredictorRouter{}, costs, 1), Error);
}
