// The walks over row and column panels of C, against the chain of multiply-adds that defines every element.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
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

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// A block of C = A x B: panels, C and residual of exactly the size that the contract allows to touch.
struct Block {
  Isa isa;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t k;
  bool accumulate = false;
  int epilogue_bits = 0;  ///< 1 bias, 2 residual, 4 ReLU, 8 and a ceiling
  std::int64_t c_gap = 0;
  std::int64_t b_gap = 0;  ///< between B panels
};

enum class Walk { rows, columns };

void check(const Block& block, Walk walk) {
  const GemmKernels& kernels = gemm_kernels(block.isa);
  const std::int64_t mr = kernels.mr;
  const std::int64_t nr = kernels.nr;
  const std::int64_t b_stride = block.k * nr + block.b_gap;
  const std::int64_t b_panels = (block.columns + nr - 1) / nr;
  const std::int64_t ldc = block.columns + block.c_gap;
  const std::int64_t c_size = (block.rows - 1) * ldc + block.columns;
  GuardedFloats a(random_floats(block.rows * block.k, 1));
  GuardedFloats b(random_floats((b_panels - 1) * b_stride + block.k * nr, 2));
  GuardedFloats c(block.accumulate ? random_floats(c_size, 3)
                                   : std::vector<float>(static_cast<std::size_t>(c_size), nan));
  GuardedFloats bias(random_floats(block.rows, 4));
  GuardedFloats residual(random_floats(c_size, 5));
  GuardedFloats scratch(static_cast<std::size_t>(gemm_scratch_floats(kernels, block.k)));
  const Epilogue epilogue{(block.epilogue_bits & 1) != 0 ? bias.data() : nullptr,
                          (block.epilogue_bits & 2) != 0 ? residual.data() : nullptr,
                          (block.epilogue_bits & 8) != 0   ? Activation::clamp(0, 0.5F)
                          : (block.epilogue_bits & 4) != 0 ? Activation::relu()
                                                           : Activation()};
  const Epilogue* last = block.epilogue_bits != 0 ? &epilogue : nullptr;

  std::vector<float> expected = c.values();
  for (std::int64_t row = 0; row < block.rows; ++row) {
    const std::int64_t panel_rows = std::min(mr, block.rows - row / mr * mr);
    const float* panel = a.data() + row / mr * mr * block.k + row % mr;
    for (std::int64_t column = 0; column < block.columns; ++column) {
      const std::int64_t index = row * ldc + column;
      const float* b_column = b.data() + column / nr * b_stride + column % nr;
      float sum = block.accumulate ? c.data()[index] : 0.0F;
      for (std::int64_t i = 0; i < block.k; ++i) {
        sum = test::multiply_add(block.isa, panel[i * panel_rows], b_column[i * nr], sum);
      }
      expected[static_cast<std::size_t>(index)] = test::finish(sum, epilogue, row, index);
    }
  }

  if (walk == Walk::rows) {
    gemm_row_panel(kernels, static_cast<int>(block.rows), block.columns, block.k, a.data(), b.data(),
                   b_stride, c.data(), ldc, block.accumulate, last, scratch.data());
  } else {
    gemm_column_panel(kernels, block.rows, block.columns, block.k, a.data(), b.data(), c.data(), ldc,
                      block.accumulate, last);
  }
  EXPECT_TRUE(same_bits(c.values(), expected))
      << isa_name(block.isa) << ": " << block.rows << " x " << block.columns << " x " << block.k
      << ", accumulate " << block.accumulate << ", epilogue " << block.epilogue_bits;
}

class Panels : public testing::TestWithParam<Isa> {};
INSTANTIATE_TEST_SUITE_P(All, Panels, testing::ValuesIn(test::supported_isas()),
                         [](const auto& param) { return std::string(isa_name(param.param)); });

TEST_P(Panels, ARowPanelOfAnyRowsAndColumns) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  for (int rows = 1; rows <= kernels.mr; ++rows) {
    for (const std::int64_t columns : {1, kernels.nr - 1, kernels.nr, 2 * kernels.nr + 1, 5 * kernels.nr}) {
      check({.isa = GetParam(), .rows = rows, .columns = columns, .k = 5}, Walk::rows);
      check({.isa = GetParam(), .rows = rows, .columns = columns, .k = 6, .accumulate = true, .c_gap = 3},
            Walk::rows);
    }
  }
}

