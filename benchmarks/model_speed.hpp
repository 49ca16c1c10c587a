// One model at one resolution: parameters, multiply-adds, images a second.
#pragma once

#include <policy.hpp>
#include <timing.hpp>

#include <drnet/core/random.hpp>
#include <drnet/inference/session.hpp>

#include <cstdio>

namespace benchmark_support {

/// Prints one line: milliseconds an image for one image and for a batch of 16, on one thread and on two; the
/// four take turns. Weights and pictures are random.
template <class Topology, int Resolution>
void time_model(const char* name) {
  using namespace drnet;
  using Net = DynamicNetwork<Topology, NoPredictor, Resolutions<Resolution>>;
  constexpr Index batch = 16;
  const Net net(1);
  const Random random(2, Purpose::check);
  std::vector<float> pixels(static_cast<std::size_t>(batch) * 3 * Resolution * Resolution);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = random.uniform(static_cast<std::uint32_t>(i), -2.0F, 2.0F);
  std::vector<std::function<void()>> runs;
  std::vector<Index> images;
  std::vector<std::shared_ptr<void>> kept;
  for (const int threads : {1, 2})
    for (const Index n : {Index{1}, batch}) {
      struct Run {
        Session<Net> session;
        typename Session<Net>::Workspace workspace;
        std::vector<Classification> results;
      };
      Session<Net> session(net, policy_of(threads), {.router = FixedRouter{0}});
      auto workspace = session.make_workspace();
      const auto run = std::make_shared<Run>(Run{std::move(session), std::move(workspace),
                                                 std::vector<Classification>(static_cast<std::size_t>(n))});
      kept.push_back(run);
      images.push_back(n);
      runs.push_back([run, &pixels, n] {
        run->session.classify({pixels.data(), n, 3, Resolution, Resolution}, run->results, run->workspace);
      });
    }
  const auto seconds = medians(runs, 1.0);
  std::printf("%-16s %4d %8.2f M %9.1f M", name, Resolution,
              static_cast<double>(parameter_count<Topology>) / 1e6,
              static_cast<double>(macs<Topology, Resolution>) / 1e6);
  for (std::size_t i = 0; i < seconds.size(); ++i)
    std::printf(" %8.2f", 1e3 * seconds[i] / static_cast<double>(images[i]));
  // Images a second in batches, on one thread and on two.
  std::printf(" %8.0f %8.0f\n", static_cast<double>(batch) / seconds[1],
              static_cast<double>(batch) / seconds[3]);
  std::fflush(stdout);
}

template <class Topology>
void time_model(const char* name) {
  time_model<Topology, 224>(name);
  time_model<Topology, 168>(name);
  time_model<Topology, 112>(name);
}

}  // namespace benchmark_support
