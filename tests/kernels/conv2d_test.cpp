#include "kernels/conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/depthwise_lanes.h"
#include "kernels/linear.h"
#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"

namespace edge::kernels {

void PrintTo(const Conv2dShape& s, std::ostream* out) {
  *out << "batch " << s.batch << ", " << s.in_channels << 'x' << s.in_rows << 'x' << s.in_columns << " -> "
       << s.out_channels << ", kernel " << s.kernel_rows << 'x' << s.kernel_columns << ", stride "
       << s.stride_rows << 'x' << s.stride_columns << ", padding " << s.padding_rows << 'x'
       << s.padding_columns << ", dilation " << s.dilation_rows << 'x' << s.dilation_columns << ", groups "
       << s.groups;
}

namespace {

using test::GuardedFloats;
using test::random_floats;
using test::same_bits;

std::int64_t in_count(const Conv2dShape& s) {
  return s.batch * s.in_channels * s.in_rows * s.in_columns;
}
std::int64_t out_count(const Conv2dShape& s) {
  return s.batch * s.out_channels * s.out_rows() * s.out_columns();
}
std::int64_t weight_count(const Conv2dShape& s) {
  return s.out_channels * (s.in_channels / s.groups) * s.kernel_rows * s.kernel_columns;
}

/// The definition with the rounding of `isa`: one chain over channels, kernel rows, kernel columns, padding
/// included. If `magnitude` is given, it gets the sum of |weight| x |value| of every element.
std::vector<float> chains(Isa isa, const Conv2dShape& s, const float* in, const float* weights,
                          std::vector<double>* magnitude = nullptr) {
  std::vector<float> out;
  const std::int64_t in_per_group = s.in_channels / s.groups;
  for (std::int64_t index = 0; index < out_count(s); ++index) {
    const std::int64_t column = index % s.out_columns();
    const std::int64_t row = index / s.out_columns() % s.out_rows();
    const std::int64_t channel = index / s.out_columns() / s.out_rows() % s.out_channels;
    const std::int64_t item = index / s.out_columns() / s.out_rows() / s.out_channels;
    const std::int64_t group = channel / (s.out_channels / s.groups);
    const float* image = in + (item * s.in_channels + group * in_per_group) * s.in_rows * s.in_columns;
    const std::int64_t taps = s.kernel_rows * s.kernel_columns;
    float sum = 0;
    double size = 0;
    for (std::int64_t k = 0; k < in_per_group * taps; ++k) {
      const std::int64_t tap = k % taps;
      const std::int64_t y = row * s.stride_rows + tap / s.kernel_columns * s.dilation_rows - s.padding_rows;
      const std::int64_t x =
          column * s.stride_columns + tap % s.kernel_columns * s.dilation_columns - s.padding_columns;
      const bool inside = y >= 0 && y < s.in_rows && x >= 0 && x < s.in_columns;
      const float value = inside ? image[(k / taps * s.in_rows + y) * s.in_columns + x] : 0.0F;
      const float weight = weights[channel * in_per_group * taps + k];
      sum = test::multiply_add(isa, weight, value, sum);
      size += std::abs(static_cast<double>(weight) * static_cast<double>(value));
    }
    out.push_back(sum);
    if (magnitude != nullptr) magnitude->push_back(size);
  }
  return out;
}

/// The algorithms that are chains of multiply-adds, whatever PackedConv2d would choose (Winograd:
/// winograd_test.cpp).
std::unique_ptr<ConvAlgorithm> make_direct(const Conv2dShape& shape, const float* weights, Isa isa,
                                           SgemmFunction external) {
  if (fits_depthwise_lanes(shape, isa)) return make_depthwise_lane_convolution(shape, weights, isa);
  if (shape.in_channels == shape.groups) return make_depthwise_convolution(shape, weights, isa);
  if (external != nullptr) return make_external_convolution(shape, weights, external);
  return make_gemm_convolution(shape, weights, isa);
}

/// A convolution with every buffer between guard pages.
class Convolution {
 public:
  Convolution(const Conv2dShape& the_shape, Isa isa, SgemmFunction external = nullptr)
      : shape(the_shape),
        in(random_floats(in_count(shape), 1)),
        weights(random_floats(weight_count(shape), 2)),
        bias(random_floats(shape.out_channels, 3)),
        residual(random_floats(out_count(shape), 4)),
        packed(make_direct(shape, weights.data(), isa, external)) {}

