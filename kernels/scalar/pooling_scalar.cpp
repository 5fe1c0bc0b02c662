// Pooling kernels, the readable truth that the other ISAs are tested against. Pure functions, thread-safe.
#include <cmath>
#include <limits>

#include "kernels/pooling_kernels.h"

namespace edge::kernels {
namespace {

float larger(float a, float b) {
  if (std::isnan(a)) return a;
  if (std::isnan(b)) return b;
  if (a == b) return std::signbit(a) ? b : a;  // +0 counts as larger than -0
  return a > b ? a : b;
}

void max_row(const MaxPoolRow& row) {
  for (std::ptrdiff_t i = 0; i < row.count; ++i) {
    float largest = -std::numeric_limits<float>::infinity();
    for (std::ptrdiff_t r = 0; r < row.rows; ++r) {
      for (std::ptrdiff_t c = 0; c < row.window; ++c) {
        const std::ptrdiff_t column = i * row.stride - row.padding + c * row.window_step;
        if (column < 0 || column >= row.in_columns) continue;
        largest = larger(largest, row.in[r * row.row_step + column]);
      }
    }
    row.out[i] = largest;
  }
}

void max_rows(const MaxPoolRow& rows, float* /*scratch*/) {
  MaxPoolRow row = rows;
  for (std::ptrdiff_t repeat = 0; repeat < rows.repeats; ++repeat) {
    max_row(row);
    row.in += row.in_advance;
    row.out += row.count;
  }
}

void average_row(const AveragePoolRow& row) {
  for (std::ptrdiff_t i = 0; i < row.count; ++i) {
    float sum = 0.0F;
    for (std::ptrdiff_t r = 0; r < row.rows; ++r) {
      for (std::ptrdiff_t c = 0; c < row.window; ++c) sum += row.in[r * row.row_step + i * row.stride + c];
    }
    row.out[i] = sum / row.divisor;
  }
}

}  // namespace

const PoolingKernels pooling_scalar = {Isa::scalar, max_rows, average_row};

}  // namespace edge::kernels
