// The Winograd convolution of few tiles gives the bits of the other one, whatever tiles, channels and
// threads.
#include <gtest/gtest.h>

#include "kernels/gemm_kernels.h"
#include "tests/kernels/winograd_support.h"

namespace edge::kernels {
namespace {

using test::same_bits;

void expect_same(const Conv2dShape& shape, WinogradTile tile) {
  SCOPED_TRACE(describe(shape) + ", tile " + std::to_string(static_cast<int>(tile)));
  for (const Isa isa : test::supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    WinogradRun many(shape, tile, isa);
    WinogradRun few(shape, tile, isa, make_winograd_convolution_of_few_tiles);
    for (const Activation& activation : {Activation(), Activation::relu()}) {
      const Epilogue biased{many.bias.data(), nullptr, activation};
      const Epilogue all{many.bias.data(), many.residual.data(), activation};
      for (const Epilogue& epilogue : {Epilogue{.activation = activation}, biased, all}) {
        const std::vector<float> expected = many.run(1, epilogue);
        EXPECT_TRUE(same_bits(few.run(1, epilogue), expected));
        EXPECT_TRUE(same_bits(few.run(3, epilogue), expected)) << "3 threads";
      }
    }
  }
}

TEST(WinogradOfFewTiles, SameBitsAsWithManyTiles) {
  for (const WinogradTile tile : winograd_tiles) {
    const std::int64_t same = taps_of(tile) / 2;
    expect_same(make_shape(tile, 16, 7, 7, 24, same), tile);
    expect_same(make_shape(tile, 40, 14, 14, 21, same), tile);  // the last panel of channels is padded
    expect_same(make_shape(tile, 9, 28, 28, 70, same), tile);   // more than a block of channels
    expect_same(make_shape(tile, 300, 4, 5, 13, same), tile);   // several K blocks
    expect_same(make_shape(tile, 3, 17, 23, 5, 0), tile);
    expect_same(make_shape(tile, 1, taps_of(tile), taps_of(tile), 1, 0), tile);
  }
  Conv2dShape batch = make_shape(WinogradTile::f4x3, 8, 9, 6, 10, 1);
  batch.batch = 3;
  expect_same(batch, WinogradTile::f4x3);
}

TEST(WinogradOfFewTiles, MadeWeights) {
  expect_same(make_shape(WinogradTile::f4x3, 256, 7, 7, 144, 1), WinogradTile::f4x3);
}

TEST(WinogradOfFewTiles, TheResidualMayBeTheOutput) {
  for (const Isa isa : test::supported_isas()) {
    WinogradRun few(make_shape(WinogradTile::f4x3, 9, 14, 11, 13, 1), WinogradTile::f4x3, isa,
                    make_winograd_convolution_of_few_tiles);
    const Epilogue epilogue{few.bias.data(), few.residual.data(), Activation::relu()};
    const std::vector<float> expected = few.run(1, epilogue);
    ThreadPool pool(2);
    GuardedFloats out(few.residual.values());
    GuardedFloats workspace(few.algorithm->workspace_floats(2));
    few.algorithm->run(few.in.data(), out.data(), {few.bias.data(), out.data(), Activation::relu()},
                       workspace.span(), pool);
    EXPECT_TRUE(same_bits(out.values(), expected)) << isa_name(isa);
  }
}

TEST(WinogradOfFewTiles, Ceiling) {
  for (const Isa isa : test::supported_isas()) {
    WinogradRun few(make_shape(WinogradTile::f6x3, 12, 8, 8, 17, 1), WinogradTile::f6x3, isa,
                    make_winograd_convolution_of_few_tiles);
    std::vector<float> image = few.in.values();
    image[3] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> expected = few.run(image, 1, {few.bias.data(), nullptr, Activation::relu()});
    float largest = 0;
    for (float& value : expected) {
      largest = std::max(largest, value);
      if (value > 0.5F) value = 0.5F;
    }
    ASSERT_GT(largest, 0.5F);
    EXPECT_TRUE(
        same_bits(few.run(image, 2, {few.bias.data(), nullptr, Activation::clamp(0, 0.5F)}), expected))
        << isa_name(isa);
  }
}

}  // namespace
}  // namespace edge::kernels
