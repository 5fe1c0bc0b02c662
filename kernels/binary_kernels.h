// The table of two-operand kernels that each ISA implements. Included by the ISA files, hence no inline code
// in here.
#pragma once

#include <cstddef>

#include "kernels/binary.h"
#include "kernels/cpu.h"

namespace edge::kernels {

struct BinaryKernels {
  Isa isa;
  /// out[i] = function(a[i * a_step], b[i * b_step]); the steps are 0 or 1. Only of the functions up to
  /// `last`; the scalar ones do the others.
  BinaryFunction last;
  void (*run)(BinaryFunction function, const float* a, std::size_t a_step, const float* b, std::size_t b_step,
              float* out, std::size_t count);
};

extern const BinaryKernels binary_scalar;
extern const BinaryKernels binary_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const BinaryKernels binary_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
