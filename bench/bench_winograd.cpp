// Winograd against direct convolution, layer by layer, and the transforms of every registered variant.
// GFLOP/s counts 2 x multiply-adds of the direct convolution, so more than 100 % of the FMA peak is possible;
// ns/tile of a transform is the time of one tile of one channel (of one pair of channels for weights).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/conv_layer.h"
#include "bench/fma_peak.h"
#include "kernels/conv_algorithm.h"
#include "kernels/winograd_kernels.h"

namespace {

using edge::bench::ConvLayer;
using edge::bench::random_values;
using edge::bench::shape_of;
using edge::kernels::Conv2dShape;
using edge::kernels::ConvAlgorithm;
using edge::kernels::ThreadPool;
using edge::kernels::WinogradKernels;
using edge::kernels::WinogradTile;
using edge::kernels::WinogradVariant;

constexpr ConvLayer layers[] = {
    {"alexnet/conv2", 64, 59, 89, 192, 5, 1, 2},
    {"alexnet/conv3", 192, 29, 44, 384, 3, 1, 1},
    {"alexnet-224/conv4", 384, 13, 13, 256, 3, 1, 1},
    {"vgg16/conv1_2", 64, 480, 720, 64, 3, 1, 1},
    {"vgg16/conv2_2", 128, 240, 360, 128, 3, 1, 1},
    {"vgg16/conv3_2", 256, 120, 180, 256, 3, 1, 1},
    {"vgg16/conv4_2", 512, 60, 90, 512, 3, 1, 1},
    {"vgg16/conv5", 512, 30, 45, 512, 3, 1, 1},
    {"vgg16-224/conv4_2", 512, 28, 28, 512, 3, 1, 1},
    {"vgg16-224/conv5", 512, 14, 14, 512, 3, 1, 1},
    {"resnet18-224/layer2", 128, 28, 28, 128, 3, 1, 1},
    {"resnet18-224/layer3", 256, 14, 14, 256, 3, 1, 1},
    {"resnet18-224/layer4", 512, 7, 7, 512, 3, 1, 1},
    {"googlenet-224/inception3a", 96, 28, 28, 128, 3, 1, 1},
    {"googlenet-224/inception5a", 160, 7, 7, 320, 3, 1, 1},
};

using Make = std::function<std::unique_ptr<ConvAlgorithm>(const Conv2dShape&, const float*)>;

void convolution(benchmark::State& state, const Conv2dShape& shape, const Make& make, int threads) {
  const std::vector<float> in = random_values(shape.in_channels * shape.in_rows * shape.in_columns);
  const std::unique_ptr<ConvAlgorithm> algorithm = make(
      shape, random_values(shape.out_channels * shape.in_channels * shape.kernel_rows * shape.kernel_columns)
                 .data());
  std::vector<float> out(
      static_cast<std::size_t>(shape.out_channels * shape.out_rows() * shape.out_columns()));
  std::vector<float> workspace(algorithm->workspace_floats(threads));
  ThreadPool pool(threads);
  for (auto _ : state) {
    algorithm->run(in.data(), out.data(), {.activation = edge::kernels::Activation::relu()}, workspace, pool);
    benchmark::ClobberMemory();
  }
  edge::bench::report_flops(state, 2.0 * static_cast<double>(shape.macs()), threads);
  state.counters["packed_MB"] = static_cast<double>(algorithm->packed_bytes()) / 1e6;
  state.counters["workspace_MB"] = static_cast<double>(workspace.size()) * sizeof(float) / 1e6;
}

void add_layer(const ConvLayer& layer, int threads) {
  const edge::kernels::Isa isa = edge::kernels::active_isa();
  const auto add = [&](const std::string& algorithm, const Make& make) {
    benchmark::RegisterBenchmark(
        (std::string(layer.name) + '/' + algorithm + "/threads:" + std::to_string(threads)).c_str(),
        convolution, shape_of(layer), make, threads)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  add("direct", [isa](const Conv2dShape& shape, const float* weights) {
    return edge::kernels::make_gemm_convolution(shape, weights, isa);
  });
  const auto winograd = [&](const char* name, WinogradTile tile) {
    const auto chosen = edge::kernels::choose_winograd(shape_of(layer));
    add(name + std::string(chosen == tile ? " (chosen)" : ""),
        [isa, tile](const Conv2dShape& shape, const float* weights) {
          return edge::kernels::make_winograd_convolution_of_many_tiles(shape, weights, isa, tile);
        });
    add(name + std::string(" few tiles"), [isa, tile](const Conv2dShape& shape, const float* weights) {
      return edge::kernels::make_winograd_convolution_of_few_tiles(shape, weights, isa, tile);
    });
  };
  if (layer.kernel == 5) return winograd("F(4,5)", WinogradTile::f4x5);
  winograd("F(4,3)", WinogradTile::f4x3);
  winograd("F(6,3)", WinogradTile::f6x3);
}

/// Transforms in the cache: points as far apart as in a block of 32 tiles of 64 channels.
void transform(benchmark::State& state, const WinogradKernels& kernels, const WinogradVariant& variant,
               char which) {
  constexpr std::ptrdiff_t stride = 2048 + 16;
  constexpr std::ptrdiff_t row = 512;
  const std::vector<float> from = random_values(std::int64_t{row} * 16);
  std::vector<float> points = random_values(std::int64_t{stride} * 64);
  std::vector<float> out(static_cast<std::size_t>(row * 8));
  std::vector<std::int32_t> offsets;
  for (int lane = 0; lane < kernels.lanes; ++lane) offsets.push_back(lane * variant.outputs);
  for (auto _ : state) {
    if (which == 'i') variant.transform_input(from.data(), row, offsets.data(), points.data(), stride);
    if (which == 'o') variant.transform_output(points.data(), stride, 1.0F, true, out.data(), row);
    for (int pair = 0; which == 'w' && pair < variant.alpha() / 2; ++pair) {
      variant.transform_weights(from.data(), kernels.lanes, pair,
                                points.data() + 2 * pair * variant.alpha() * stride, stride);
    }
    benchmark::ClobberMemory();
  }
  state.counters["tile"] = benchmark::Counter(static_cast<double>(state.iterations()) * kernels.lanes,
                                              benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace

int main(int argc, char** argv) {
  edge::bench::add_peak();
  const int cpus = edge::kernels::available_cpus();
  for (const int threads : {1, cpus}) {
    for (const ConvLayer& layer : layers) add_layer(layer, threads);
    if (cpus == 1) break;
  }
  for (const WinogradKernels* kernels : edge::kernels::winograd_kernels()) {
    if (!edge::kernels::isa_supported(kernels->isa)) continue;
    for (int i = 0; i < edge::kernels::winograd_variant_count; ++i) {
      const WinogradVariant& variant = kernels->variants[i];
      for (const char* which : {"input", "output", "weights"}) {
        benchmark::RegisterBenchmark((std::string(variant.name) + '/' + which).c_str(), transform,
                                     std::cref(*kernels), std::cref(variant), which[0]);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
