// How long a network's layers take on this device.
#include "roles/inspect/measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>

#include "engine/executor.h"
#include "kernels/cpu.h"
#include "roles/report/progress.h"
#include "roles/report/table.h"

namespace edge::inspect {
namespace {

constexpr int min_repeats = 3;
constexpr double min_seconds_per_layer = 0.02;

/// The median of three runs of all layers, behind a first one that loads the weights.
double whole_network_seconds(Executor& executor, const Graph& graph) {
  std::vector<LayerIndex> layers(static_cast<std::size_t>(graph.size()) - 1);
  std::iota(layers.begin(), layers.end(), 1);
  const TensorMap input{{0, Tensor(graph.layer(0).output_shape)}};
  std::array<double, 3> seconds{};
  executor.run(layers, input, graph.boundary(graph.size()));
  for (double& run : seconds) {
    const auto start = std::chrono::steady_clock::now();
    executor.run(layers, input, graph.boundary(graph.size()));
    run = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[1];
}

}  // namespace

Measurement measure_network(const Graph& graph, int threads) {
  const SeededWeights weights(1);
  ExecutorOptions options;
  options.threads = threads;
  Executor executor(graph, weights, options);
  ProgressBar progress("measures layers", static_cast<std::uint64_t>(graph.size() - 1));
  Measurement measurement;
  measurement.layers =
      profile_layers(executor, graph, min_repeats, min_seconds_per_layer,
                     [&](int done, int) { progress.update(static_cast<std::uint64_t>(done)); });
  measurement.whole_s = whole_network_seconds(executor, graph);
  measurement.arena_bytes = static_cast<std::int64_t>(executor.arena_bytes());
  measurement.threads = executor.threads();
  measurement.isa = kernels::isa_name(options.isa);
  measurement.cpu = kernels::cpu_model();
  return measurement;
}

std::string measurement_text(const Measurement& measurement) {
  const double alone = std::accumulate(measurement.layers.begin(), measurement.layers.end(), 0.0);
  return fmt::format(
      "Measured on this device ({}, {}, {} thread{}) with random weights: each layer alone, median of at "
      "least "
      "{} runs, {} in sum; all in one run, where one kernel runs several layers, {}.",
      measurement.cpu, measurement.isa, measurement.threads, measurement.threads == 1 ? "" : "s", min_repeats,
      format_seconds(alone), format_seconds(measurement.whole_s));
}

}  // namespace edge::inspect
