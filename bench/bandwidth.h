// For benchmarks of kernels that should be as fast as the memory: measures memcpy in the same process and
// reports each kernel's bytes per second beside it. Bytes are those that the kernel must read and write, once
// each.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

namespace edge {

/// CPU time of this thread: other processes on the machine disturb it less than they do the clock on the
/// wall.
inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Best CPU time of one call in several rounds of at least 2 ms.
template <typename Function>
double best_seconds(const Function& function) {
  function();  // page in, warm up
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 15; ++run) {
    const double start = thread_seconds();
    double end = start;
    int calls = 0;
    do {
      function();
      benchmark::ClobberMemory();
      ++calls;
      end = thread_seconds();
    } while (end - start < 2e-3);
    best = std::min(best, (end - start) / calls);
  }
  return best;
}

/// Bytes read and written per second by memcpy between two buffers of `bytes` together.
inline double memcpy_speed(std::size_t bytes) {
  const std::size_t half = std::max<std::size_t>(1, bytes / 2);
  const std::vector<char> from(half, 1);
  std::vector<char> to(half);
  return static_cast<double>(2 * half) / best_seconds([&] {
           std::memcpy(to.data(), from.data(), half);
           benchmark::DoNotOptimize(to.data());
         });
}

/// Runs `kernel` under the benchmark and reports GB/s and the share of memcpy's speed at the same amount of
/// memory, both the best of several rounds.
template <typename Kernel>
void measure(benchmark::State& state, std::size_t bytes, const Kernel& kernel) {
  const double copy = memcpy_speed(bytes);
  const double speed = static_cast<double>(bytes) / best_seconds(kernel);
  for (auto _ : state) {
    kernel();
    benchmark::ClobberMemory();
  }
  state.counters["GB/s"] = speed / 1e9;
  state.counters["of_memcpy"] = speed / copy;
}

}  // namespace edge
