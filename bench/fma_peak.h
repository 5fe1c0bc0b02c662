// The yardstick of the arithmetic benchmarks: what one thread reaches in a loop of fused multiply-adds on
// registers.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "kernels/cpu.h"

namespace edge::bench {

namespace internal {

#if defined(__x86_64__)
using Vector [[gnu::vector_size(32)]] = float;
#define EDGE_BENCH_TARGET [[gnu::target("avx2,fma")]]
#elif defined(__arm__)
using Vector [[gnu::vector_size(16)]] = float;
#define EDGE_BENCH_TARGET [[gnu::target("fpu=neon-vfpv4")]]
#else
using Vector [[gnu::vector_size(16)]] = float;
#define EDGE_BENCH_TARGET
#endif

EDGE_BENCH_TARGET [[gnu::always_inline]] inline void multiply_add(Vector& sum, const Vector& factor) {
#if defined(__x86_64__)
  asm volatile("vfmadd231ps %1, %1, %0" : "+x"(sum) : "x"(factor));
#elif defined(__aarch64__)
  asm volatile("fmla %0.4s, %1.4s, %1.4s" : "+w"(sum) : "w"(factor));
#elif defined(__arm__)
  asm volatile("vfma.f32 %q0, %q1, %q1" : "+w"(sum) : "w"(factor));
#endif
}

/// 12 independent chains of vectors, as a 6x16 microkernel has; returns multiply-adds x 2 that were done.
EDGE_BENCH_TARGET [[gnu::noinline]] inline double fma_loop(long rounds) {
  constexpr int lanes = sizeof(Vector) / sizeof(float);
  constexpr int chains = 12;
  Vector factor = {};
  for (int lane = 0; lane < lanes; ++lane) factor[lane] = 0.5F;
  // Twelve named variables: an array would end up in memory.
  Vector s0 = {}, s1 = {}, s2 = {}, s3 = {}, s4 = {}, s5 = {}, s6 = {}, s7 = {}, s8 = {}, s9 = {}, s10 = {},
         s11 = {};
  for (long round = 0; round < rounds; ++round) {
    multiply_add(s0, factor), multiply_add(s1, factor), multiply_add(s2, factor), multiply_add(s3, factor);
    multiply_add(s4, factor), multiply_add(s5, factor), multiply_add(s6, factor), multiply_add(s7, factor);
    multiply_add(s8, factor), multiply_add(s9, factor), multiply_add(s10, factor), multiply_add(s11, factor);
  }
  Vector sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11;
  float first = sum[0];
  benchmark::DoNotOptimize(first);
  return 2.0 * lanes * chains * static_cast<double>(rounds);
}

}  // namespace internal

/// FLOP/s, the best of several short runs; measured once.
inline double fma_peak() {
  static const double peak = [] {
    double best = 0;
    for (int repeat = 0; repeat < 10; ++repeat) {
      const auto start = std::chrono::steady_clock::now();
      const double flops = internal::fma_loop(1'000'000);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      best = std::max(best, flops / seconds.count());
    }
    return best;
  }();
  return peak;
}

/// Notes the peak in the report's context, and adds it as a benchmark: beside the others, at the same time.
inline void add_peak() {
  benchmark::AddCustomContext("fma_peak_gflops_one_thread", std::to_string(fma_peak() / 1e9));
  benchmark::AddCustomContext("cpu", kernels::cpu_model());
  benchmark::AddCustomContext("isa", std::string(kernels::isa_name(kernels::active_isa())));
  benchmark::RegisterBenchmark("fma_peak", [](benchmark::State& state) {
    double flops = 0;
    for (auto _ : state) flops += internal::fma_loop(100'000);
    state.counters["GFLOP/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
  });
}

/// Counters "GFLOP/s" and "peak%" for a benchmark whose iteration does `flops` operations on `threads`
/// threads.
inline void report_flops(benchmark::State& state, double flops, int threads = 1) {
  const double done = flops * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(done / 1e9, benchmark::Counter::kIsRate);
  state.counters["peak%"] =
      benchmark::Counter(100 * done / (fma_peak() * threads), benchmark::Counter::kIsRate);
}

}  // namespace edge::bench
