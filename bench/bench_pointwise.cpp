// Elementwise and pooling kernels, activations: GB/s of every variant beside memcpy, at sizes of AlexNet (5
// MB) and VGG16 (88 MB) with 480x720 frames.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bandwidth.h"
#include "kernels/activation.h"
#include "kernels/lrn.h"
#include "kernels/pointwise_variants.h"
#include "kernels/pooling.h"
#include "kernels/softmax.h"

namespace {

using edge::measure;
using edge::kernels::Activation;
using edge::kernels::Isa;
using edge::kernels::PointwiseKernels;
using edge::kernels::Pool2dShape;
using edge::kernels::ThreadPool;

void register_pointwise(const PointwiseKernels& kernels, const std::string& isa) {
  for (const std::size_t count :
       {std::size_t{2048}, std::size_t{64 * 119 * 179}, std::size_t{64 * 480 * 720}}) {
    const auto add = [&](const std::string& name, std::size_t bytes_per_value, auto run) {
      const std::string full = name + "/" + std::to_string(count) + "/" + isa;
      benchmark::RegisterBenchmark(full.c_str(), [=, &kernels](benchmark::State& state) {
        std::vector<float> a(count, -0.5F);
        const std::vector<float> b(count, 0.25F);
        measure(state, bytes_per_value * count, count, [&] { run(kernels, a.data(), b.data(), count); });
      });
    };
    add("relu", 8, [](const PointwiseKernels& k, float* a, const float*, std::size_t n) { k.relu(a, a, n); });
    add("clipped_relu", 8, [](const PointwiseKernels& k, float* a, const float*, std::size_t n) {
      k.clipped_relu(a, a, n, 6.0F);
    });
    add("add_relu", 12,
        [](const PointwiseKernels& k, float* a, const float* b, std::size_t n) { k.add(a, b, a, n, true); });
    add("scale_shift_relu", 8, [](const PointwiseKernels& k, float* a, const float*, std::size_t n) {
      k.scale_shift(a, a, n, 0.5F, 0.25F, true);
    });
  }
  benchmark::RegisterBenchmark(("rgb_to_planar/480x720/" + isa).c_str(), [&kernels](benchmark::State& state) {
    constexpr std::size_t pixels = 480 * 720;
    const std::vector<std::uint8_t> rgb(3 * pixels, 7);
    std::vector<std::uint8_t> planes(3 * pixels);
    measure(state, 6 * pixels, 3 * pixels, [&] { kernels.rgb_to_planar(rgb.data(), planes.data(), pixels); });
  });
  benchmark::RegisterBenchmark(
      ("u8_to_unit_float/3x480x720/" + isa).c_str(), [&kernels](benchmark::State& state) {
        constexpr std::size_t count = 3 * 480 * 720;
        const std::vector<std::uint8_t> in(count, 7);
        std::vector<float> out(count);
        measure(state, 5 * count, count, [&] { kernels.u8_to_unit_float(in.data(), out.data(), count); });
      });
}

void register_pooling(Isa isa) {
  using Pool = void (*)(Isa, const Pool2dShape&, const float*, float*, ThreadPool&);
  const auto add = [&](const std::string& name, Pool pool, const Pool2dShape& shape) {
    const std::string full = name + "/" + std::string(edge::kernels::isa_name(isa));
    benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) {
      ThreadPool threads(1);
      const std::vector<float> in(static_cast<std::size_t>(shape.planes * shape.in_rows * shape.in_columns),
                                  0.5F);
      std::vector<float> out(static_cast<std::size_t>(shape.planes * shape.out_rows() * shape.out_columns()));
      measure(state, sizeof(float) * (in.size() + out.size()), in.size(),
              [&] { pool(isa, shape, in.data(), out.data(), threads); });
    });
  };
  const auto square = [](std::int64_t planes, std::int64_t rows, std::int64_t columns, std::int64_t kernel,
                         std::int64_t stride, std::int64_t padding) {
    return Pool2dShape{.planes = planes,
                       .in_rows = rows,
                       .in_columns = columns,
                       .kernel_rows = kernel,
                       .kernel_columns = kernel,
                       .stride_rows = stride,
                       .stride_columns = stride,
                       .padding_rows = padding,
                       .padding_columns = padding};
  };
  using edge::kernels::average_pool2d;
  using edge::kernels::max_pool2d;
  add("max_3x3_2/64x119x179", max_pool2d, square(64, 119, 179, 3, 2, 0));
  add("max_3x3_2_pad/64x240x360", max_pool2d, square(64, 240, 360, 3, 2, 1));
  add("max_2x2_2/64x480x720", max_pool2d, square(64, 480, 720, 2, 2, 0));
  add("max_2x2_2/512x30x45", max_pool2d, square(512, 30, 45, 2, 2, 0));
  add("max_3x3_1_pad/512x30x45", max_pool2d, square(512, 30, 45, 3, 1, 1));
  add("average_3x3_1_pad/512x30x45", average_pool2d, square(512, 30, 45, 3, 1, 1));
  add("average_2x2_2/128x120x180", average_pool2d, square(128, 120, 180, 2, 2, 0));
  const std::string name = "adaptive_average/2048x15x23/" + std::string(edge::kernels::isa_name(isa));
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    ThreadPool threads(1);
    const std::vector<float> in(2048 * 15 * 23, 0.5F);
    std::vector<float> out(2048);
    measure(state, sizeof(float) * (in.size() + out.size()), in.size(), [&] {
      edge::kernels::adaptive_average_pool2d(isa, 2048, 15, 23, 1, 1, in.data(), out.data(), threads);
    });
  });
}

