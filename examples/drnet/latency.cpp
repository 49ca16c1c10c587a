#include "latency.hpp"

#include "options.hpp"
#include "pictures.hpp"
#include "text.hpp"

#include <drnet/core/statistics.hpp>
#include <drnet/data/subset.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>

namespace drnet::program {

namespace {

/// A session that is timed, with the times of its rounds.
struct Timed {
  std::unique_ptr<Classifying> session;
  std::vector<double> alone, together;
  double macs = 0;
};

/// Every picture is decoded once.
std::vector<Batch> decoded(const Dataset& dataset, const ModelInfo& info, const LatencyOptions& options) {
  const std::size_t count = std::min(options.pictures, dataset.size());
  std::vector<std::size_t> spread;
  for (std::size_t i = 0; i < count; ++i) spread.push_back(i * dataset.size() / count);
  const Subset pictures(std::shared_ptr<const Dataset>(&dataset, [](const Dataset*) {}), std::move(spread));
  const Loader loader(pictures, evaluation_transform(info),
                      {.batch = std::min(options.batch, count), .shuffle = false, .threads = 0});
  std::vector<Batch> batches;
  for (Batch& batch : loader.epoch(0)) batches.push_back(std::move(batch));
  return batches;
}

/// Milliseconds of an image where calls have `most` images at most.
double milliseconds(Classifying& session, const std::vector<Batch>& batches, Index most) {
  std::vector<Classification> results;
  Index images = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const Batch& batch : batches) {
    const ImageBatch<float> all = batch.view();
    for (Index first = 0; first < all.count; first += most) {
      ImageBatch<float> part = all;
      part.data = all.image(first);
      part.count = std::min(most, all.count - first);
      results.resize(static_cast<std::size_t>(part.count));
      session.classify(part, results, images);
      images += part.count;
    }
  }
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return time.count() / static_cast<double>(images);
}

/// Multiply-adds of an image; warms the session up.
double average_macs(Classifying& session, const std::vector<Batch>& batches) {
  std::vector<Classification> results;
  double macs = 0;
  Index images = 0;
  for (const Batch& batch : batches) {
    results.resize(batch.labels.size());
    session.classify(batch.view(), results, images);
    for (const Classification& result : results) macs += static_cast<double>(session.macs(result));
    images += batch.view().count;
  }
  return macs / static_cast<double>(images);
}

}  // namespace

std::vector<NamedRouter> usual_routers(const ModelInfo& model) {
  std::vector<NamedRouter> routers;
  const auto add = [&](const Router& router) {
    routers.push_back({router_name(router, model.candidates), router});
  };
  for (std::size_t j = 0; j < model.candidates.size(); ++j) add(FixedRouter{static_cast<int>(j)});
  if (model.has_predictor() && model.predictor_trained) add(PredictorRouter{});
  return routers;
}

std::vector<Latency> measure_latency(const Model& model, const Policy& policy,
                                     const std::vector<NamedRouter>& routers, const Dataset& dataset,
                                     const LatencyOptions& options) {
  const std::vector<Batch> batches = decoded(dataset, model.info(), options);
  std::vector<Timed> timed;
  for (const NamedRouter& one : routers) {
    timed.push_back({model.session(policy, {.router = one.router}), {}, {}, 0});
    timed.back().macs = average_macs(*timed.back().session, batches);
  }
  const Index most = batches.front().view().count;
  for (int round = 0; round < options.rounds; ++round)
    for (Timed& one : timed) {
      one.alone.push_back(milliseconds(*one.session, batches, 1));
      one.together.push_back(milliseconds(*one.session, batches, most));
    }
  std::vector<Latency> results;
  for (std::size_t i = 0; i < timed.size(); ++i)
    results.push_back(
        {routers[i].name, most, median(timed[i].alone), median(timed[i].together), timed[i].macs});
  return results;
}

nlohmann::json to_json(const std::vector<Latency>& results, int threads) {
  nlohmann::json entries = nlohmann::json::array();
  const auto add = [&](const Latency& one, Index images, double milliseconds) {
    entries.push_back({{"router", one.router},
                       {"images", images},
                       {"milliseconds", milliseconds},
                       {"average_macs", one.average_macs}});
  };
  for (const Latency& one : results) {
    add(one, 1, one.alone);
    if (one.batch > 1) add(one, one.batch, one.together);
  }
  return {{"event", "latency"}, {"threads", threads}, {"results", entries}};
}

std::string to_text(const std::vector<Latency>& results, int threads) {
  const Latency& first = results.front();
  std::vector<std::vector<std::string>> rows{
      {"milliseconds an image, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"), "alone",
       "of " + std::to_string(first.batch), "multiply-adds"}};
  for (const Latency& one : results)
    rows.push_back(
        {one.router, fixed(one.alone, 3), fixed(one.together, 3), fixed(one.average_macs / 1e9, 4) + " G"});
  return table(rows, "lr");
}

}  // namespace drnet::program
