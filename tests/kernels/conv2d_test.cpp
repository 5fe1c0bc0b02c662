// Direct convolutions of all shapes against the definition: the same bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "kernels/linear.h"
#include "tests/kernels/conv2d_support.h"

namespace edge::kernels {
namespace {

using test::check;
using test::GuardedFloats;
using test::in_count;
using test::out_count;
using test::random_floats;
using test::random_shape;
using test::same_bits;
using test::square;
using test::weight_count;

TEST(Conv2d, ShapesOfRealNetworks) {
  check(square(3, 41, 53, 8, 11, 4, 2));  // AlexNet's first
  check(square(5, 13, 17, 7, 5, 1, 2));   // its second
  check(square(30, 9, 14, 13, 3, 1, 1));  // VGG
  check(square(3, 30, 29, 6, 7, 2, 3));   // ResNet's first
  check(square(20, 10, 11, 9, 1, 1, 0));  // 1x1
  check(square(20, 10, 11, 9, 1, 2, 0));  // downsampling
  check(square(17, 7, 7, 19, 1, 1, 0));   // fewer columns than a panel
  check(square(9, 7, 7, 5, 3, 2, 1));
}

TEST(Conv2d, AllRoundTheBlockSizes) {
  check(square(40, 6, 31, 5, 3, 1, 1));  // several K blocks on every ISA
  check(square(1, 2, 700, 3, 3, 1, 1));  // rows wider than a tile: pieces of rows
  check(square(2, 3, 1230, 2, 3, 2, 1));
  check(square(330, 1, 600, 3, 1, 1, 0));  // several K blocks and several tiles
  check(square(1, 90, 11, 3, 2, 1, 0));    // many short rows per tile
  check(square(6, 40, 1, 4, 3, 1, 1));     // one column
  check(square(2, 1, 1, 3, 1, 1, 0));      // one element
}

TEST(Conv2d, RandomShapes) {
  std::mt19937 generator(20);
  for (int i = 0; i < 160 && !HasFailure(); ++i) check(random_shape(generator));
}

TEST(Conv2d, PointsBeyondTheImage) {  // one tap, but not the image itself
  for (const std::int64_t extra : {-2, 3}) {
    Conv2dShape shape = square(5, 9, 12, 7, 1, 1, 0);
    shape.extra_rows = extra;
    shape.extra_columns = 1;
    check(shape);
  }
}

TEST(Conv2d, MorePaddingAtOneSide) {  // of all algorithms: Winograd's, of few and of many tiles, depthwise
  for (const std::int64_t extra : {-1, 1, 2}) {
    for (const std::int64_t groups : {1, 16}) {
      for (const std::int64_t side : {7, 24}) {
        Conv2dShape shape = square(16, side, side + 3, 16, 3, 1, 1);
        shape.groups = groups;
        shape.extra_rows = extra;
        shape.extra_columns = 1 - extra;
        check(shape);
        shape.stride_rows = shape.stride_columns = 2;
        check(shape);
      }
    }
  }
}

TEST(Conv2d, Depthwise) {
  for (const std::int64_t stride : {1, 2, 3}) {
    Conv2dShape shape = square(5, 11, 45, 5, 3, stride, 1);
    shape.groups = 5;
    check(shape);
    shape.out_channels = 10;  // two outputs per channel
    check(shape);
  }
  for (const std::int64_t kernel : {3, 5}) {
    for (const std::int64_t stride : {1, 2}) {
      for (std::int64_t columns = 1; columns <= 38; ++columns) {  // every way to cut rows into strips
        Conv2dShape shape = square(2, 1 + columns % 7, columns, 2, kernel, stride, kernel / 2);
        shape.groups = 2;
        check(shape);
        if (columns % 3 != 0) continue;
        shape.padding_columns = std::max(kernel / 2, columns % 8);  // also wider than the image
        shape.padding_rows = 2 + columns % 3;
        check(shape);
      }
      Conv2dShape bands = square(1, 300, 40, 1, kernel, stride, 0);
      check(bands);
    }
  }
  Conv2dShape wide = square(2, 3, 1100, 2, 3, 1, 1);
  wide.groups = 2;
  check(wide);
}

TEST(Conv2d, DepthwiseWithAChannelInEachLane) {
  std::mt19937 generator(31);
  const auto pick = [&generator](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(generator() % static_cast<std::uint32_t>(high - low + 1));
  };
  int fitting = 0;
  for (int i = 0; i < 120 && !HasFailure(); ++i) {
    Conv2dShape shape;
    shape.batch = pick(1, 2);
    shape.in_channels = shape.out_channels = shape.groups = pick(8, 20);
    shape.in_rows = pick(1, i % 10 == 0 ? 90 : 15);
    shape.in_columns = pick(1, i % 10 == 0 ? 90 : 24);
    shape.kernel_rows = pick(1, 5);
    shape.kernel_columns = pick(1, 5);
    shape.stride_rows = pick(1, 3);
    shape.stride_columns = pick(1, 2);
    shape.padding_rows = pick(0, shape.kernel_rows - 1);
    shape.padding_columns = pick(0, shape.kernel_columns);
    shape.extra_rows = pick(-shape.padding_rows, 0);
    shape.extra_columns = pick(-shape.padding_columns, 3);
    if (shape.in_rows + 2 * shape.padding_rows + shape.extra_rows < shape.kernel_rows ||
        shape.in_columns + 2 * shape.padding_columns + shape.extra_columns < shape.kernel_columns) {
      continue;
    }
    if (fits_depthwise_lanes(shape, active_isa())) ++fitting;
    check(shape);
  }
  const bool has_lanes = depthwise_lane_kernels(active_isa()) != nullptr;
  EXPECT_GT(fitting, has_lanes ? 30 : -1);
}

/// A window as large as the image: the layer is a fully connected one.
TEST(Conv2d, OfTheWholeImage) {
  for (const Isa isa : test::supported_isas()) {
    Conv2dShape shape = square(19, 1, 1, 11, 1, 1, 0);
    for (int i = 0; i < 2; ++i) {
      if (i == 1) {
        shape.in_rows = shape.kernel_rows = 3;
        shape.in_columns = shape.kernel_columns = 2;
      }
      shape.batch = 2;
      GuardedFloats in(random_floats(in_count(shape), 5));
      GuardedFloats weights(random_floats(weight_count(shape), 6));
      GuardedFloats bias(random_floats(shape.out_channels, 7));
      const std::vector<float> residual = random_floats(out_count(shape), 8);
      ThreadPool pool(2);
      ASSERT_TRUE(is_whole_image(shape));
      const PackedConv2d convolution(shape, weights.data(), isa);
      std::vector<float> expected(residual.size());
      linear(isa, in.data(), weights.data(), bias.data(), expected.data(), shape.batch,
             in_count(shape) / shape.batch, shape.out_channels, Activation::silu(), pool);
      std::vector<float> out(residual.size());
      convolution.run(in.data(), out.data(), {.bias = bias.data(), .activation = Activation::silu()}, {},
                      pool);
      EXPECT_TRUE(same_bits(out, expected));
      linear(isa, in.data(), weights.data(), nullptr, expected.data(), shape.batch,
             in_count(shape) / shape.batch, shape.out_channels, {}, pool);
      out = residual;
      convolution.run(in.data(), out.data(), {.residual = out.data()}, {}, pool);
      for (std::size_t k = 0; k < out.size(); ++k) EXPECT_EQ(out[k], expected[k] + residual[k]);
    }
    shape.extra_rows = 1;
    EXPECT_FALSE(is_whole_image(shape));
  }
}

}  // namespace
}  // namespace edge::kernels
