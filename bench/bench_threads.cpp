// A parallel loop that is as short as a small layer: what starting it and waiting for its end take. One step
// of work per thread, together 20 us; between loops the owner does something else for a while. The time is
// that of the loop alone.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>

#include "kernels/thread_pool.h"

namespace {

using edge::kernels::ThreadPool;
using std::chrono::steady_clock;

void work_for(std::chrono::nanoseconds time) {
  const auto end = steady_clock::now() + time;
  while (steady_clock::now() < end) {
  }
}

void short_loop(benchmark::State& state) {
  const auto threads = static_cast<int>(state.range(0));
  const std::chrono::microseconds together{20}, pause{state.range(1)};
  ThreadPool pool(threads);
  for (auto _ : state) {
    const auto start = steady_clock::now();
    pool.parallel_for(threads, [&](std::int64_t, int) { work_for(together / threads); });
    state.SetIterationTime(std::chrono::duration<double>(steady_clock::now() - start).count());
    work_for(pause);
  }
}

}  // namespace

BENCHMARK(short_loop)
    ->Name("thread_pool/loop_of_20us")
    ->ArgNames({"threads", "pause_us"})
    ->ArgsProduct({{1, 2}, {0, 20, 200}})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