/// Those with an exponential; values from -8 to 8.
void register_activations(Isa isa) {
  constexpr std::size_t count = 64 * 119 * 179;
  const auto add = [&](const std::string& name, const Activation& activation) {
    const std::string full = name + "/" + std::to_string(count) + "/" + std::string(isa_name(isa));
    benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) {
      std::vector<float> in(count), out(count);
      for (std::size_t i = 0; i < count; ++i) in[i] = static_cast<float>(i % 1024) / 64 - 8;
      measure(state, 2 * sizeof(float) * count, count,
              [&] { edge::kernels::activate(isa, activation, in.data(), out.data(), count); });
    });
  };
  add("sigmoid", Activation::sigmoid());
  add("silu", Activation::silu());
  add("mish", Activation::mish());
  add("tanh", Activation::tanh());
}

void register_norms(Isa isa) {
  const std::string suffix = "/" + std::string(edge::kernels::isa_name(isa));
  benchmark::RegisterBenchmark(
      ("local_response_norm/64x119x179" + suffix).c_str(), [=](benchmark::State& state) {
        ThreadPool threads(1);
        const edge::kernels::LrnShape shape{.channels = 64, .plane = 119 * 179};
        const std::vector<float> in(static_cast<std::size_t>(shape.channels * shape.plane), 0.5F);
        std::vector<float> out(in.size());
        measure(state, 2 * sizeof(float) * in.size(), in.size(),
                [&] { edge::kernels::local_response_norm(isa, shape, in.data(), out.data(), threads); });
      });
  benchmark::RegisterBenchmark(("softmax/1x1000" + suffix).c_str(), [=](benchmark::State& state) {
    const std::vector<float> in(1000, 0.5F);
    std::vector<float> out(1000);
    measure(state, 2 * sizeof(float) * in.size(), in.size(),
            [&] { edge::kernels::softmax(isa, in.data(), out.data(), 1, in.size()); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  for (const PointwiseKernels* kernels : edge::kernels::pointwise_variants()) {
    if (!edge::kernels::isa_supported(kernels->isa)) continue;
    register_pointwise(*kernels, std::string(edge::kernels::isa_name(kernels->isa)));
    register_pooling(kernels->isa);
    register_activations(kernels->isa);
    register_norms(kernels->isa);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