  std::vector<float> run(int threads, const Epilogue& epilogue) const {
    return run(in.values(), threads, epilogue);
  }
  std::vector<float> run(const std::vector<float>& image, int threads, const Epilogue& epilogue) const {
    ThreadPool pool(threads);
    GuardedFloats guarded_in(image);
    GuardedFloats out(static_cast<std::size_t>(out_count(shape)));
    GuardedFloats workspace(packed->workspace_floats(threads));
    // Whatever lies in the workspace must not show.
    std::fill_n(workspace.data(), workspace.span().size(), std::numeric_limits<float>::quiet_NaN());
    packed->run(guarded_in.data(), out.data(), epilogue, workspace.span(), pool);
    return out.values();
  }

  Conv2dShape shape;
  GuardedFloats in, weights, bias, residual;
  std::unique_ptr<ConvAlgorithm> packed;
};

std::vector<float> finished(std::vector<float> values, const Conv2dShape& shape, const Epilogue& epilogue) {
  const std::int64_t plane = shape.out_rows() * shape.out_columns();
  for (std::int64_t i = 0; i < out_count(shape); ++i) {
    float& value = values[static_cast<std::size_t>(i)];
    value = test::finish(value, epilogue, i / plane % shape.out_channels, i);
  }
  return values;
}

void check(const Conv2dShape& shape) {
  SCOPED_TRACE(testing::PrintToString(shape));
  for (const Isa isa : test::supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    Convolution convolution(shape, isa);
    const std::vector<float> expected = chains(isa, shape, convolution.in.data(), convolution.weights.data());
    EXPECT_TRUE(same_bits(convolution.run(1, {}), expected));
    const Epilogue all{convolution.bias.data(), convolution.residual.data(), Activation::clamp(0, 2.0F)};
    EXPECT_TRUE(same_bits(convolution.run(3, all), finished(expected, shape, all)));
    const Epilogue clipped{convolution.bias.data(), nullptr, Activation::clamp(0, 0.375F)};
    EXPECT_TRUE(same_bits(convolution.run(1, clipped), finished(expected, shape, clipped)));
  }
}

Conv2dShape square(std::int64_t in_channels, std::int64_t rows, std::int64_t columns,
                   std::int64_t out_channels, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding) {
  return {.in_channels = in_channels,
          .in_rows = rows,
          .in_columns = columns,
          .out_channels = out_channels,
          .kernel_rows = kernel,
          .kernel_columns = kernel,
          .stride_rows = stride,
          .stride_columns = stride,
          .padding_rows = padding,
          .padding_columns = padding};
}

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

Conv2dShape random_shape(std::mt19937& generator) {
  const auto pick = [&generator](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(generator() % static_cast<std::uint32_t>(high - low + 1));
  };
  while (true) {
    Conv2dShape s;
    s.batch = pick(1, 2);
    s.groups = pick(0, 2) == 0 ? pick(2, 4) : 1;
    s.in_channels = s.groups * pick(1, 5);
    s.out_channels = s.groups * pick(1, 9);
    s.in_rows = pick(1, 16);
    s.in_columns = pick(1, 40);
    s.kernel_rows = pick(1, 5);
    s.kernel_columns = pick(1, 5);
    s.stride_rows = pick(1, 5);
    s.stride_columns = pick(1, 5);
    s.padding_rows = pick(0, s.kernel_rows);
    s.padding_columns = pick(0, s.kernel_columns);
    s.dilation_rows = pick(1, 3);
    s.dilation_columns = pick(1, 3);
    if (pick(0, 1) == 0) {  // as much padding as there is, or another one, at the bottom and right
      s.extra_rows = pick(-s.padding_rows, 3);
      s.extra_columns = pick(-s.padding_columns, 3);
    }
    const bool fits =
        s.in_rows + 2 * s.padding_rows + s.extra_rows > s.dilation_rows * (s.kernel_rows - 1) &&
        s.in_columns + 2 * s.padding_columns + s.extra_columns > s.dilation_columns * (s.kernel_columns - 1);
    if (fits) return s;
  }
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

TEST(Conv2d, TheErrorIsSmallAgainstDoublePrecision) {
  const Conv2dShape shape = square(60, 6, 12, 8, 3, 1, 1);
  for (const Isa isa : test::supported_isas()) {
    Convolution convolution(shape, isa);
    std::vector<double> magnitude;
    chains(isa, shape, convolution.in.data(), convolution.weights.data(), &magnitude);
    std::vector<float> reference(magnitude.size());
    conv2d_reference(shape, convolution.in.data(), convolution.weights.data(), convolution.bias.data(),
                     reference.data());
    const std::vector<float> actual = convolution.run(1, {.bias = convolution.bias.data()});
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_NEAR(actual[i], reference[i], 1e-5 * (magnitude[i] + 1)) << isa_name(isa) << ' ' << i;
    }
  }
}

TEST(Conv2d, TheResidualMayBeTheOutput) {
  Conv2dShape depthwise = square(3, 5, 43, 3, 3, 1, 1);
  depthwise.groups = 3;
  for (const Conv2dShape& shape : {square(9, 8, 9, 13, 1, 1, 0), square(700, 3, 50, 14, 1, 1, 0),
                                   square(45, 8, 9, 5, 3, 1, 1), square(4, 70, 9, 5, 3, 1, 1), depthwise}) {
    SCOPED_TRACE(testing::PrintToString(shape));
    for (const Isa isa : test::supported_isas()) {
      Convolution convolution(shape, isa);
      const Epilogue apart{convolution.bias.data(), convolution.residual.data(), Activation::clamp(0, 0.5F)};
      const std::vector<float> expected = convolution.run(1, apart);
      for (const int threads : {1, 2}) {
        ThreadPool pool(threads);
        GuardedFloats out(convolution.residual.values());
        GuardedFloats workspace(convolution.packed->workspace_floats(threads));
        convolution.packed->run(convolution.in.data(), out.data(),
                                {convolution.bias.data(), out.data(), Activation::clamp(0, 0.5F)},
                                workspace.span(), pool);
        EXPECT_TRUE(same_bits(out.values(), expected)) << isa_name(isa) << ' ' << threads;
      }
    }
  }
}

TEST(Conv2d, ACutImageGivesTheSameRows) {
  const Conv2dShape whole = square(12, 40, 37, 10, 3, 1, 1);
  Conv2dShape part = whole;
  part.in_rows = 12;
  const std::size_t in_row = static_cast<std::size_t>(whole.in_columns);
  for (const Isa isa : test::supported_isas()) {
    const Convolution convolution(whole, isa);
    const Convolution cut(part, isa);
    const std::vector<float> image = random_floats(in_count(whole), 1);
    std::vector<float> rows;  // 20 .. 31 of every channel
    for (std::size_t c = 0; c < 12; ++c) {
      const auto first = image.begin() + static_cast<std::ptrdiff_t>((c * 40 + 20) * in_row);
      rows.insert(rows.end(), first, first + static_cast<std::ptrdiff_t>(12 * in_row));
    }
    const std::vector<float> expected = convolution.run(image, 1, {});
    const std::vector<float> actual = cut.run(rows, 1, {});
    for (std::size_t c = 0; c < 10; ++c) {
      for (std::size_t i = in_row; i < 11 * in_row;
           ++i) {  // without the first and the last row: their padding
        ASSERT_EQ(actual[c * 12 * in_row + i], expected[(c * 40 + 20) * in_row + i]) << isa_name(isa);
      }
    }
  }
}

TEST(Conv2d, ThreadsDoNotChangeResults) {
  const Conv2dShape shape = square(33, 30, 44, 50, 3, 1, 1);
  for (const Isa isa : test::supported_isas()) {
    if (isa == Isa::scalar) continue;  // slow, and covered by the small shapes
    const Convolution convolution(shape, isa);
    const std::vector<float> expected = convolution.run(1, {.activation = Activation::relu()});
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(same_bits(convolution.run(threads, {.activation = Activation::relu()}), expected));
  }
}

TEST(Conv2d, OneObjectInSeveralThreads) {
  const Convolution convolution(square(8, 20, 20, 12, 3, 1, 1), active_isa());
  const std::vector<float> expected = convolution.run(1, {});
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (auto& result : results) threads.emplace_back([&] { result = convolution.run(1, {}); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, expected));
}

TEST(Conv2d, NanAndInfinityReachExactlyTheirWindows) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t groups : {1, 3}) {
    Conv2dShape shape = square(3, 9, 21, 3, 3, 1, 1);
    shape.groups = groups;
    for (const Isa isa : test::supported_isas()) {
      Convolution convolution(shape, isa);
      std::vector<float> image(static_cast<std::size_t>(in_count(shape)), 1.0F);
      image[4 * 21 + 20] = nan;  // channel 0
      image[7 * 21 + 1] = infinity;
      const std::vector<float> out = convolution.run(image, 1, {.activation = Activation::relu()});
      const std::vector<float> expected =
          finished(chains(isa, shape, image.data(), convolution.weights.data()), shape,
                   {.activation = Activation::relu()});
      EXPECT_TRUE(same_bits(out, expected)) << isa_name(isa);
      EXPECT_EQ(std::count_if(out.begin(), out.begin() + 9 * 21, [](float x) { return std::isnan(x); }), 6);
    }
  }
}

