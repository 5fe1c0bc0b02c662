// Matrix multiplication: every microkernel alone, sgemm on squares and on the shapes of convolutions,
// OpenBLAS beside it. Counters: GFLOP/s, and percent of the peak that a register-only loop of fused
// multiply-adds reached at start, on one thread. Run one thread per core on a quiet machine: bench_gemm
// --benchmark_repetitions=5
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/gemm.h"
#include "kernels/thread_pool.h"

extern "C" void openblas_set_num_threads(int);

namespace {

using edge::bench::report_flops;
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

void microkernel(benchmark::State& state, const GemmMicrokernel& kernel) {
  const std::int64_t k = state.range(0);
  const std::vector<float> a = random_values(k * kernel.mr);
  const std::vector<float> b = random_values(k * kernel.nr);
  std::vector<float> c(static_cast<std::size_t>(kernel.mr * kernel.nr));
  for (auto _ : state) {
    kernel.run(k, a.data(), b.data(), c.data(), kernel.nr, false, nullptr);
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
  report_flops(state, 2.0 * static_cast<double>(k) * kernel.mr * kernel.nr);
}

struct Shape {
  const char* name;
  std::int64_t m, n, k;
};

constexpr Shape shapes[] = {
    {"256", 256, 256, 256},
    {"1024", 1024, 1024, 1024},
    {"alexnet_conv1", 64, 21301, 363},
    {"alexnet_conv2", 192, 5251, 1600},
    {"alexnet_conv3", 384, 1276, 1728},
    {"alexnet_conv4", 256, 1276, 3456},
    {"resnet_1x1", 256, 5400, 64},
    {"resnet_7x7", 512, 49, 2048},
};

template <class Multiply>
void product(benchmark::State& state, const Shape& shape, Multiply multiply) {
  const std::vector<float> a = random_values(shape.m * shape.k);
  const std::vector<float> b = random_values(shape.k * shape.n);
  std::vector<float> c(static_cast<std::size_t>(shape.m * shape.n));
  for (auto _ : state) {
    multiply(a.data(), b.data(), c.data());
    benchmark::ClobberMemory();
  }
  report_flops(state, 2.0 * static_cast<double>(shape.m * shape.n) * static_cast<double>(shape.k));
}

void ours(benchmark::State& state, const Shape& shape) {
  ThreadPool pool(1);
  product(state, shape, [&](const float* a, const float* b, float* c) {
    edge::kernels::sgemm(Transpose::no, Transpose::no, shape.m, shape.n, shape.k, 1, a, shape.k, b, shape.n,
                         0, c, shape.n, pool);
  });
}

void openblas(benchmark::State& state, const Shape& shape) {
  product(state, shape, [&](const float* a, const float* b, float* c) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(shape.m),
                static_cast<int>(shape.n), static_cast<int>(shape.k), 1, a, static_cast<int>(shape.k), b,
                static_cast<int>(shape.n), 0, c, static_cast<int>(shape.n));
  });
}

}  // namespace

int main(int argc, char** argv) {
  openblas_set_num_threads(1);
  edge::bench::add_peak();
  for (const GemmMicrokernel& kernel : edge::kernels::gemm_microkernels()) {
    benchmark::RegisterBenchmark(kernel.name, microkernel, kernel)->Arg(256);
  }
  for (const Shape& shape : shapes) {
    benchmark::RegisterBenchmark((std::string("sgemm/edge/") + shape.name).c_str(), ours, shape);
    benchmark::RegisterBenchmark((std::string("sgemm/openblas/") + shape.name).c_str(), openblas, shape);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
