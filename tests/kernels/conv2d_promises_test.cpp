// What callers of convolutions may rely on: accuracy, threads, buffers that are the same, strange values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "tests/kernels/conv2d_support.h"

namespace edge::kernels {
namespace {

using test::chains;
using test::Convolution;
using test::finished;
using test::GuardedFloats;
using test::in_count;
using test::random_floats;
using test::random_shape;
using test::same_bits;
using test::square;
using test::weight_count;

TEST(Conv2dPromises, TheErrorIsSmallAgainstDoublePrecision) {
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

TEST(Conv2dPromises, TheResidualMayBeTheOutput) {
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

TEST(Conv2dPromises, ACutImageGivesTheSameRows) {
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

TEST(Conv2dPromises, ThreadsDoNotChangeResults) {
  const Conv2dShape shape = square(33, 30, 44, 50, 3, 1, 1);
  for (const Isa isa : test::supported_isas()) {
    if (isa == Isa::scalar) continue;  // slow, and covered by the small shapes
    const Convolution convolution(shape, isa);
    const std::vector<float> expected = convolution.run(1, {.activation = Activation::relu()});
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(same_bits(convolution.run(threads, {.activation = Activation::relu()}), expected));
  }
}

TEST(Conv2dPromises, OneObjectInSeveralThreads) {
  const Convolution convolution(square(8, 20, 20, 12, 3, 1, 1), active_isa());
  const std::vector<float> expected = convolution.run(1, {});
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (auto& result : results) threads.emplace_back([&] { result = convolution.run(1, {}); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, expected));
}

TEST(Conv2dPromises, NanAndInfinityReachExactlyTheirWindows) {
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

TEST(Conv2dPromises, TheWorkspaceDoesNotGrowWithTheImage) {
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

TEST(Conv2dPromises, ExternalSgemm) {
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