/// The last panel is used whole, by half, or in part.
TEST_P(Panels, ARowPanelOfAnyWidth) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  for (int rows = 1; rows <= kernels.mr; ++rows) {
    for (std::int64_t columns = 1; columns < 2 * kernels.nr; ++columns) {
      check({.isa = GetParam(), .rows = rows, .columns = columns, .k = 9, .c_gap = 1}, Walk::rows);
      check({.isa = GetParam(),
             .rows = rows,
             .columns = columns,
             .k = 2,
             .accumulate = true,
             .epilogue_bits = 7,
             .b_gap = 5},
            Walk::rows);
    }
  }
}

TEST_P(Panels, ARowPanelOfAnyDepth) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  for (std::int64_t k = 0; k < 20; ++k) {
    for (const std::int64_t columns : {kernels.nr / 2, kernels.nr + kernels.nr / 2, 5 * kernels.nr - 1}) {
      for (const bool accumulate : {false, true}) {
        check({.isa = GetParam(),
               .rows = kernels.mr,
               .columns = columns,
               .k = k,
               .accumulate = accumulate,
               .b_gap = 7},
              Walk::rows);
      }
    }
  }
}

TEST_P(Panels, ARowPanelWithEpilogue) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  for (const int bits : {1, 2, 3, 4, 5, 6, 7, 12, 13, 15}) {
    for (const std::int64_t columns : {kernels.nr + 1, 4 * kernels.nr - 1}) {
      for (const int rows : {kernels.mr, kernels.mr - 1}) {
        check(
            {.isa = GetParam(), .rows = rows, .columns = columns, .k = 3, .epilogue_bits = bits, .c_gap = 5},
            Walk::rows);
        check({.isa = GetParam(),
               .rows = rows,
               .columns = columns,
               .k = 9,
               .accumulate = true,
               .epilogue_bits = bits},
              Walk::rows);
      }
    }
  }
}

TEST_P(Panels, AColumnPanel) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  for (std::int64_t rows = 1; rows <= 2 * kernels.mr + 1; ++rows) {
    for (const std::int64_t columns : {1, kernels.nr - 1, kernels.nr}) {
      check({.isa = GetParam(), .rows = rows, .columns = columns, .k = 4, .epilogue_bits = 15},
            Walk::columns);
      check({.isa = GetParam(), .rows = rows, .columns = columns, .k = 9, .accumulate = true, .c_gap = 2},
            Walk::columns);
    }
  }
}

TEST_P(Panels, AColumnPanelOfAnyWidth) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  for (std::int64_t columns = 1; columns <= kernels.nr; ++columns) {
    for (const std::int64_t rows : {2 * kernels.mr, 11 * kernels.mr - 1}) {
      for (const std::int64_t k : {0, 1, 2, 61}) {
        check({.isa = GetParam(), .rows = rows, .columns = columns, .k = k}, Walk::columns);
        check({.isa = GetParam(), .rows = rows, .columns = columns, .k = k, .accumulate = true, .c_gap = 3},
              Walk::columns);
      }
      for (int bits = 1; bits < 8; ++bits) {
        check({.isa = GetParam(),
               .rows = rows,
               .columns = columns,
               .k = 3,
               .accumulate = bits % 2 == 0,
               .epilogue_bits = bits,
               .c_gap = 1},
              Walk::columns);
      }
    }
  }
}

TEST_P(Panels, NanStaysInItsRowAndColumn) {
  const GemmKernels& kernels = gemm_kernels(GetParam());
  const std::int64_t k = 11;
  const std::int64_t nr = kernels.nr;
  const std::int64_t columns = 4 * nr + 1;
  std::vector<float> a(static_cast<std::size_t>(k * kernels.mr), 1.0F);
  std::vector<float> b(static_cast<std::size_t>(k * 5 * nr), 1.0F);
  a[static_cast<std::size_t>(3 * kernels.mr + 1)] = nan;                                        // row 1
  b[static_cast<std::size_t>(2 * nr * k + 10 * nr)] = -std::numeric_limits<float>::infinity();  // column 2 nr
  std::vector<float> c(static_cast<std::size_t>(kernels.mr * columns));
  std::vector<float> scratch(static_cast<std::size_t>(gemm_scratch_floats(kernels, k)));
  const Epilogue relu{.activation = Activation::relu()};
  gemm_row_panel(kernels, kernels.mr, columns, k, a.data(), b.data(), k * nr, c.data(), columns, false, &relu,
                 scratch.data());
  for (std::int64_t row = 0; row < kernels.mr; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const float expected = row == 1 ? nan : column == 2 * nr ? 0.0F : static_cast<float>(k);
      EXPECT_TRUE(same_bits({c[static_cast<std::size_t>(row * columns + column)]}, {expected}))
          << row << ' ' << column;
    }
  }
}

}  // namespace
}  // namespace edge::kernels
