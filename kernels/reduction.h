// Reductions along the rows of a matrix, and the order of their values. Thread-safe, no errors.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace edge::kernels {

enum class Reduction : std::uint8_t {
  mean,
  sum,
  maximum,
  minimum,
  product,
  l1,
  l2,
  sum_of_squares,
  log_sum_exp
};

/// "mean", "l2" ...
const char* reduction_name(Reduction reduction);

/// out[row] = the reduction of a row of `columns` >= 1 values. Sums are computed in double precision, value i
/// in chain i mod 8, and rounded once: the same bits on every ISA.
void reduce_rows(Reduction reduction, const float* in, float* out, std::int64_t rows, std::int64_t columns,
                 ThreadPool& pool);

/// out[row] = the index of the largest (smallest) value of a row; of several the first, or the last. NaN
/// counts as larger than all.
void arg_rows(bool largest, bool last, const float* in, float* out, std::int64_t rows, std::int64_t columns,
              ThreadPool& pool);

/// The `count` largest (smallest) values of each row, the best first (of equal ones the one of lower index);
/// values or indices may be null.
void top_rows(bool largest, const float* in, float* values, float* indices, std::int64_t rows,
              std::int64_t columns, std::int64_t count, ThreadPool& pool);

}  // namespace edge::kernels
