// What each instruction set contributes to matrix multiplication: its microkernels and its block sizes. Used
// by the drivers in gemm.cpp and conv_gemm.cpp, by nobody outside of kernels/. Immutable tables, any thread,
// no errors.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"
#include "kernels/gemm_blocking.h"

namespace edge::kernels {

/// A microkernel for a row of whole tiles: one A panel times `panels` B panels that are b_panel_stride floats
/// apart, into tiles of C side by side. What run() does once per tile, it does once.
using GemmSweep = void (*)(std::int64_t panels, std::int64_t k, const float* a_panel, const float* b_panels,
                           std::int64_t b_panel_stride, float* c, std::int64_t ldc, bool accumulate,
                           const Epilogue* epilogue);

/// A second microkernel for mr rows, on an A panel in which every element stands `copies` times in a row. For
/// ISAs that cannot multiply by a lane: worth its while where one A panel meets several B panels.
struct ExpandedGemm {
  const char* name;
  int copies;
  /// expanded[copies * i + j] = panel[i] for i < mr * k, j < copies.
  void (*expand)(std::int64_t k, const float* panel, float* expanded);
  GemmSweep sweep;
  GemmSweep half_sweep;  ///< as GemmKernels::half_sweeps
};

struct GemmKernels {
  int mr;
  int nr;
  /// rows[r - 1] handles r rows, 1 <= r <= mr: A's last panel is as narrow as the rows that are left, so no
  /// multiply-add is spent on padding rows.
  const GemmMicrokernel* rows;
  GemmBlocking blocking;  ///< filled in by gemm_kernels()
  /// sweeps[r - 1] handles r rows. Where there are some, gemm_row_panel is the better loop: an A panel stays
  /// in L1 while it meets one B panel after the other. Else gemm_column_panel, where a B panel stays.
  const GemmSweep* sweeps = nullptr;
  /// Given with sweeps: the same with only the first nr / 2 columns of every B panel and tile.
  const GemmSweep* half_sweeps = nullptr;
  const ExpandedGemm* expanded = nullptr;  ///< or null
  /// If there is one, all of gemm_column_panel().
  void (*column_panel)(std::int64_t m, std::int64_t columns, std::int64_t kc, const float* a_panels,
                       const float* b_panel, float* c, std::int64_t ldc, bool accumulate,
                       const Epilogue* epilogue) = nullptr;
};

const GemmKernels& gemm_kernels(Isa isa);

extern const GemmKernels gemm_kernels_scalar;
extern const GemmKernels gemm_kernels_avx2;
extern const GemmKernels gemm_kernels_neon;

/// One block of C: a_panels (ceil(m / mr) panels, each kc x its rows) times one B panel of kc x nr, of which
/// the first `columns` are stored. The epilogue, if any, is for row 0, column 0 of the block.
void gemm_column_panel(const GemmKernels& kernels, std::int64_t m, std::int64_t columns, std::int64_t kc,
                       const float* a_panels, const float* b_panel, float* c, std::int64_t ldc,
                       bool accumulate, const Epilogue* epilogue);

/// Multiples of so many columns are whole tiles to gemm_row_panel.
inline std::int64_t gemm_column_step(const GemmKernels& kernels) {
  return kernels.half_sweeps != nullptr ? kernels.nr / 2 : kernels.nr;
}

/// Floats of scratch that gemm_row_panel needs for K blocks of up to k; 0 where it needs none.
std::int64_t gemm_scratch_floats(const GemmKernels& kernels, std::int64_t k);

/// One row of blocks of C: one A panel (k columns of `rows` floats, 1 <= rows <= mr) times consecutive B
/// panels (each k x nr, b_panel_stride floats apart), of which the first `columns` columns are stored. Where
/// more may be written, pass `columns` rounded up to gemm_column_step(): that takes no copy. The epilogue, if
/// any, is for row 0, column 0. `scratch` has gemm_scratch_floats(k) floats.
void gemm_row_panel(const GemmKernels& kernels, int rows, std::int64_t columns, std::int64_t k,
                    const float* a_panel, const float* b_panels, std::int64_t b_panel_stride, float* c,
                    std::int64_t ldc, bool accumulate, const Epilogue* epilogue, float* scratch);

/// sgemm() with other kernels or block sizes than the best, for tests and tuning.
void sgemm_with(const GemmKernels& kernels, Transpose transpose_a, Transpose transpose_b, std::int64_t m,
                std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                std::int64_t ldb, float beta, float* c, std::int64_t ldc, ThreadPool& pool);

/// Splits k into equal blocks of at most kc; returns the block length (the last block may be shorter).
std::int64_t balanced_block(std::int64_t k, std::int64_t kc);

}  // namespace edge::kernels
