#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "kernels/gemm_kernels.h"
#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"

namespace edge::kernels {
namespace {

using test::GuardedFloats;
using test::random_floats;
using test::same_bits;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class Microkernel : public testing::TestWithParam<GemmMicrokernel> {};
INSTANTIATE_TEST_SUITE_P(All, Microkernel, testing::ValuesIn(gemm_microkernels()), [](const auto& param) {
  std::string name = param.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
});

/// Panels, C and residual of exactly the size that the contract allows to touch; rows of C are `gap` floats
/// apart.
void check_microkernel(const GemmMicrokernel& kernel, std::int64_t k, bool accumulate, int epilogue_bits,
                       int gap) {
  const std::int64_t ldc = kernel.nr + gap;
  const std::int64_t c_size = (kernel.mr - 1) * ldc + kernel.nr;
  GuardedFloats a(random_floats(k * kernel.mr, 1));
  GuardedFloats b(random_floats(k * kernel.nr, 2));
  GuardedFloats c(accumulate ? random_floats(c_size, 3)
                             : std::vector<float>(static_cast<std::size_t>(c_size), nan));
  GuardedFloats bias(random_floats(kernel.mr, 4));
  GuardedFloats residual(random_floats(c_size, 5));
  const Epilogue epilogue{(epilogue_bits & 1) != 0 ? bias.data() : nullptr,
                          (epilogue_bits & 2) != 0 ? residual.data() : nullptr,
                          (epilogue_bits & 4) != 0 ? Activation::relu() : Activation()};
  std::vector<float> expected = c.values();
  for (int row = 0; row < kernel.mr; ++row) {
    for (int column = 0; column < kernel.nr; ++column) {
      const std::int64_t index = row * ldc + column;
      float sum = accumulate ? c.data()[index] : 0.0F;
      for (std::int64_t i = 0; i < k; ++i) {
        sum = test::multiply_add(kernel.isa, a.data()[i * kernel.mr + row], b.data()[i * kernel.nr + column],
                                 sum);
      }
      expected[static_cast<std::size_t>(index)] = test::finish(sum, epilogue, row, index);
    }
  }
  kernel.run(k, a.data(), b.data(), c.data(), ldc, accumulate, epilogue_bits != 0 ? &epilogue : nullptr);
  EXPECT_TRUE(same_bits(c.values(), expected)) << kernel.name << " k=" << k << " accumulate=" << accumulate
                                               << " epilogue=" << epilogue_bits << " gap=" << gap;
}

TEST_P(Microkernel, IsTheChainOfMultiplyAdds) {
  for (const std::int64_t k : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 33, 70}) {
    for (const bool accumulate : {false, true}) check_microkernel(GetParam(), k, accumulate, 0, 0);
  }
}

TEST_P(Microkernel, AppliesTheEpilogue) {
  for (int epilogue = 1; epilogue < 8; ++epilogue) {
    check_microkernel(GetParam(), 5, false, epilogue, 3);
    check_microkernel(GetParam(), 6, true, epilogue, 0);
  }
}

TEST_P(Microkernel, ReluKeepsNanAndMakesNegativeZeroPositive) {
  const GemmMicrokernel& kernel = GetParam();
  const std::vector<float> zeros(16, 0.0F);
  std::vector<float> bias(static_cast<std::size_t>(kernel.mr));
  const float values[] = {nan,  -0.0F,  -1.0F, infinity, -infinity, 2.5F,
                          0.0F, 1e-30F, -2.0F, nan,      1.0F,      -0.0F};
  const float expected[] = {nan, 0.0F, 0.0F, infinity, 0.0F, 2.5F, 0.0F, 1e-30F, 0.0F, nan, 1.0F, 0.0F};
  for (std::size_t row = 0; row < bias.size(); ++row) bias[row] = values[row];
  // A sum of -0 needs a C of -0: 0 + (-0) would be +0.
  std::vector<float> c(static_cast<std::size_t>(kernel.mr * kernel.nr), -0.0F);
  const Epilogue epilogue{.bias = bias.data(), .activation = Activation::relu()};
  kernel.run(0, zeros.data(), zeros.data(), c.data(), kernel.nr, true, &epilogue);
  for (std::size_t row = 0; row < bias.size(); ++row) {
    EXPECT_TRUE(same_bits({c[row * static_cast<std::size_t>(kernel.nr)]}, {expected[row]})) << values[row];
  }
}

TEST(GemmRegistry, EveryIsaHasAFullTile) {
  for (const Isa isa : test::supported_isas()) {
    const GemmKernels& kernels = gemm_kernels(isa);
    const GemmMicrokernel& kernel = kernels.rows[kernels.mr - 1];
    EXPECT_EQ(kernel.isa, isa);
    const auto same_name = [&](const GemmMicrokernel& other) {
      return std::string(other.name) == kernel.name;
    };
    EXPECT_EQ(std::count_if(gemm_microkernels().begin(), gemm_microkernels().end(), same_name), 1);
    EXPECT_NE(std::string(kernel.name).find(std::to_string(kernel.mr) + "x" + std::to_string(kernel.nr)),
              std::string::npos);
  }
}

struct Product {
  std::int64_t m, n, k;
  Transpose transpose_a = Transpose::no;
  Transpose transpose_b = Transpose::no;
  float alpha = 1;
  float beta = 0;
  std::int64_t gap = 0;  ///< between rows of all matrices
};

/// Guarded matrices of exactly the size that the strides imply.
std::vector<float> run_sgemm(const Product& p, int threads, std::vector<float>* expected) {
  const auto stored = [&p](std::int64_t rows, std::int64_t columns, Transpose transpose) {
    if (transpose == Transpose::yes) std::swap(rows, columns);
    return rows == 0 ? 0 : (rows - 1) * (columns + p.gap) + columns;
  };
  const std::int64_t lda = (p.transpose_a == Transpose::no ? p.k : p.m) + p.gap;
  const std::int64_t ldb = (p.transpose_b == Transpose::no ? p.n : p.k) + p.gap;
  const std::int64_t ldc = p.n + p.gap;
  GuardedFloats a(random_floats(stored(p.m, p.k, p.transpose_a), 1));
  GuardedFloats b(random_floats(stored(p.k, p.n, p.transpose_b), 2));
  GuardedFloats c(random_floats(stored(p.m, p.n, Transpose::no), 3));
  if (expected != nullptr) {
    *expected = c.values();
    for (std::int64_t row = 0; row < p.m; ++row) {
      for (std::int64_t column = 0; column < p.n; ++column) {
        float& value = (*expected)[static_cast<std::size_t>(row * ldc + column)];
        value = p.beta == 0.0F ? 0.0F : p.beta * value;
        for (std::int64_t i = 0; i < p.k && p.alpha != 0.0F; ++i) {
          const float left = a.data()[p.transpose_a == Transpose::no ? row * lda + i : i * lda + row];
          const float right = b.data()[p.transpose_b == Transpose::no ? i * ldb + column : column * ldb + i];
          value = test::multiply_add(active_isa(), p.alpha * left, right, value);
        }
      }
    }
  }
  ThreadPool pool(threads);
  sgemm(p.transpose_a, p.transpose_b, p.m, p.n, p.k, p.alpha, a.data(), lda, b.data(), ldb, p.beta, c.data(),
        ldc, pool);
  return c.values();
}

TEST(Sgemm, IsTheChainForAnyShapeAndThreadCount) {
  const Product products[] = {
      {1, 1, 1},
      {1, 17, 5},
      {7, 1, 3},
      {5, 13, 0},
      {0, 4, 4},
      {4, 0, 4},
      {6, 16, 350},
      {13, 35, 41, Transpose::yes, Transpose::no, 1, 0, 3},
      {13, 35, 41, Transpose::no, Transpose::yes, 1, 1, 2},
      {31, 29, 37, Transpose::yes, Transpose::yes, -0.75F, 0.5F, 1},
      {70, 90, 33, Transpose::no, Transpose::no, 2, -1, 0},
      {9, 10, 11, Transpose::no, Transpose::no, 0, 0.25F, 0},
      {150, 20, 20},
      {3, 150, 70, Transpose::no, Transpose::yes},
  };
  for (const Product& product : products) {
    std::vector<float> expected;
    const std::vector<float> one = run_sgemm(product, 1, &expected);
    const std::string shape =
        std::to_string(product.m) + " x " + std::to_string(product.n) + " x " + std::to_string(product.k);
    EXPECT_TRUE(same_bits(one, expected)) << shape;
    EXPECT_TRUE(same_bits(run_sgemm(product, 3, nullptr), expected)) << shape << ", 3 threads";
  }
}

TEST(Sgemm, BetaZeroOverwritesNan) {
  const std::vector<float> a = {1, 2};
  const std::vector<float> b = {3, 4};
  std::vector<float> c = {nan};
  ThreadPool pool(1);
  sgemm(Transpose::no, Transpose::no, 1, 1, 2, 1, a.data(), 2, b.data(), 1, 0, c.data(), 1, pool);
  EXPECT_EQ(c[0], 11.0F);
}

TEST(Sgemm, NanAndInfinityPropagate) {
  constexpr std::size_t size = 20;
  std::vector<float> a(size * size, 1.0F);
  std::vector<float> b(size * size, 1.0F);
  std::vector<float> c(size * size);
  a[3 * size + 7] = nan;
  a[5 * size + 2] = infinity;
  b[19] = -infinity;
  ThreadPool pool(1);
  sgemm(Transpose::no, Transpose::no, size, size, size, 1, a.data(), size, b.data(), size, 0, c.data(), size,
        pool);
  for (std::size_t row = 0; row < size; ++row) {
    for (std::size_t column = 0; column < size; ++column) {
      const float expected_row = row == 3 ? nan : row == 5 ? infinity : static_cast<float>(size);
      const float expected = column != 19 ? expected_row : row == 3 || row == 5 ? nan : -infinity;
      EXPECT_TRUE(same_bits({c[row * size + column]}, {expected})) << row << ' ' << column;
    }
  }
}

}  // namespace
}  // namespace edge::kernels
