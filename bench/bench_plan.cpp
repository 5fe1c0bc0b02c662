// How long a plan takes. Arguments: workers, layers, frames of the group. `steps` is how many times the
// search passed a group through a stage; `exact` is 1 if it proved its plan to be the optimum.
//   bench_plan --benchmark_filter=Optimum
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "roles/scheduling/horizon.h"
#include "roles/scheduling/optimum.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/scheduler.h"

namespace {

using namespace edge;
using namespace edge::scheduling;

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_()) / 4294967295.0;
  }

 private:
  std::mt19937 engine_;
};

enum Kind : std::int64_t {
  shrinking,  ///< tensors get smaller to the back, as in CNNs; devices and links of all speeds
  even,       ///< equal devices, links and layers: many plans are nearly as good
  bursts      ///< what changes differs much from frame to frame
};

Costs make_costs(const benchmark::State& state, std::uint32_t seed) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  const auto layers = static_cast<std::size_t>(state.range(1));
  const auto frames = static_cast<std::size_t>(state.range(2));
  const auto kind = static_cast<Kind>(state.range(3));
  Random random(seed);
  Costs costs;
  costs.raw_bytes.resize(frames);
  costs.delta_bytes.resize(frames);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const double depth = static_cast<double>(layer) / static_cast<double>(layers);
    costs.layer_cost.push_back(layer == 0     ? 0
                               : kind == even ? random.uniform(0.009, 0.011)
                                              : random.uniform(0, 0.02));
    const double raw = kind == even ? random.uniform(9e5, 1.1e6) : random.uniform(1e5, 4e6) * (1.1 - depth);
    for (std::size_t frame = 0; frame < frames; ++frame) {
      costs.raw_bytes[frame].push_back(raw);
      costs.delta_bytes[frame].push_back(raw *
                                         (kind == bursts ? random.uniform(0, 1) : random.uniform(0.2, 0.3)));
    }
  }
  for (std::size_t worker = 0; worker < workers; ++worker) {
    costs.capacity.push_back(kind == even ? 1 : random.uniform(0.3, 3));
    costs.bandwidth.push_back(kind == even ? 3e6 : random.uniform(5e5, 1e7));
    const auto cut = static_cast<LayerIndex>(worker * layers / workers);
    costs.cached.push_back({cut});
    costs.stage_ready.push_back(random.uniform(0, 0.5));
    costs.stage_ready.push_back(random.uniform(0, 0.5));
  }
  return costs;
}

void Optimum_(benchmark::State& state) {
  std::vector<Costs> cases;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) cases.push_back(make_costs(state, seed));
  std::size_t run = 0;
  std::size_t steps = 0;
  bool exact = true;
  for (auto _ : state) {
    const Optimum optimum = find_optimum(PipelineModel(cases[run++ % cases.size()]));
    benchmark::DoNotOptimize(optimum.finish_s);
    steps += optimum.steps;
    exact = exact && optimum.exact;
  }
  state.counters["steps"] = static_cast<double>(steps) / static_cast<double>(run);
  state.counters["exact"] = exact ? 1 : 0;
}

void PlanAhead(benchmark::State& state) {
  const Costs costs = make_costs(state, 1);
  for (auto _ : state) benchmark::DoNotOptimize(plan_ahead(costs, std::nullopt, Horizon{}));
}

void NeighborhoodSearch(benchmark::State& state) {
  const Costs costs = make_costs(state, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(make_scheduler("neighborhood_search", {})->plan(costs, 0));
  }
}

void cases(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"workers", "layers", "frames", "kind"})->Unit(benchmark::kMillisecond);
  for (const std::int64_t kind : {shrinking, even, bursts}) {
    benchmark->Args({2, 23, 3, kind})
        ->Args({8, 200, 3, kind})
        ->Args({64, 200, 3, kind})
        ->Args({8, 200, 10, kind});
  }
}

BENCHMARK(Optimum_)->Name("Optimum")->Apply(cases);
BENCHMARK(PlanAhead)->Args({8, 200, 3, shrinking})->Args({8, 200, 3, bursts})->Unit(benchmark::kMillisecond);
BENCHMARK(NeighborhoodSearch)->Args({8, 200, 3, shrinking})->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
