// Convolutions of AlexNet and VGG16 at 480x720, bias and ReLU fused: GFLOP/s (direct count, 2 x
// multiply-adds) and percent of the FMA peak of the threads used. "edge" is ours, "openblas" the same
// convolution over OpenBLAS' sgemm.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/conv_layer.h"
#include "bench/fma_peak.h"
#include "kernels/conv2d.h"

extern "C" void openblas_set_num_threads(int);

namespace {

using edge::bench::ConvLayer;
using edge::bench::random_values;
using edge::bench::report_flops;
using edge::bench::shape_of;
using edge::kernels::Conv2dShape;
using edge::kernels::PackedConv2d;
using edge::kernels::SgemmFunction;
using edge::kernels::ThreadPool;
using edge::kernels::Transpose;

constexpr ConvLayer layers[] = {
    {"alexnet/conv1", 3, 480, 720, 64, 11, 4, 2},   {"alexnet/conv2", 64, 59, 89, 192, 5, 1, 2},
    {"alexnet/conv3", 192, 29, 44, 384, 3, 1, 1},   {"alexnet/conv4", 384, 29, 44, 256, 3, 1, 1},
    {"alexnet/conv5", 256, 29, 44, 256, 3, 1, 1},   {"vgg16/conv1_1", 3, 480, 720, 64, 3, 1, 1},
    {"vgg16/conv1_2", 64, 480, 720, 64, 3, 1, 1},   {"vgg16/conv2_1", 64, 240, 360, 128, 3, 1, 1},
    {"vgg16/conv2_2", 128, 240, 360, 128, 3, 1, 1}, {"vgg16/conv3_1", 128, 120, 180, 256, 3, 1, 1},
    {"vgg16/conv3_2", 256, 120, 180, 256, 3, 1, 1}, {"vgg16/conv4_1", 256, 60, 90, 512, 3, 1, 1},
    {"vgg16/conv4_2", 512, 60, 90, 512, 3, 1, 1},   {"vgg16/conv5", 512, 30, 45, 512, 3, 1, 1},
    {"resnet50/1x1", 256, 120, 180, 64, 1, 1, 0},   {"resnet50/downsample", 512, 60, 90, 1024, 1, 2, 0},
};

/// Of EfficientNet-B0.
constexpr ConvLayer depthwise_layers[] = {
    {"5x5/2_144x56x56", 144, 56, 56, 144, 5, 2, 2},  {"5x5_240x28x28", 240, 28, 28, 240, 5, 1, 2},
    {"3x3_480x14x14", 480, 14, 14, 480, 3, 1, 1},    {"5x5_480x14x14", 480, 14, 14, 480, 5, 1, 2},
    {"5x5/2_672x14x14", 672, 14, 14, 672, 5, 2, 2},  {"5x5_1152x7x7", 1152, 7, 7, 1152, 5, 1, 2},
    {"3x3/2_96x112x112", 96, 112, 112, 96, 3, 2, 1},
};

/// One layer with its buffers.
class Case {
 public:
  Case(const Conv2dShape& shape, SgemmFunction external, int threads)
      : pool_(threads),
        in_(random_values(shape.in_channels * shape.in_rows * shape.in_columns)),
        bias_(random_values(shape.out_channels)),
        out_(static_cast<std::size_t>(shape.out_channels * shape.out_rows() * shape.out_columns())),
        conv_(shape,
              random_values(shape.out_channels * shape.in_channels / shape.groups * shape.kernel_rows *
                            shape.kernel_columns)
                  .data(),
              edge::kernels::active_isa(), external),
        workspace_(conv_.workspace_floats(threads)) {}

  void run() {
    conv_.run(in_.data(), out_.data(),
              {.bias = bias_.data(), .activation = edge::kernels::Activation::relu()}, workspace_, pool_);
    benchmark::ClobberMemory();
  }
  double flops() const { return 2.0 * static_cast<double>(conv_.shape().macs()); }

 private:
  ThreadPool pool_;
  std::vector<float> in_;
  std::vector<float> bias_;
  std::vector<float> out_;
  PackedConv2d conv_;
  std::vector<float> workspace_;
};

void openblas(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
              float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta,
              float* c, std::int64_t ldc, ThreadPool&) {
  const auto order = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  cblas_sgemm(CblasRowMajor, order(transpose_a), order(transpose_b), static_cast<int>(m), static_cast<int>(n),
              static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta, c,
              static_cast<int>(ldc));
}

void layer(benchmark::State& state, const Conv2dShape& shape, SgemmFunction external, int threads) {
  Case convolution(shape, external, threads);
  for (auto _ : state) convolution.run();
  report_flops(state, convolution.flops(), threads);
}

/// The five convolutions of AlexNet one after the other.
void alexnet(benchmark::State& state, int threads) {
  std::deque<Case> cases;  // a Case stays where it is
  double flops = 0;
  for (int i = 0; i < 5; ++i) flops += cases.emplace_back(shape_of(layers[i]), nullptr, threads).flops();
  for (auto _ : state) {
    for (Case& convolution : cases) convolution.run();
  }
  report_flops(state, flops, threads);
}

void add(const std::string& name, const Conv2dShape& shape, SgemmFunction external, int threads) {
  benchmark::RegisterBenchmark((name + "/threads:" + std::to_string(threads)).c_str(), layer, shape, external,
                               threads)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  openblas_set_num_threads(1);
  const int cpus = edge::kernels::available_cpus();
  edge::bench::add_peak();
  for (const int threads : {1, cpus}) {
    benchmark::RegisterBenchmark(("edge/alexnet/all/threads:" + std::to_string(threads)).c_str(), alexnet,
                                 threads)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    for (const ConvLayer& one : layers) add(std::string("edge/") + one.name, shape_of(one), nullptr, threads);
    if (cpus == 1) break;
  }
  for (const ConvLayer& one : layers) add(std::string("openblas/") + one.name, shape_of(one), openblas, 1);
  Conv2dShape depthwise = shape_of({"", 96, 120, 180, 96, 3, 1, 1});
  depthwise.groups = depthwise.in_channels;
  add("edge/depthwise/3x3", depthwise, nullptr, 1);
  depthwise.stride_rows = depthwise.stride_columns = 2;
  add("edge/depthwise/3x3_stride2", depthwise, nullptr, 1);
  for (const ConvLayer& layer : depthwise_layers) {
    Conv2dShape shape = shape_of(layer);
    shape.groups = shape.in_channels;
    add(std::string("edge/depthwise/") + layer.name, shape, nullptr, 1);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
