// What each instruction set contributes to fully connected layers. Used by linear.cpp, and by pooling.cpp for
// sums of whole planes. Any thread, no errors.
#pragma once

#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

struct LinearKernels {
  int most_rows;
  /// dots[r] = in . weights[r x count ...] for r < rows <= most_rows: sixteen interleaved partial sums, where
  /// element k goes to sum k mod 16 and the missing elements of the last sixteen count as 0 x 0; then the
  /// sums are added in halves: i and i + 8, i and i + 4, i and i + 2, 0 and 1.
  void (*dot_rows)(const float* in, const float* weights, std::int64_t count, int rows, float* dots);
};

inline constexpr int linear_most_rows = 4;  ///< of any ISA

const LinearKernels& linear_kernels(Isa isa);

extern const LinearKernels linear_kernels_scalar;
extern const LinearKernels linear_kernels_avx2;
extern const LinearKernels linear_kernels_neon;

}  // namespace edge::kernels
