// Inference of whole networks in one process: milliseconds, GFLOP/s, share of the measured FMA peak, peak
// memory. One case alone, for a clean figure of memory: bench_net
// --benchmark_filter=vgg16/features/480x720/threads:1 EDGE_ISA and EDGE_GEMM choose the kernels.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "engine/executor.h"
#include "engine/models/models.h"

namespace {

struct Case {
  const char* network;
  bool features_only;
  int rows;
  int columns;
};

/// Forgets the peak so far (Linux: write 5 to clear_refs).
void reset_peak_memory() {
  ::malloc_trim(0);
  if (std::FILE* const file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);
    std::fclose(file);
  }
}

/// Peak resident set in MB.
double peak_memory() {
  double kilobytes = 0;
  if (std::FILE* const file = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr) {
      if (std::sscanf(line, "VmHWM: %lf", &kilobytes) == 1) break;
    }
    std::fclose(file);
  }
  return kilobytes * 1024e-6;
}

double flop(const edge::Graph& graph) {
  double macs = 0;
  for (const edge::Layer& layer : graph.layers()) macs += static_cast<double>(layer.macs);
  return 2 * macs;
}

edge::Tensor make_frame(const edge::Shape& shape) {
  edge::Tensor frame(shape);
  std::uint32_t state = 1;
  for (float& value : frame.values()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) * 0x1p-24F;
  }
  return frame;
}

void infer(benchmark::State& state, const Case& parameters) {
  reset_peak_memory();
  const auto threads = static_cast<int>(state.range(0));
  const edge::Graph graph = edge::make_model(
      parameters.network,
      {.rows = parameters.rows, .columns = parameters.columns, .features_only = parameters.features_only});
  const edge::SeededWeights weights(1);
  edge::ExecutorOptions options;
  options.threads = threads;
  edge::Executor executor(graph, weights, options);
  const edge::TensorMap frame{{0, make_frame(graph.layer(0).output_shape)}};
  executor.run_range(1, graph.size(), frame);
  for (auto unused : state) {
    edge::TensorMap outputs = executor.run_range(1, graph.size(), frame);
    benchmark::DoNotOptimize(outputs);
  }
  edge::bench::report_flops(state, flop(graph), threads);
  state.counters["peak_MB"] = peak_memory();
  state.counters["arena_MB"] = 1e-6 * static_cast<double>(executor.arena_bytes());
  state.counters["weights_MB"] = 1e-6 * static_cast<double>(executor.parameter_bytes());
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  edge::bench::add_peak();
  std::vector<Case> cases;
  for (const char* network :
       {"alexnet", "vgg16", "googlenet", "resnet18", "resnet50", "squeezenet1_1", "mobilenet_v2"}) {
    cases.push_back({network, true, 480, 720});
    cases.push_back({network, false, 224, 224});
  }
  for (const Case& parameters : cases) {
    const std::string name = std::string(parameters.network) +
                             (parameters.features_only ? "/features/" : "/whole/") +
                             std::to_string(parameters.rows) + "x" + std::to_string(parameters.columns);
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { infer(state, parameters); })
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(2)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
