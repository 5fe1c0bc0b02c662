// For benchmarks of kernels that should be as fast as the memory: measures memcpy in the same process and
// reports each kernel's bytes per second beside it. Bytes are those that the kernel must read and write, once
// each.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <vector>

namespace edge {

/// Bytes read and written per second by memcpy between two buffers of `bytes` together; best of several runs.
inline double memcpy_speed(std::size_t bytes) {
  const std::size_t half = std::max<std::size_t>(1, bytes / 2);
  std::vector<char> from(half, 1);
  std::vector<char> to(half);
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    const auto start = std::chrono::steady_clock::now();
    const std::size_t repeats = 1 + (std::size_t{4} << 20) / half;
    for (std::size_t i = 0; i < repeats; ++i) {
      std::memcpy(to.data(), from.data(), half);
      benchmark::DoNotOptimize(to.data());
      benchmark::ClobberMemory();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(2 * half * repeats) / seconds.count());
  }
  return best;
}

/// Runs `kernel` under the benchmark and reports GB/s and the share of memcpy's speed at the same amount of
/// memory.
template <typename Kernel>
void measure(benchmark::State& state, std::size_t bytes, const Kernel& kernel) {
  const double copy = memcpy_speed(bytes);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    kernel();
    benchmark::ClobberMemory();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double speed = static_cast<double>(bytes) * static_cast<double>(state.iterations()) / seconds.count();
  state.counters["GB/s"] = speed / 1e9;
  state.counters["of_memcpy"] = speed / copy;
}

}  // namespace edge
