// Cross-fitting: each half of the images is answered with what was fitted on the other.
#include <inference/random_outputs.hpp>
#include <support/catch.hpp>

#include <drnet/inference/cross_fit.hpp>

using namespace drnet;
using support::falling_costs;
using support::judge;
using support::random_outputs;

TEST_CASE("every second image keeps its label, logits and predictor", "[budget]") {
  const Outputs all = random_outputs(7, 3, 4, 1);
  const Outputs odd = every(all, 1, 2);
  odd.check();
  REQUIRE(odd.images() == 3);
  for (Index i = 0; i < odd.images(); ++i) {
    const Index from = 2 * i + 1;
    CHECK(odd.labels[static_cast<std::size_t>(i)] == all.labels[static_cast<std::size_t>(from)]);
    for (int j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 4; ++k) CHECK(odd.at(i, j)[k] == all.at(from, j)[k]);
    for (std::size_t j = 0; j < 3; ++j) CHECK(odd.choice(i)[j] == all.choice(from)[j]);
  }
}

TEST_CASE("routed answers are those of the definition", "[budget]") {
  const Outputs outputs = random_outputs(101, 3, 5, 2);
  const Costs costs = falling_costs(3, true);
  for (const Router& router : {Router(PredictorRouter{{0, 0, 0}}), Router(PredictorRouter{{0, 0.5, -0.25}}),
                               Router(CascadeRouter{{0, 0.4, 0.6}, {1, 2, 0.5}})}) {
    const RoutedAnswers answers = route(router, outputs, costs);
    const auto expected = judge(outputs, costs, router);
    CHECK(answers.correct() == expected.correct);
    CHECK(answers.cost == Approx(expected.total / 101).epsilon(1e-12));
    for (int j = 0; j < 3; ++j)
      CHECK(std::count(answers.candidates.begin(), answers.candidates.end(), j) ==
            expected.chosen[static_cast<std::size_t>(j)]);
  }
  CHECK_THROWS_AS(route(FixedRouter{0}, outputs, costs), Error);
  const std::vector<int> first(101, 0), beyond(101, 3);
  CHECK(answers_of(first, outputs, costs.candidates).cost == Approx(costs.candidates[0]).epsilon(1e-12));
  CHECK_THROWS_AS(answers_of(beyond, outputs, costs.candidates), Error);
  CHECK_THROWS_AS(answers_of({0, 1}, outputs, costs.candidates), Error);
}

TEST_CASE("each half is answered by the other one's setting", "[budget]") {
  const Outputs outputs = random_outputs(201, 3, 5, 3);
  const Costs costs = falling_costs(3, true);
  for (const Router& start : {Router(PredictorRouter{}), Router(CascadeRouter{})}) {
    const std::vector<double> budgets{7};
    std::vector<Index> fitted_images;
    const RoutedAnswers answers = cross_fit(outputs, costs, budgets[0], [&](const Outputs& half) {
      fitted_images.push_back(half.images());
      return start;
    });
    CHECK(fitted_images == std::vector<Index>{100, 101});  // odd numbers for the even ones, then the reverse
    double total = 0;
    Index correct = 0;
    for (const Index half : {0, 1}) {
      const Outputs other = every(outputs, 1 - half, 2);
      const Router router = solve_budgets(start, other, costs, budgets)[0].router;
      const auto expected = judge(every(outputs, half, 2), costs, router);
      total += expected.total;
      Index right = 0;
      for (Index i = half; i < outputs.images(); i += 2) right += answers.right[static_cast<std::size_t>(i)];
      CHECK(right == expected.correct);
      correct += expected.correct;
    }
    CHECK(answers.correct() == correct);
    CHECK(answers.cost == Approx(total / 201).epsilon(1e-12));
  }
}

// On outputs that are noise, what a fit seems to be worth on its own images is chance; the other half does
// not pay it.
TEST_CASE("cross-fitting does not profit from chance", "[budget]") {
  Index fitted = 0, judged = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Outputs outputs = random_outputs(60, 3, 5, 100 + seed);
    const Random random(seed, Purpose::check, 9);
    for (std::size_t i = 0; i < outputs.labels.size(); ++i)
      outputs.labels[i] = static_cast<int>(random.below(static_cast<std::uint32_t>(i), 5));
    const Costs costs = falling_costs(3, false);
    const std::vector<double> budgets{8};
    fitted += solve_budgets(PredictorRouter{}, outputs, costs, budgets)[0].correct;
    judged +=
        cross_fit(outputs, costs, budgets[0], [](const Outputs&) { return PredictorRouter{}; }).correct();
  }
  CHECK(judged < fitted);
  CHECK(judged > 20 * 60 / 10);  // a fifth is chance
  CHECK(judged < 20 * 60 / 3);
}

TEST_CASE("cross-fitting needs images for both halves", "[budget]") {
  const Costs costs = falling_costs(2, true);
  const auto fit = [](const Outputs&) { return PredictorRouter{}; };
  CHECK_THROWS_AS(cross_fit(random_outputs(1, 2, 3, 1), costs, 9, fit), Error);
  CHECK_THROWS_AS(cross_fit(random_outputs(9, 2, 3, 1), costs, 1, fit), Error);
}
