// AVX2 depthwise convolutions with a channel in each lane. Any thread, no errors.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/depthwise_lanes.h"

namespace edge::kernels {

namespace {

constexpr std::ptrdiff_t lanes = depthwise_lanes;

/// Rows become columns.
[[gnu::always_inline]] inline void transpose(__m256 (&r)[8]) {
  __m256 pairs[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  __m256 fours[8];
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    fours[4 * i] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], _MM_SHUFFLE(1, 0, 1, 0));
    fours[4 * i + 1] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], _MM_SHUFFLE(3, 2, 3, 2));
    fours[4 * i + 2] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], _MM_SHUFFLE(1, 0, 1, 0));
    fours[4 * i + 3] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], _MM_SHUFFLE(3, 2, 3, 2));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}

/// block(i) for i = 0, 8, 16 ..., the last one so that it ends at `count`.
template <class Block>
[[gnu::always_inline]] inline void for_blocks(std::ptrdiff_t count, const Block& block) {
  std::ptrdiff_t i = 0;
  for (; i + lanes <= count; i += lanes) block(i);
  if (i < count) block(count - lanes);
}

void interleave(const float* const* planes, std::ptrdiff_t count, const std::int32_t* places, float* to) {
  for_blocks(
      count, [&](std::ptrdiff_t i) __attribute__((always_inline)) {
        __m256 r[8];
#pragma GCC unroll 8
        for (int lane = 0; lane < 8; ++lane) r[lane] = _mm256_loadu_ps(planes[lane] + i);
        transpose(r);
#pragma GCC unroll 8
        for (int k = 0; k < 8; ++k) _mm256_storeu_ps(to + places[i + k], r[k]);
      });
}

void separate(const float* from, std::ptrdiff_t count, float* const* planes, std::ptrdiff_t used) {
  for_blocks(
      count, [&](std::ptrdiff_t i) __attribute__((always_inline)) {
        __m256 r[8];
#pragma GCC unroll 8
        for (int k = 0; k < 8; ++k) r[k] = _mm256_loadu_ps(from + (i + k) * lanes);
        transpose(r);
#pragma GCC unroll 8
        for (int lane = 0; lane < 8; ++lane) {
          if (lane < used) _mm256_storeu_ps(planes[lane] + i, r[lane]);
        }
      });
}

/// `columns` outputs, each in a register.
template <int columns, int stride>
void some_columns(const LaneRow& row, const float* image, float* out) {
  __m256 sums[columns];
#pragma GCC unroll 8
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  for (std::ptrdiff_t tap = 0; tap < row.taps; ++tap) {
    const __m256 weight = _mm256_loadu_ps(row.weights + tap * lanes);
    const float* from = image + row.offsets[tap];
#pragma GCC unroll 8
    for (int j = 0; j < columns; ++j) {
      sums[j] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(from + j * stride * lanes), sums[j]);
    }
  }
  const __m256 bias = _mm256_loadu_ps(row.bias);
  const __m256 limit = _mm256_set1_ps(row.relu ? __FLT_DENORM_MIN__ : -__builtin_inff());
  const __m256 ceiling = _mm256_set1_ps(row.ceiling);
#pragma GCC unroll 8
  for (int j = 0; j < columns; ++j) {
    __m256 sum = _mm256_add_ps(sums[j], bias);
    sum = _mm256_and_ps(sum, _mm256_cmp_ps(sum, limit, _CMP_NLT_UQ));  // NaN stays NaN, -0 becomes +0
    _mm256_storeu_ps(out + j * lanes, _mm256_min_ps(ceiling, sum));    // the second one if it is NaN
  }
}

template <int columns, int stride>
[[gnu::always_inline]] inline void up_to(std::ptrdiff_t count, const LaneRow& row, const float* image,
                                         float* out) {
  if constexpr (columns > 0) {
    if (count < columns) return up_to<columns - 1, stride>(count, row, image, out);
    some_columns<columns, stride>(row, image, out);
  }
}

template <int stride>
void whole_row(const LaneRow& row) {
  constexpr std::ptrdiff_t most = 8;
  const std::ptrdiff_t pieces = (row.columns + most - 1) / most;
  const std::ptrdiff_t piece = (row.columns + pieces - 1) / pieces;
  for (std::ptrdiff_t column = 0; column < row.columns; column += piece) {
    const std::ptrdiff_t left = row.columns - column;
    up_to<most, stride>(left < piece ? left : piece, row, row.image + column * stride * lanes,
                        row.out + column * lanes);
  }
}

void any_row(const LaneRow& row) {
  return row.stride == 1 ? whole_row<1>(row) : whole_row<2>(row);
}

}  // namespace

const DepthwiseLaneKernels depthwise_lane_kernels_avx2 = {interleave, separate, any_row};

}  // namespace edge::kernels
