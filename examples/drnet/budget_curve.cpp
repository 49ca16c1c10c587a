#include "budget_curve.hpp"

#include "costs.hpp"
#include "options.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace drnet::program {

namespace {

using nlohmann::json;

constexpr int kVersion = 1;

struct Suffix {
  std::string_view text;
  double factor;
  CostUnit unit;
};
constexpr Suffix kSuffixes[] = {{"", 1, CostUnit::macs},
                                {"k", 1e3, CostUnit::macs},
                                {"M", 1e6, CostUnit::macs},
                                {"G", 1e9, CostUnit::macs},
                                {"ms", 1, CostUnit::milliseconds}};

bool is_cascade(const Router& router) {
  return std::holds_alternative<CascadeRouter>(router);
}

const std::vector<double>& setting_of(const Router& router) {
  return is_cascade(router) ? std::get<CascadeRouter>(router).thresholds
                            : std::get<PredictorRouter>(router).offsets;
}

/// Reads the metadata entry; every way in which it can be wrong is an Error with the place.
class Reader {
 public:
  Reader(const ModelInfo& model, const std::string& weights)
      : model_(model), place_(weights + ", " + kBudgetCurves) {}

  [[nodiscard]] std::vector<BudgetCurve> read() const {
    if (model_.budget_curves.empty())
      throw Error(place_, "settings for budgets, which drnet tune stores (or --tune-on)", "none");
    const json all = json::parse(model_.budget_curves, nullptr, false);
    require(all.is_object(), "a JSON object", all);
    require(field(all, "version") == kVersion, "version " + std::to_string(kVersion), field(all, "version"));
    require(field(all, "candidates") == json(model_.candidates), "candidates " + join(model_.candidates),
            field(all, "candidates"));
    const json& list = field(all, "curves");
    require(list.is_array() && !list.empty(), "a list of curves", list);
    std::vector<BudgetCurve> curves;
    for (const json& curve : list) curves.push_back(curve_in(curve));
    return curves;
  }

 private:
  void require(bool valid, const std::string& expected, const json& got) const {
    if (valid) return;
    const std::string text = got.is_discarded() ? model_.budget_curves : got.dump();
    throw Error(place_, expected, text.size() > 60 ? text.substr(0, 60) + "..." : text);
  }
  [[nodiscard]] const json& field(const json& object, const char* key) const {
    static const json kNone;
    if (!object.is_object()) return kNone;
    const auto found = object.find(key);
    return found == object.end() ? kNone : *found;
  }
  [[nodiscard]] double number(const json& object, const char* key) const {
    const json& value = field(object, key);
    require(value.is_number() && value.get<double>() >= 0, std::string(key) + ", a number of at least 0",
            value);
    return value.get<double>();
  }
  [[nodiscard]] Index count(const json& object, const char* key) const {
    const json& value = field(object, key);
    require(value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<int>::max(),
            std::string(key) + ", a count", value);
    return value.get<Index>();
  }
  /// One number for each candidate.
  [[nodiscard]] std::vector<double> numbers(const json& object, const char* key) const {
    const json& list = field(object, key);
    const bool valid = list.is_array() && list.size() == model_.candidates.size() &&
                       std::ranges::all_of(list, [](const json& v) { return v.is_number(); });
    require(valid, std::string(key) + ", " + std::to_string(model_.candidates.size()) + " numbers", list);
    return list.get<std::vector<double>>();
  }

  [[nodiscard]] BudgetCurve curve_in(const json& object) const {
    const json &router = field(object, "router"), &unit = field(object, "unit");
    require(router == "predictor" || router == "cascade", "router predictor or cascade", router);
    require(unit == "macs" || unit == "ms", "unit macs or ms", unit);
    const bool cascade = router == "cascade";
    require(cascade || model_.predictor_trained, "a predictor in the weights", "none");
    const std::vector<double> temperatures =
        cascade ? numbers(object, "temperatures") : std::vector<double>{};
    BudgetCurve curve{.costs = {.unit = unit == "macs" ? CostUnit::macs : CostUnit::milliseconds,
                                .candidates = numbers(object, "candidate_costs"),
                                .predictor = number(object, "predictor_cost")},
                      .points = {}};
    const json& points = field(object, "points");
    require(points.is_array() && !points.empty(), "a list of points", points);
    for (const json& point : points) {
      BudgetPoint read{.router = PredictorRouter{},
                       .budget = number(point, "budget"),
                       .cost = number(point, "cost"),
                       .correct = count(point, "correct"),
                       .images = count(point, "images"),
                       .shares = numbers(point, "shares")};
      require(read.images > 0 && read.correct <= read.images, "at most as many correct as images", point);
      if (cascade)
        read.router = CascadeRouter{numbers(point, "thresholds"), temperatures};
      else
        read.router = PredictorRouter{numbers(point, "offsets")};
      curve.points.push_back(std::move(read));
    }
    check(curve);
    return curve;
  }
  /// What the library itself would refuse.
  void check(const BudgetCurve& curve) const {
    const int m = static_cast<int>(model_.candidates.size());
    try {
      curve.costs.check(m);
      for (const BudgetPoint& point : curve.points) check_router(point.router, m, true);
    } catch (const Error& e) {
      throw Error(place_ + ", " + e.place(), e.expected(), e.got());
    }
  }

