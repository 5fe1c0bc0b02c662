// What each instruction set contributes to matrix multiplication: its microkernels and its block sizes. Used
// by the drivers in gemm.cpp and conv_gemm.cpp, by nobody outside of kernels/. Immutable tables, any thread,
// no errors.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace edge::kernels {

/// Block sizes (names as in BLIS). They change speed, never results.
struct GemmBlocking {
  std::int64_t kc;           ///< longest K block: a B panel of kc x nr lies in L1
  std::int64_t mc;           ///< sgemm: rows of A that stay in L2 while they meet one B panel after the other
  std::int64_t nc;           ///< sgemm: columns of B that are packed at a time
  std::int64_t tile_floats;  ///< convolution: kc x output positions of a tile
  std::int64_t tile_rows;    ///< convolution: output channels of a tile; few where no L3 is behind L2
  std::int64_t stage_floats;  ///< convolution: a tile is made smaller while its stage is larger than this
};

struct GemmKernels {
  int mr;
  int nr;
  /// rows[r - 1] handles r rows, 1 <= r <= mr: A's last panel is as narrow as the rows that are left, so no
  /// multiply-add is spent on padding rows.
  const GemmMicrokernel* rows;
  GemmBlocking blocking;
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

/// Splits k into equal blocks of at most kc; returns the block length (the last block may be shorter).
std::int64_t balanced_block(std::int64_t k, std::int64_t kc);

}  // namespace edge::kernels
