// Matrix multiplication: every microkernel alone on panels in L1, and sgemm on squares and on the shapes of
// convolutions with OpenBLAS beside it. Each line measures its candidates and the peak, a loop of fused
// multiply-adds on registers, in turns of some milliseconds and keeps the best of each: so they meet the same
// clock and the same neighbours. One thread is timed by its CPU time, several by the clock on the wall.
// Counters: GFLOP/s, and percent of the peak times threads.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "bench/bandwidth.h"
#include "bench/fma_peak.h"
#include "kernels/aligned_buffer.h"
#include "kernels/gemm.h"
#include "kernels/thread_pool.h"

extern "C" void openblas_set_num_threads(int);

namespace {

using edge::kernels::AlignedBuffer;
using edge::kernels::GemmMicrokernel;
using edge::kernels::ThreadPool;
using edge::kernels::Transpose;

std::vector<float> random_values(std::int64_t count) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = distribution(generator);
  return values;
}

struct Candidate {
  const char* name;
  std::function<void()> run;
  double seconds = std::numeric_limits<double>::infinity();  ///< of the fastest run
};

double now(int threads) {
  if (threads == 1) return edge::thread_seconds();
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds of a run of `candidate`, the mean of `runs`.
double seconds_per_run(const Candidate& candidate, std::int64_t runs, int threads) {
  const double start = now(threads);
  for (std::int64_t run = 0; run < runs; ++run) {
    candidate.run();
    benchmark::ClobberMemory();
  }
  return (now(threads) - start) / static_cast<double>(runs);
}

/// Runs the candidates by turns; an iteration of the benchmark is one turn of each.
void compete(benchmark::State& state, std::vector<Candidate> candidates, double flops, int threads) {
  constexpr double turn_seconds = 2e-3;
  constexpr double clock_seconds = 200e-6;  // long enough for the clock
  double peak = 0;
  std::int64_t runs = 1;
  for (Candidate& candidate : candidates) {
    double seconds = seconds_per_run(candidate, runs, threads);  // pages in, warms up
    while (seconds * static_cast<double>(runs) < clock_seconds) {
      runs *= 2;
      seconds = seconds_per_run(candidate, runs, threads);
    }
  }
  for (auto _ : state) {
    const double start = edge::thread_seconds();
    const double done = edge::bench::internal::fma_loop(100'000);
    peak = std::max(peak, done / (edge::thread_seconds() - start));
    for (Candidate& candidate : candidates) {
      const double begin = now(threads);
      do {
        candidate.seconds = std::min(candidate.seconds, seconds_per_run(candidate, runs, threads));
      } while (now(threads) - begin < turn_seconds);
    }
    state.SetIterationTime(candidates.front().seconds);
  }
  for (const Candidate& candidate : candidates) {
    const std::string name = candidate.name;
    state.counters[name + "GFLOP/s"] = flops / candidate.seconds / 1e9;
    state.counters[name + "peak%"] = 100 * flops / candidate.seconds / (peak * threads);
  }
}

void microkernel(benchmark::State& state, const GemmMicrokernel& kernel) {
  constexpr std::int64_t k = 256;
  const std::int64_t most = k * std::max(kernel.mr, kernel.nr);
  AlignedBuffer a(most);  // aligned as packed panels are
  AlignedBuffer b(most);
  AlignedBuffer c(kernel.mr * kernel.nr);
  const std::vector<float> values = random_values(most);
  std::copy(values.begin(), values.end(), a.data());
  std::copy(values.begin(), values.end(), b.data());
  const auto run = [&] { kernel.run(k, a.data(), b.data(), c.data(), kernel.nr, false, nullptr); };
  compete(state, {{"", run}}, 2.0 * static_cast<double>(k) * kernel.mr * kernel.nr, 1);
}

struct Shape {
  const char* name;
  std::int64_t m, n, k;
};

constexpr Shape shapes[] = {
    {"49", 49, 49, 49},
    {"196", 196, 196, 196},
    {"256", 256, 256, 256},
    {"512", 512, 512, 512},
    {"729", 729, 729, 729},
    {"1024", 1024, 1024, 1024},
    {"2048", 2048, 2048, 2048},
    {"alexnet_conv1", 64, 21301, 363},
    {"alexnet_conv2", 192, 5251, 1600},
    {"alexnet_conv3", 384, 1276, 1728},
    {"alexnet_conv4", 256, 1276, 3456},
    {"resnet_1x1", 256, 5400, 64},
    {"resnet_7x7", 512, 49, 2048},
};

void product(benchmark::State& state, const Shape& shape) {
  const auto threads = static_cast<int>(state.range(0));
  const std::vector<float> a = random_values(shape.m * shape.k);
  const std::vector<float> b = random_values(shape.k * shape.n);
  std::vector<float> c(static_cast<std::size_t>(shape.m * shape.n));
  ThreadPool pool(threads);
  openblas_set_num_threads(threads);
  const auto ours = [&] {
    edge::kernels::sgemm(Transpose::no, Transpose::no, shape.m, shape.n, shape.k, 1, a.data(), shape.k,
                         b.data(), shape.n, 0, c.data(), shape.n, pool);
  };
  const auto openblas = [&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(shape.m),
                static_cast<int>(shape.n), static_cast<int>(shape.k), 1, a.data(), static_cast<int>(shape.k),
                b.data(), static_cast<int>(shape.n), 0, c.data(), static_cast<int>(shape.n));
  };
  compete(state, {{"", ours}, {"openblas_", openblas}},
          2.0 * static_cast<double>(shape.m * shape.n) * static_cast<double>(shape.k), threads);
}

constexpr int microkernel_turns = 20;
constexpr int product_turns = 60;

}  // namespace

int main(int argc, char** argv) {
  edge::bench::add_peak();
  for (const GemmMicrokernel& kernel : edge::kernels::gemm_microkernels()) {
    benchmark::RegisterBenchmark(kernel.name, microkernel, kernel)
        ->UseManualTime()
        ->Iterations(microkernel_turns);
  }
  const int cpus = edge::kernels::available_cpus();
  for (const Shape& shape : shapes) {
    auto* sgemm = benchmark::RegisterBenchmark((std::string("sgemm/") + shape.name).c_str(), product, shape);
    sgemm->ArgName("threads")
        ->Arg(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(product_turns);
    if (cpus > 1) sgemm->Arg(cpus);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
