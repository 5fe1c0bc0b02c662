// What an instruction set may add to make packing cheap; every entry may be missing, and none changes a
// result. Used by sgemm.cpp and conv_gemm.cpp only. Immutable tables, any thread, no errors.
#pragma once

#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/gemm.h"

namespace edge::kernels {

/// A column panel of C, m rows x nr columns: packed A panels of k steps x B where it is, k rows of nr floats
/// that are ldb apart.
struct SgemmPanel {
  std::int64_t m;
  std::int64_t k;
  const float* a_panels;
  const float* b;
  std::int64_t ldb;
  const float* next_b;  ///< of the column panel that comes next, worth fetching, or null
  float* packed;        ///< becomes the B panel, k x nr; null if m <= mr and nobody else needs it
  float* c;
  std::int64_t ldc;
  bool accumulate;
  const Epilogue* epilogue;  ///< for row 0, column 0, or null
};

struct SgemmKernels {
  /// panel[i * rows + r] = scale * from[r * stride + i] for r < rows <= mr, i < k: an A panel out of a
  /// row-major matrix.
  void (*pack_a_rows)(const float* from, std::int64_t stride, int rows, std::int64_t k, float scale,
                      float* panel);
  /// As gemm_column_panel; the first row panel reads B where it is and packs it for the others on the way, so
  /// that the multiply-adds hide the packing.
  void (*multiply_and_pack)(const SgemmPanel& panel) = nullptr;
  /// panel[i * nr + j] = from[i * stride + j] for j < nr, i < k: a B panel out of a row-major matrix.
  void (*pack_b_rows)(const float* from, std::int64_t stride, std::int64_t k, float* panel) = nullptr;
};

/// Null where an ISA adds nothing.
const SgemmKernels* sgemm_kernels(Isa isa);

extern const SgemmKernels sgemm_kernels_avx2;
extern const SgemmKernels sgemm_kernels_neon;

}  // namespace edge::kernels
