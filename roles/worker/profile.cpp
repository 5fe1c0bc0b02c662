#include "roles/worker/profile.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "kernels/cpu.h"
#include "roles/report/progress.h"

namespace edge {
namespace {

constexpr int min_repeats = 3;
constexpr double min_seconds_per_layer = 0.02;

/// Mean of the runs of a second, without the slowest: a mean, since a limited CPU share stops a process now
/// and then, and that is a part of its speed.
double whole_network_seconds(Executor& executor, const Graph& graph) {
  constexpr double long_enough_s = 1;
  std::vector<LayerIndex> layers(static_cast<std::size_t>(graph.size()) - 1);
  std::iota(layers.begin(), layers.end(), 1);
  const TensorMap input{{0, Tensor(graph.layer(0).output_shape)}};
  executor.run(layers, input, graph.boundary(graph.size()));  // prepares
  double sum = 0;
  double slowest = 0;
  int runs = 0;
  while (runs <= min_repeats || sum < long_enough_s) {
    const auto start = std::chrono::steady_clock::now();
    executor.run(layers, input, graph.boundary(graph.size()));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    sum += seconds;
    slowest = std::max(slowest, seconds);
    ++runs;
  }
  return (sum - slowest) / (runs - 1);
}

}  // namespace

std::vector<double> measure_layers(Executor& executor, const Graph& graph, const std::string& name) {
  spdlog::info("measures its {} layers", graph.size() - 1);
  ProgressBar progress(fmt::format("{} measures its layers", name),
                       static_cast<std::uint64_t>(graph.size() - 1));
  std::vector<double> cost =
      profile_layers(executor, graph, min_repeats, min_seconds_per_layer,
                     [&](int done, int) { progress.update(static_cast<std::uint64_t>(done)); });
  // One at a time layers cost more than in a row, where some are fused and the maps stay in the cache.
  const double alone = std::accumulate(cost.begin(), cost.end(), 0.0);
  if (alone > 0) {
    const double factor = whole_network_seconds(executor, graph) / alone;
    for (double& seconds : cost) seconds *= factor;
  }
  return cost;
}

ProfileKey profile_key(int threads, const net::Identity& identity) {
  return {.cpu_model = kernels::cpu_model(),
          .isa = identity.isa,
          .gemm_backend = gemm_backend_from_environment() == GemmBackend::edge ? "edge" : "openblas",
          .threads = threads,
          .software_version = identity.software_version,
          .model_hash = identity.model_hash};
}

std::vector<double> load_or_measure_profile(Executor& executor, const Model& model, const Config& config,
                                            const net::Identity& identity, bool reprofile,
                                            const std::stop_token& stop) {
  const ProfileCache cache(config.cache_directory);
  const ProfileKey key = profile_key(executor.threads(), identity);
  const auto layers = static_cast<std::size_t>(model.graph.size());
  // Without the lock: whoever knows its costs does not wait for one that measures.
  if (!reprofile) {
    if (ProfileCache::Loaded loaded = cache.load(key, layers); loaded.layer_cost) {
      return *std::move(loaded.layer_cost);
    }
  }
  const ProfileLock lock =
      cache.lock(stop, [] { spdlog::info("waits for another process that measures layers"); });
  if (stop.stop_requested()) throw Cancelled();
  if (!lock.warning().empty()) spdlog::warn("{}", lock.warning());
  if (!reprofile) {
    // The other process may have measured just this.
    ProfileCache::Loaded loaded = cache.load(key, layers);
    if (!loaded.warning.empty()) spdlog::warn("{}", loaded.warning);
    if (loaded.layer_cost) return *std::move(loaded.layer_cost);
  }
  std::vector<double> cost = measure_layers(executor, model.graph, identity.name());
  if (const std::string warning = cache.store(key, cost); !warning.empty()) spdlog::warn("{}", warning);
  return cost;
}

}  // namespace edge
