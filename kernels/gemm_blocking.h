// Block sizes of the matrix products: one table of rules, filled in with the caches of the machine. They
// change speed, never results. Pure functions, any thread, no errors.
#pragma once

#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

/// Block sizes (names as in BLIS).
struct GemmBlocking {
  std::int64_t kc = 0;       ///< sgemm: longest K block; the panels that meet in the microkernel fit into L1
  std::int64_t mc = 0;       ///< sgemm: rows of A that stay in L2 while they meet one B panel after the other
  std::int64_t nc = 0;       ///< sgemm: columns of B that a thread packs at a time, to stay in L2
  std::int64_t tile_kc = 0;  ///< convolution: longest K block
  std::int64_t tile_floats = 0;   ///< convolution: tile_kc x output positions of a tile
  std::int64_t tile_rows = 0;     ///< convolution: output channels of a tile
  std::int64_t stage_floats = 0;  ///< convolution: a tile is made smaller while its stage is larger than this
};

/// For microkernels of mr x nr that read every element of A `a_copies` times in a row.
GemmBlocking gemm_blocking(Isa isa, int mr, int nr, int a_copies, const CacheSizes& caches);

}  // namespace edge::kernels