  const ModelInfo& model_;
  std::string place_;
};

}  // namespace

Budget parse_budget(const std::string& option, const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  const auto* const found = std::ranges::find(kSuffixes, suffix, &Suffix::text);
  if (error != std::errc() || found == std::end(kSuffixes) || !(value > 0) ||
      !std::isfinite(value * found->factor))
    throw Error(option, "multiply-adds such as 180M or 1.2G, or milliseconds such as 4.5ms",
                "'" + text + "'");
  return {value * found->factor, found->unit};
}

void require_budget(const Budget& budget, double least) {
  if (budget.cost < least)
    throw Error("--budget",
                "at least " + cost_text(least, budget.unit) + " an image, which the cheapest setting costs",
                cost_text(budget.cost, budget.unit));
}

json to_json(const BudgetCurve& curve) {
  const Router& router = curve.points.front().router;
  json points = json::array();
  for (const BudgetPoint& point : curve.points)
    points.push_back({{"budget", point.budget},
                      {"cost", point.cost},
                      {"accuracy", point.accuracy()},
                      {"correct", point.correct},
                      {"images", point.images},
                      {"shares", point.shares},
                      {is_cascade(router) ? "thresholds" : "offsets", setting_of(point.router)}});
  json fields{{"event", "budget_curve"},
              {"router", router_name(router, {})},
              {"unit", unit_name(curve.costs.unit)},
              {"candidate_costs", curve.costs.candidates},
              {"predictor_cost", curve.costs.predictor},
              {"points", std::move(points)}};
  if (is_cascade(router)) fields["temperatures"] = std::get<CascadeRouter>(router).temperatures;
  return fields;
}

std::string to_text(const BudgetCurve& curve, const std::vector<int>& candidates) {
  const bool macs = curve.costs.unit == CostUnit::macs, cascade = is_cascade(curve.points.front().router);
  const auto cost = [&](double value) { return macs ? fixed(value / 1e6, 2) : fixed(value, 4); };
  std::vector<std::vector<std::string>> rows{{"budget", "cost", "accuracy"}};
  for (const int r : candidates) rows.front().push_back(std::to_string(r) + " px");
  rows.front().push_back(cascade ? "thresholds" : "offsets");
  for (const BudgetPoint& point : curve.points) {
    rows.push_back({cost(point.budget), cost(point.cost), fixed(100 * point.accuracy(), 2) + " %"});
    for (const double share : point.shares) rows.back().push_back(fixed(100 * share, 1) + " %");
    std::string setting;
    for (const double v : setting_of(point.router)) setting += fixed(v, 3) + ' ';
    setting.pop_back();
    rows.back().push_back(setting);
  }
  return router_name(curve.points.front().router, {}) + ", " + (macs ? "M multiply-adds" : "ms") +
         " an image:\n" + table(rows, "r");
}

std::string stored_text(const std::vector<BudgetCurve>& curves, const ModelInfo& model) {
  json list = json::array();
  for (const BudgetCurve& curve : curves) {
    list.push_back(to_json(curve));
    list.back().erase("event");
  }
  return json{{"version", kVersion}, {"candidates", model.candidates}, {"curves", std::move(list)}}.dump();
}

std::vector<BudgetCurve> stored_curves(const ModelInfo& model, const std::string& weights) {
  return Reader(model, weights).read();
}

BudgetChoice best_within(const std::vector<BudgetCurve>& curves, const Budget& budget,
                         const std::string& router) {
  constexpr double kRounding = 1 + 1e-9;  // of a budget in text
  std::optional<BudgetChoice> best;
  double least = std::numeric_limits<double>::infinity();
  for (const BudgetCurve& curve : curves) {
    const std::string name = router_name(curve.points.front().router, {});
    if (curve.costs.unit != budget.unit || (!router.empty() && name != router)) continue;
    for (const BudgetPoint& point : curve.points) {
      least = std::min(least, point.cost);
      if (point.cost > budget.cost * kRounding) continue;
      const bool better = !best || point.accuracy() > best->point.accuracy() ||
                          (point.accuracy() == best->point.accuracy() && point.cost < best->point.cost);
      if (better) best = BudgetChoice{curve.costs, point};
    }
  }
  if (best) return *std::move(best);
  if (std::isfinite(least)) require_budget(budget, least);
  throw Error("--budget",
              std::string("settings for a budget in ") + unit_name(budget.unit) +
                  (router.empty() ? "" : " with the router " + router) + ", which drnet tune stores",
              "none in the weights");
}

}  // namespace drnet::program
