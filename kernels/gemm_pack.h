// Packing of matrices into the panels that gemm microkernels read. Any thread, no errors.
#pragma once

#include <cstdint>

namespace edge::kernels {

/// A matrix as stored: element (row, column) is data[row * row_stride + column * column_stride].
struct MatrixView {
  const float* data;
  std::int64_t row_stride;
  std::int64_t column_stride;
  MatrixView at(std::int64_t row, std::int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride, column_stride};
  }
};

/// panel[i * rows + r] = scale * a(r, i): `rows` rows of A, `k` columns.
void pack_a_panel(const MatrixView& a, int rows, std::int64_t k, float scale, float* panel);

/// `k` rows of B, in ceil(columns / nr) panels of k * nr one after the other; columns that B lacks are 0.
void pack_b_panels(const MatrixView& b, int nr, std::int64_t columns, std::int64_t k, float* panels);

/// One of them: panel[i * nr + j] = b(i, j) for j < columns, else 0.
void pack_b_panel(const MatrixView& b, int nr, int columns, std::int64_t k, float* panel);

}  // namespace edge::kernels
