// AVX2+FMA gemm microkernels, 1 to 6 rows by 16 columns. Any thread, no errors.
//
// Registers of the 6x16: ymm0-11 the 6 x 2 sums, ymm12-13 a row of B, ymm14-15 an element of A in all lanes.
// 12 independent chains cover FMA latency (4) x FMA units (2) = 8; a step loads 2 vectors and 6 scalars for
// 12 FMAs.
#include <immintrin.h>

#include <cstddef>

#include "kernels/gemm_kernels.h"

namespace edge::kernels {

namespace {

constexpr int nr = 16;

/// x > 0 or NaN: x, else +0.
[[gnu::always_inline]] inline __m256 relu(__m256 x) {
  return _mm256_and_ps(x, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NLE_UQ));
}

template <int rows>
struct Tile {
  __m256 sums[rows][2];

  [[gnu::always_inline]] inline void step(const float* a, const float* b) {
    const __m256 b0 = _mm256_loadu_ps(b);
    const __m256 b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      const __m256 element = _mm256_broadcast_ss(a + row);
      sums[row][0] = _mm256_fmadd_ps(element, b0, sums[row][0]);
      sums[row][1] = _mm256_fmadd_ps(element, b1, sums[row][1]);
    }
  }

  [[gnu::always_inline]] inline void finish(const Epilogue& epilogue, std::ptrdiff_t ldc) {
    if (epilogue.bias != nullptr) {
#pragma GCC unroll 8
      for (int row = 0; row < rows; ++row) {
        const __m256 bias = _mm256_broadcast_ss(epilogue.bias + row);
        sums[row][0] = _mm256_add_ps(sums[row][0], bias);
        sums[row][1] = _mm256_add_ps(sums[row][1], bias);
      }
    }
    if (epilogue.residual != nullptr) {
#pragma GCC unroll 8
      for (int row = 0; row < rows; ++row) {
        sums[row][0] = _mm256_add_ps(sums[row][0], _mm256_loadu_ps(epilogue.residual + row * ldc));
        sums[row][1] = _mm256_add_ps(sums[row][1], _mm256_loadu_ps(epilogue.residual + row * ldc + 8));
      }
    }
    if (epilogue.relu) {
#pragma GCC unroll 8
      for (int row = 0; row < rows; ++row) {
        sums[row][0] = relu(sums[row][0]);
        sums[row][1] = relu(sums[row][1]);
      }
    }
  }
};

template <int rows>
void gemm(std::int64_t k, const float* a, const float* b, float* c, std::int64_t ldc, bool accumulate,
          const Epilogue* epilogue) {
  Tile<rows> tile;
  if (accumulate) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      tile.sums[row][0] = _mm256_loadu_ps(c + row * ldc);
      tile.sums[row][1] = _mm256_loadu_ps(c + row * ldc + 8);
    }
  } else {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      tile.sums[row][0] = _mm256_setzero_ps();
      tile.sums[row][1] = _mm256_setzero_ps();
      // C is written at the end only: have its lines by then.
      _mm_prefetch(reinterpret_cast<const char*>(c + row * ldc), _MM_HINT_T0);
    }
  }
  // Not unrolled: g++ 12 would move loads across steps and spill sums; the front end has room for the loop's
  // overhead.
#pragma GCC unroll 1
  for (; k > 0; --k) {
    tile.step(a, b);
    a += rows;
    b += nr;
  }
  if (epilogue != nullptr) tile.finish(*epilogue, static_cast<std::ptrdiff_t>(ldc));
#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row) {
    _mm256_storeu_ps(c + row * ldc, tile.sums[row][0]);
    _mm256_storeu_ps(c + row * ldc + 8, tile.sums[row][1]);
  }
}

constexpr GemmMicrokernel kernels[] = {
    {"f32-gemm 1x16 avx2", Isa::avx2, 1, nr, gemm<1>}, {"f32-gemm 2x16 avx2", Isa::avx2, 2, nr, gemm<2>},
    {"f32-gemm 3x16 avx2", Isa::avx2, 3, nr, gemm<3>}, {"f32-gemm 4x16 avx2", Isa::avx2, 4, nr, gemm<4>},
    {"f32-gemm 5x16 avx2", Isa::avx2, 5, nr, gemm<5>}, {"f32-gemm 6x16 avx2", Isa::avx2, 6, nr, gemm<6>},
};

}  // namespace

const GemmKernels gemm_kernels_avx2 = {6,
                                       nr,
                                       kernels,
                                       {.kc = 256,
                                        .mc = 144,
                                        .nc = 2048,
                                        .tile_floats = 64 * 1024,
                                        .tile_rows = 2048,
                                        .stage_floats = 96 * 1024}};

}  // namespace edge::kernels
