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

/// Best CPU time of one call in rounds of together at least 30 ms. Short calls are timed in batches, because
/// asking for the CPU time is a system call.
template <typename Function>
double best_seconds(const Function& function) {
  constexpr double batch_seconds = 5e-5;
  const auto time = [&](int calls) {
    const double start = thread_seconds();
    for (int call = 0; call < calls; ++call) {
      function();
      benchmark::ClobberMemory();
    }
    return thread_seconds() - start;
  };
  int batch = 1;
  time(batch);  // page in, warm up
  while (time(batch) < batch_seconds) batch *= 2;
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 15; ++run) {
    double seconds = 0;
    while (seconds < 2e-3) {
      const double one = time(batch);
      seconds += one;
      best = std::min(best, one / batch);
    }
  }
  return best;
}

/// Bytes read and written per second by memcpy between two buffers of `bytes` together.
inline double memcpy_speed(std::size_t bytes) {
  const std::size_t half = std::max<std::size_t>(1, bytes / 2);
  // A multiple of 4 KB between the two would slow down the stores of many CPUs.
  const std::size_t distance = half + (half % 4096 < 1024 || half % 4096 > 3072 ? 2048 : 0);
  std::vector<char> memory(distance + half, 1);
  const char* const from = memory.data();
  char* const to = memory.data() + distance;
  return static_cast<double>(2 * half) / best_seconds([&] {
           std::memcpy(to, from, half);
           benchmark::DoNotOptimize(to);
         });
}

/// Cycles per second while other kernels run: additions that wait for each other take one cycle each.
inline double clock_speed() {
  constexpr int additions = 4096;
  return additions / best_seconds([] {
           unsigned long sum = 0;
           for (int i = 0; i < additions; i += 8) {
#if defined(__x86_64__)
             asm volatile(
                 "add $1,%0\nadd $1,%0\nadd $1,%0\nadd $1,%0\nadd $1,%0\nadd $1,%0\nadd $1,%0\nadd $1,%0"
                 : "+r"(sum));
#else
             for (int k = 0; k < 8; ++k) asm volatile("add %0, %0, #1" : "+r"(sum));
#endif
           }
           benchmark::DoNotOptimize(sum);
         });
}

/// Runs `kernel`, which processes `elements` values and must move `bytes`, under the benchmark. Reports GB/s,
/// the share of memcpy's speed at the same amount of memory, and elements per cycle, the best of several
/// rounds each.
template <typename Kernel>
void measure(benchmark::State& state, std::size_t bytes, std::size_t elements, const Kernel& kernel) {
  const double copy = memcpy_speed(bytes);
  const double seconds = best_seconds(kernel);
  const double speed = static_cast<double>(bytes) / seconds;
  for (auto _ : state) {
    kernel();
    benchmark::ClobberMemory();
  }
  state.counters["GB/s"] = speed / 1e9;
  state.counters["of_memcpy"] = speed / copy;
  state.counters["per_cycle"] = static_cast<double>(elements) / seconds / clock_speed();
}

}  // namespace edge
