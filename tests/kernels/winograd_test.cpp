#include "kernels/winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/gemm_kernels.h"
#include "kernels/pooling.h"
#include "kernels/winograd_kernels.h"
#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/winograd_support.h"

namespace edge::kernels {
namespace {

using test::same_bits;
using Convolution = WinogradRun;
constexpr auto tiles = winograd_tiles;

void check(const Conv2dShape& shape, WinogradTile tile) {
  SCOPED_TRACE(describe(shape) + ", tile " + std::to_string(static_cast<int>(tile)));
  for (const Isa isa : test::supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    Convolution convolution(shape, tile, isa);
    const Epilogue all{convolution.bias.data(), convolution.residual.data(), Activation::relu()};
    for (const Epilogue& epilogue :
         {Epilogue{}, Epilogue{convolution.bias.data(), nullptr, Activation::relu()}, all}) {
      const std::vector<float> expected = convolution.reference(epilogue);
      const std::vector<float> actual = convolution.run(1, epilogue);
      // Inputs and weights are uniform in (-1, 1): sums of n products are about sqrt(n) / 3.
      const double size = std::sqrt(static_cast<double>(shape.in_channels) *
                                    static_cast<double>(shape.kernel_rows * shape.kernel_columns)) /
                              3 +
                          1;
      for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 6e-5 * size) << i;
      EXPECT_TRUE(same_bits(convolution.run(3, epilogue), actual)) << "3 threads";
    }
  }
}

TEST(Winograd, AgreesWithTheDefinition) {
  for (const WinogradTile tile : tiles) {
    const std::int64_t same = taps_of(tile) / 2;
    check(make_shape(tile, 3, 17, 23, 5, same), tile);
    check(make_shape(tile, 16, 13, 13, 20, same), tile);
    check(make_shape(tile, 7, 5, 70, 6, same), tile);    // rows longer than a vector of tiles
    check(make_shape(tile, 2, 40, 7, 3, same), tile);    // several short rows in a vector of tiles
    check(make_shape(tile, 5, 6, 9, 4, 0), tile);        // no padding
    check(make_shape(tile, 4, 3, 4, 3, 4), tile);        // more padding than image
    check(make_shape(tile, 300, 4, 5, 13, same), tile);  // several K blocks
    check(make_shape(tile, 1, taps_of(tile), taps_of(tile), 1, 0), tile);  // one output
  }
}

TEST(Winograd, RandomShapes) {
  std::mt19937 generator(5);
  const auto pick = [&generator](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(generator() % static_cast<std::uint32_t>(high - low + 1));
  };
  for (int i = 0; i < 15 && !testing::Test::HasFailure(); ++i) {
    const WinogradTile tile = tiles[static_cast<std::size_t>(i) % tiles.size()];
    Conv2dShape shape = make_shape(tile, pick(1, 16), pick(5, 20), pick(5, 40), pick(1, 14), pick(0, 3));
    shape.padding_columns = pick(0, 3);
    shape.batch = pick(1, 2);
    check(shape, tile);
  }
}

/// Several blocks of tiles, of input and of output channels, with weights whose points are kept and with
/// weights whose points are made in every run. With one thread and two, which changes the blocks.
TEST(Winograd, Blocks) {
  struct Channels {
    std::int64_t in, out;
  };
  const bool wide = gemm_kernels(active_isa()).nr > 8;
  for (const Channels channels : {Channels{136, 72}, Channels{1024, 24}}) {
    const Conv2dShape shape =
        make_shape(WinogradTile::f6x3, channels.in, 36, wide ? 72 : 36, channels.out, 1);
    Convolution blocked(shape, WinogradTile::f6x3, active_isa());
    const std::vector<float> actual = blocked.run(2, {});
    EXPECT_TRUE(same_bits(blocked.run(1, {}), actual));

    Conv2dShape last = shape;  // some output channels are enough
    last.out_channels = 8;
    const auto direct = make_gemm_convolution(
        last, blocked.weights.data() + (channels.out - last.out_channels) * channels.in * 9, active_isa());
    ThreadPool pool(1);
    std::vector<float> expected(actual.size() / static_cast<std::size_t>(channels.out / last.out_channels));
    std::vector<float> workspace(direct->workspace_floats(1));
    direct->run(blocked.in.data(), expected.data(), {}, workspace, pool);
    const float* tail = actual.data() + actual.size() - expected.size();
    // The rounding errors of a chain, like its partial sums, grow with every term: with their number in all.
    const double tolerance = 1e-5 * static_cast<double>(channels.in);
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(tail[i], expected[i], tolerance) << i;
  }
}

/// What a chain of different devices relies on.
TEST(Winograd, TheTransformsAreTheFixedSequenceOfTheirHeader) {
  for (const WinogradKernels* kernels : winograd_kernels()) {
    if (!isa_supported(kernels->isa)) continue;
    for (int v = 0; v < winograd_variant_count; ++v) {
      const WinogradVariant& variant = kernels->variants[v];
      SCOPED_TRACE(variant.name);
      const int alpha = variant.alpha();
      const std::vector<float> image = random_floats(400, 7);
      std::vector<std::int32_t> offsets;
      for (int lane = 0; lane < kernels->lanes; ++lane) offsets.push_back(lane * 11);
      std::vector<float> together(static_cast<std::size_t>(variant.points() * kernels->lanes));
      variant.transform_input(image.data(), 30, offsets.data(), together.data(), kernels->lanes);
      // One tile in all lanes gives the same as that tile among others.
      for (int lane = 0; lane < kernels->lanes; ++lane) {
        const std::vector<std::int32_t> alike(offsets.size(), offsets[static_cast<std::size_t>(lane)]);
        std::vector<float> alone(together.size());
        variant.transform_input(image.data(), 30, alike.data(), alone.data(), kernels->lanes);
        for (int p = 0; p < alpha * alpha; ++p) {
          const auto at = static_cast<std::size_t>(p * kernels->lanes);
          ASSERT_EQ(together[at + static_cast<std::size_t>(lane)], alone[at]) << lane << ' ' << p;
        }
      }
    }
  }
}

/// A pixel changes its tiles and no other bit.
TEST(Winograd, TilesAreIndependent) {
  for (const Isa isa : test::supported_isas()) {
    Convolution convolution(make_shape(WinogradTile::f6x3, 8, 40, 50, 8, 1), WinogradTile::f6x3, isa);
    std::vector<float> image = convolution.in.values();
    const std::vector<float> before = convolution.run(image, 1, {});
    image[20 * 50 + 25] += 1;  // tile row 3, tile column 4 of channel 0
    const std::vector<float> after = convolution.run(image, 2, {});
    int changed = 0;
    for (std::int64_t i = 0; i < convolution.out_count(); ++i) {
      const std::int64_t row = i / 50 % 40;
      const std::int64_t column = i % 50;
      const bool may_change = row / 6 == 3 && column / 6 == 4;
      const bool differs = before[static_cast<std::size_t>(i)] != after[static_cast<std::size_t>(i)];
      changed += differs ? 1 : 0;
      ASSERT_TRUE(may_change || !differs) << row << ' ' << column;
    }
    EXPECT_GE(changed, 8 * 9);
  }
}

TEST(Winograd, TheResidualMayBeTheOutput) {
  for (const Isa isa : test::supported_isas()) {
    Convolution convolution(make_shape(WinogradTile::f4x3, 9, 14, 31, 13, 1), WinogradTile::f4x3, isa);
    const std::vector<float> expected =
        convolution.run(1, {convolution.bias.data(), convolution.residual.data(), Activation::relu()});
    for (const int threads : {1, 2}) {
      ThreadPool pool(threads);
      GuardedFloats out(convolution.residual.values());
      GuardedFloats workspace(convolution.algorithm->workspace_floats(threads));
      convolution.algorithm->run(convolution.in.data(), out.data(),
                                 {convolution.bias.data(), out.data(), Activation::relu()}, workspace.span(),
                                 pool);
      EXPECT_TRUE(same_bits(out.values(), expected)) << isa_name(isa) << ' ' << threads;
    }
  }
}

/// Even and odd planes, tiles that the pooled plane cuts off, many tiles side by side; NaN as in max_pool2d.
TEST(Winograd, PooledToTheBit) {
  for (const WinogradTile tile : tiles) {
    for (const std::int64_t columns : {5, 12, 13, 31, 120}) {
      const Conv2dShape shape = make_shape(tile, 6, 19, columns, 10, taps_of(tile) / 2);
      SCOPED_TRACE(describe(shape));
      for (const Isa isa : test::supported_isas()) {
        Convolution convolution(shape, tile, isa);
        convolution.in.data()[3 * columns + 2] = std::numeric_limits<float>::quiet_NaN();
        ThreadPool pool(2);
        const Pool2dShape pooling{.planes = 10,
                                  .in_rows = shape.out_rows(),
                                  .in_columns = shape.out_columns(),
                                  .kernel_rows = 2,
                                  .kernel_columns = 2,
                                  .stride_rows = 2,
                                  .stride_columns = 2};
        const std::vector<float> whole =
            convolution.run(1, {.bias = convolution.bias.data(), .activation = Activation::relu()});
        std::vector<float> expected(
            static_cast<std::size_t>(10 * pooling.out_rows() * pooling.out_columns()));
        max_pool2d(isa, pooling, whole.data(), expected.data(), pool);
        GuardedFloats out(expected.size());
        GuardedFloats workspace(convolution.algorithm->workspace_floats(2));
        convolution.algorithm->run_pooled(convolution.in.data(), out.data(), convolution.bias.data(),
                                          workspace.span(), pool);
        EXPECT_TRUE(same_bits(out.values(), expected)) << isa_name(isa);
      }
    }
  }
}

TEST(Winograd, NanStaysInItsTiles) {
  Convolution convolution(make_shape(WinogradTile::f6x3, 4, 30, 30, 4, 1), WinogradTile::f6x3, active_isa());
  std::vector<float> image = convolution.in.values();
  image[8 * 30 + 9] = std::numeric_limits<float>::quiet_NaN();  // tile 1,1
  const std::vector<float> out = convolution.run(image, 1, {.activation = Activation::relu()});
  for (std::int64_t i = 0; i < convolution.out_count(); ++i) {
    const bool tile_is_hit = i / 30 % 30 / 6 == 1 && i % 30 / 6 == 1;
    ASSERT_EQ(std::isnan(out[static_cast<std::size_t>(i)]), tile_is_hit) << i;
  }
}

TEST(Winograd, ChosenForLayersThatGainOnly) {
  const auto chosen = [](std::int64_t in_channels, std::int64_t rows, std::int64_t columns,
                         std::int64_t out_channels, WinogradTile kernel) {
    return choose_winograd(make_shape(kernel, in_channels, rows, columns, out_channels, taps_of(kernel) / 2));
  };
  EXPECT_EQ(chosen(64, 480, 720, 64, WinogradTile::f6x3), WinogradTile::f6x3);  // VGG16
  EXPECT_EQ(chosen(64, 59, 89, 192, WinogradTile::f4x5), WinogradTile::f4x5);   // AlexNet conv2
  EXPECT_TRUE(chosen(512, 14, 14, 512, WinogradTile::f4x3).has_value());
  EXPECT_FALSE(chosen(3, 480, 720, 64, WinogradTile::f6x3).has_value());
  EXPECT_FALSE(chosen(512, 2, 2, 512, WinogradTile::f6x3).has_value());
  Conv2dShape strided = make_shape(WinogradTile::f6x3, 64, 100, 100, 64, 1);
  strided.stride_rows = 2;
  EXPECT_FALSE(choose_winograd(strided).has_value());
  strided.stride_rows = 1;
  strided.groups = 2;
  EXPECT_FALSE(choose_winograd(strided).has_value());
  strided.groups = 1;
  strided.dilation_columns = 2;
  EXPECT_FALSE(choose_winograd(strided).has_value());
}

TEST(Winograd, TheWorkspaceIsBounded) {
  for (const Isa isa : test::supported_isas()) {
    for (const std::int64_t channels : {16, 64, 512}) {
      const Conv2dShape shape = make_shape(WinogradTile::f6x3, channels, 1000, 1200, channels, 1);
      const std::vector<float> weights(static_cast<std::size_t>(channels * channels * 9));
      const auto algorithm =
          make_winograd_convolution_of_many_tiles(shape, weights.data(), isa, WinogradTile::f6x3);
      EXPECT_LE(algorithm->workspace_floats(4) * sizeof(float), std::size_t{28} << 20U) << channels;
      EXPECT_LE(algorithm->packed_bytes(), weights.size() * sizeof(float) + (std::size_t{6} << 20U));
    }
  }
}

}  // namespace
}  // namespace edge::kernels
