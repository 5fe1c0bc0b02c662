#include "roles/plan/model_costs.h"

#include <algorithm>
#include <cstddef>

#include "engine/executor.h"
#include "roles/model.h"
#include "roles/prediction/transfer_predictor.h"
#include "roles/worker/profile.h"

namespace edge::plan {
namespace {

constexpr std::size_t frames_of_group = 3;  // as [schedule] group_size has by default

}  // namespace

scheduling::Costs costs_of_network(const PlannedNetwork& network) {
  const Network loaded = load_network(network.model);
  const Graph& graph = loaded.graph;
  Executor executor(graph, *loaded.weights, {.threads = resolve_threads(network.threads)});
  const auto workers = static_cast<std::size_t>(network.workers);
  const prediction::TransferBytes bytes = prediction::untrained_predictor(graph)->mean();
  scheduling::Costs costs{.layer_cost = measure_layers(executor, graph, "plan"),
                          .capacity = std::vector<double>(workers, 1.0),
                          .bandwidth = std::vector<double>(workers, typical_bandwidth),
                          .raw_bytes = {frames_of_group, bytes.raw},
                          .delta_bytes = {frames_of_group, bytes.delta},
                          .boundary = {{}}};
  for (std::size_t i = 0; i < std::min(workers, network.bandwidth.size()); ++i) {
    if (network.bandwidth[i] > 0) costs.bandwidth[i] = network.bandwidth[i];
  }
  costs.cached.assign(workers, {});
  costs.cached.front() = {0};  // the camera's picture was seen before
  for (LayerIndex first = 1; first <= graph.size(); ++first) costs.boundary.push_back(graph.boundary(first));
  return costs;
}

}  // namespace edge::plan