TEST(Conv2d, TheWorkspaceDoesNotGrowWithTheImage) {
  for (const Isa isa : test::supported_isas()) {
    const Conv2dShape small = square(64, 600, 800, 64, 3, 1, 1);
    const Conv2dShape large = square(64, 6000, 8000, 64, 3, 1, 1);
    const std::vector<float> weights = random_floats(weight_count(small), 1);
    const std::size_t bound = make_gemm_convolution(small, weights.data(), isa)->workspace_floats(4);
    EXPECT_EQ(make_gemm_convolution(large, weights.data(), isa)->workspace_floats(4), bound);
    EXPECT_LE(bound * sizeof(float), std::size_t{4} << 20U);
  }
}

/// A plain product in the role of OpenBLAS.
void naive_sgemm(Transpose, Transpose, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
                 const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c,
                 std::int64_t ldc, ThreadPool& pool) {
  EXPECT_EQ(pool.threads(), 1);
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t column = 0; column < n; ++column) {
      float sum = beta == 0.0F ? 0.0F : beta * c[row * ldc + column];
      for (std::int64_t i = 0; i < k; ++i) {
        sum = test::multiply_add(Isa::scalar, alpha * a[row * lda + i], b[i * ldb + column], sum);
      }
      c[row * ldc + column] = sum;
    }
  }
}

TEST(Conv2d, ExternalSgemm) {
  std::mt19937 generator(7);
  for (int i = 0; i < 30 && !HasFailure(); ++i) {
    const Conv2dShape shape = random_shape(generator);
    SCOPED_TRACE(testing::PrintToString(shape));
    Convolution convolution(shape, Isa::scalar, naive_sgemm);
    const Epilogue all{convolution.bias.data(), convolution.residual.data(), Activation::relu()};
    const std::vector<float> expected =
        finished(chains(Isa::scalar, shape, convolution.in.data(), convolution.weights.data()), shape, all);
    EXPECT_TRUE(same_bits(convolution.run(2, all), expected));
    ThreadPool pool(1);
    GuardedFloats out(convolution.residual.values());
    GuardedFloats workspace(convolution.packed->workspace_floats(1));
    convolution.packed->run(convolution.in.data(), out.data(),
                            {convolution.bias.data(), out.data(), Activation::relu()}, workspace.span(),
                            pool);
    EXPECT_TRUE(same_bits(out.values(), expected)) << "in place";
  }
}

}  // namespace
}  // namespace edge::kernels
