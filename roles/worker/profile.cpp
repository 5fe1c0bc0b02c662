#include "roles/worker/profile.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "kernels/cpu.h"
#include "roles/profile_cache.h"
#include "roles/report/progress.h"

namespace edge {
namespace {

constexpr int min_repeats = 3;
constexpr double min_seconds_per_layer = 0.02;

std::vector<double> measure(Executor& executor, const Graph& graph, const std::string& name) {
  spdlog::info("measures its {} layers", graph.size() - 1);
  ProgressBar progress(fmt::format("{} measures its layers", name),
                       static_cast<std::uint64_t>(graph.size() - 1));
  return profile_layers(executor, graph, min_repeats, min_seconds_per_layer,
                        [&](int done, int) { progress.update(static_cast<std::uint64_t>(done)); });
}

}  // namespace

std::vector<double> load_or_measure_profile(Executor& executor, const Model& model, const Config& config,
                                            const net::Identity& identity, bool reprofile,
                                            const std::stop_token& stop) {
  const ProfileCache cache(config.cache_directory);
  const ProfileKey key{
      .cpu_model = kernels::cpu_model(),
      .isa = identity.isa,
      .gemm_backend = gemm_backend_from_environment() == GemmBackend::edge ? "edge" : "openblas",
      .threads = executor.threads(),
      .software_version = identity.software_version,
      .model_hash = identity.model_hash};
  const auto layers = static_cast<std::size_t>(model.graph.size());
  const ProfileLock lock =
      cache.lock(stop, [] { spdlog::info("waits for another process that measures layers"); });
  if (stop.stop_requested()) throw Cancelled();
  if (!lock.warning().empty()) spdlog::warn("{}", lock.warning());
  if (!reprofile) {
    ProfileCache::Loaded loaded = cache.load(key, layers);
    if (!loaded.warning.empty()) spdlog::warn("{}", loaded.warning);
    if (loaded.layer_cost) return *std::move(loaded.layer_cost);
  }
  std::vector<double> cost = measure(executor, model.graph, identity.name());
  if (const std::string warning = cache.store(key, cost); !warning.empty()) spdlog::warn("{}", warning);
  return cost;
}

net::Message profile_message(const std::vector<double>& layer_cost) {
  return {.type = net::MessageType::profile, .payload = net::to_cbor({{"layer_cost", layer_cost}})};
}

std::vector<double> parse_profile(const net::Message& message, const Graph& graph) {
  try {
    auto cost = net::from_cbor(message.payload).at("layer_cost").get<std::vector<double>>();
    const bool sane =
        cost.size() == static_cast<std::size_t>(graph.size()) &&
        std::all_of(cost.begin(), cost.end(), [](double s) { return std::isfinite(s) && s >= 0; });
    if (!sane) throw net::ConnectionLost("it sent impossible layer costs");
    return cost;
  } catch (const nlohmann::json::exception&) {
    throw net::ConnectionLost("it sent malformed layer costs");
  }
}

}  // namespace edge
