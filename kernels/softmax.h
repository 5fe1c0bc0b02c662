// Softmax along the rows of a matrix. Any thread; no errors.
#pragma once

#include <cstddef>

#include "kernels/cpu.h"

namespace edge::kernels {

/// Each row of `columns` values: exp(x - largest) / sum, with the same bits on every ISA. A row that holds
/// NaN or +infinity becomes NaN (as PyTorch); an exponential below FLT_MIN counts as 0. `in` and `out` may be
/// the same. Relative error: at most 8e-8 of an exponential (0.9 units in the last place), besides the
/// rounding of x - largest; of the sum typically 1e-7, at most columns / 16 x 6e-8 (sixteen interleaved
/// partial sums, as linear() has).
void softmax(Isa isa, const float* in, float* out, std::size_t rows, std::size_t columns);

}  // namespace edge::kernels
