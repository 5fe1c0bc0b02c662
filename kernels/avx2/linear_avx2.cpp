// AVX2+FMA dot products of linear(). Any thread, no errors.
#include <immintrin.h>

#include <cstddef>

#include "kernels/linear_kernels.h"

namespace edge::kernels {

namespace {

constexpr int most_rows = 4;

[[gnu::always_inline]] inline float add_halves(__m256 low, __m256 high) {
  const __m256 eight = _mm256_add_ps(low, high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

template <int rows>
void dot(const float* in, const float* weights, std::ptrdiff_t count, float* dots) {
  __m256 low[rows];
  __m256 high[rows];
#pragma GCC unroll 4
  for (int row = 0; row < rows; ++row) low[row] = high[row] = _mm256_setzero_ps();
  std::ptrdiff_t k = 0;
  for (; k + 16 <= count; k += 16) {
    const __m256 in_low = _mm256_loadu_ps(in + k);
    const __m256 in_high = _mm256_loadu_ps(in + k + 8);
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) {
      low[row] = _mm256_fmadd_ps(in_low, _mm256_loadu_ps(weights + row * count + k), low[row]);
      high[row] = _mm256_fmadd_ps(in_high, _mm256_loadu_ps(weights + row * count + k + 8), high[row]);
    }
  }
  if (k < count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const auto rest = static_cast<int>(count - k);
    const __m256i mask_low = _mm256_cmpgt_epi32(_mm256_set1_epi32(rest), lane);
    const __m256i mask_high = _mm256_cmpgt_epi32(_mm256_set1_epi32(rest - 8), lane);
    const std::ptrdiff_t second = rest > 8 ? 8 : 0;  // no pointer past the end, even if nothing is loaded
    const __m256 in_low = _mm256_maskload_ps(in + k, mask_low);
    const __m256 in_high = _mm256_maskload_ps(in + k + second, mask_high);
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) {
      const float* at = weights + row * count + k;
      low[row] = _mm256_fmadd_ps(in_low, _mm256_maskload_ps(at, mask_low), low[row]);
      high[row] = _mm256_fmadd_ps(in_high, _mm256_maskload_ps(at + second, mask_high), high[row]);
    }
  }
#pragma GCC unroll 4
  for (int row = 0; row < rows; ++row) dots[row] = add_halves(low[row], high[row]);
}

void dot_rows(const float* in, const float* weights, std::int64_t count, int rows, float* dots) {
  switch (rows) {
    case 1:
      return dot<1>(in, weights, count, dots);
    case 2:
      return dot<2>(in, weights, count, dots);
    case 3:
      return dot<3>(in, weights, count, dots);
    default:
      return dot<most_rows>(in, weights, count, dots);
  }
}

}  // namespace

const LinearKernels linear_kernels_avx2 = {most_rows, dot_rows};

}  // namespace edge::kernels
