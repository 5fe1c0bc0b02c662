#include "kernels/gemm_blocking.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/gemm_kernels.h"
#include "tests/kernels/arithmetic.h"

namespace edge::kernels {
namespace {

using test::random_floats;
using test::same_bits;

constexpr std::int64_t kib = 1024;

TEST(GemmBlocking, FillsTheCachesOfKnownMachines) {
  const GemmBlocking zen3 = gemm_blocking(Isa::avx2, 6, 16, 1, {32 * kib, 512 * kib, 4096 * kib});
  EXPECT_EQ(zen3.kc, 512);
  EXPECT_EQ(zen3.tile_kc, 256);
  EXPECT_EQ(zen3.mc, 96);
  EXPECT_EQ(zen3.nc, 128);
  const GemmBlocking pi4_armv7 = gemm_blocking(Isa::neon, 4, 8, 4, {32 * kib, 256 * kib, 0});
  EXPECT_EQ(pi4_armv7.kc, 256);
  EXPECT_EQ(pi4_armv7.nc, 128);
  EXPECT_EQ(pi4_armv7.tile_floats, 24 * 1024);
  const GemmBlocking pi3_aarch64 = gemm_blocking(Isa::neon, 8, 12, 1, {32 * kib, 128 * kib, 0});
  EXPECT_EQ(pi3_aarch64.kc, 304);
  EXPECT_EQ(pi3_aarch64.nc, 48);
}

TEST(GemmBlocking, IsUsableForAnyCaches) {
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2}) {
    for (const std::int64_t l1 : {0, 4, 32, 512}) {
      for (const std::int64_t l2 : {0, 64, 512, 65536}) {
        const GemmBlocking blocking = gemm_blocking(isa, 6, 16, 1, {l1 * kib, l2 * kib, 0});
        EXPECT_GE(blocking.kc, 16);
        EXPECT_LE(blocking.kc, 512);
        EXPECT_GE(blocking.tile_kc, 16);
        EXPECT_LE(blocking.tile_kc, blocking.kc);
        EXPECT_GE(blocking.mc, 24);
        EXPECT_GE(blocking.nc, 64);
        EXPECT_GT(blocking.tile_rows, 0);
        EXPECT_GE(blocking.tile_floats, 0);
        EXPECT_GE(blocking.stage_floats, 0);
      }
    }
  }
}

/// The kernels of `isa` with unusual block sizes.
std::vector<GemmKernels> blockings(Isa isa) {
  std::vector<GemmKernels> all(4, gemm_kernels(isa));
  const std::int64_t mr = all[0].mr;
  const std::int64_t nr = all[0].nr;
  all[0].blocking = {
      .kc = 1, .mc = mr, .nc = nr, .tile_kc = 1, .tile_floats = 1, .tile_rows = mr, .stage_floats = 1};
  all[1].blocking = {.kc = 7,
                     .mc = 2 * mr,
                     .nc = 2 * nr,
                     .tile_kc = 7,
                     .tile_floats = 700,
                     .tile_rows = 2 * mr,
                     .stage_floats = 500};
  all[2].blocking = {.kc = 64,
                     .mc = 5 * mr,
                     .nc = 3 * nr,
                     .tile_kc = 64,
                     .tile_floats = 8192,
                     .tile_rows = 2048,
                     .stage_floats = 16384};
  all[3].blocking = {.kc = 100'000,
                     .mc = 1000 * mr,
                     .nc = 1000 * nr,
                     .tile_kc = 100'000,
                     .tile_floats = 1 << 22,
                     .tile_rows = 100'000,
                     .stage_floats = 1 << 22};
  return all;
}

std::string text(const GemmBlocking& blocking) {
  return "kc " + std::to_string(blocking.kc) + " mc " + std::to_string(blocking.mc) + " nc " +
         std::to_string(blocking.nc);
}

TEST(GemmBlocking, NeverChangesAProduct) {
  constexpr std::int64_t m = 61;
  constexpr std::int64_t n = 83;
  constexpr std::int64_t k = 150;
  const std::vector<float> a = random_floats(m * k, 1);
  const std::vector<float> b = random_floats(k * n, 2);
  for (const Isa isa : test::supported_isas()) {
    for (const Transpose transpose : {Transpose::no, Transpose::yes}) {
      const bool straight = transpose == Transpose::no;
      const auto multiply = [&](const GemmKernels& kernels, int threads) {
        std::vector<float> c = random_floats(m * n, 3);
        ThreadPool pool(threads);
        sgemm_with(kernels, transpose, transpose, m, n, k, 1.25F, a.data(), straight ? k : m, b.data(),
                   straight ? n : k, 1, c.data(), n, pool);
        return c;
      };
      const std::vector<float> expected = multiply(gemm_kernels(isa), 1);
      for (const GemmKernels& kernels : blockings(isa)) {
        EXPECT_TRUE(same_bits(multiply(kernels, 1), expected)) << isa_name(isa) << text(kernels.blocking);
        EXPECT_TRUE(same_bits(multiply(kernels, 3), expected)) << isa_name(isa) << text(kernels.blocking);
      }
    }
  }
}

/// The packed weights depend on kc, too.
TEST(GemmBlocking, NeverChangesAConvolution) {
  const Conv2dShape shape{.in_channels = 10,
                          .in_rows = 13,
                          .in_columns = 17,
                          .out_channels = 27,
                          .kernel_rows = 3,
                          .kernel_columns = 3,
                          .padding_rows = 1,
                          .padding_columns = 1};
  const std::vector<float> weights = random_floats(27 * 10 * 9, 1);
  const std::vector<float> in = random_floats(10 * 13 * 17, 2);
  const std::vector<float> bias = random_floats(27, 3);
  for (const Isa isa : test::supported_isas()) {
    const auto convolve = [&](const GemmKernels& kernels) {
      constexpr int threads = 2;
      const auto convolution = make_gemm_convolution(shape, weights.data(), kernels);
      std::vector<float> out(27 * 13 * 17);
      std::vector<float> workspace(convolution->workspace_floats(threads));
      ThreadPool pool(threads);
      convolution->run(in.data(), out.data(), {.bias = bias.data(), .activation = Activation::relu()},
                       workspace, pool);
      return out;
    };
    const std::vector<float> expected = convolve(gemm_kernels(isa));
    for (const GemmKernels& kernels : blockings(isa)) {
      EXPECT_TRUE(same_bits(convolve(kernels), expected)) << isa_name(isa) << text(kernels.blocking);
    }
  }
}

}  // namespace
}  // namespace edge::kernels
