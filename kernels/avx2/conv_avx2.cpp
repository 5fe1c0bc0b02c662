// AVX2 moving of data for convolutions and the depthwise row. Any thread, no errors.
#include <immintrin.h>

#include <cstddef>

#include "kernels/conv_kernels.h"

namespace edge::kernels {

namespace {

constexpr int nr = 16;  // as the AVX2 gemm microkernels

[[gnu::always_inline]] inline void copy16(const float* from, float* to) {
  const __m256 low = _mm256_loadu_ps(from);
  const __m256 high = _mm256_loadu_ps(from + 8);
  _mm256_storeu_ps(to, low);
  _mm256_storeu_ps(to + 8, high);
}

void pack_panel(const float* stage, const std::int32_t* offsets, std::int64_t count, const PanelPiece* pieces,
                int piece_count, float* panel) {
  const float* first = stage + pieces[0].from;
  if (piece_count == 1) {
    for (std::int64_t i = 0; i < count; ++i) copy16(first + offsets[i], panel + i * nr);
    return;
  }
  if (piece_count == 2) {
    const float* second = stage + pieces[1].from;
    float* second_panel = panel + pieces[1].lane;
    for (std::int64_t i = 0; i < count; ++i) {
      copy16(first + offsets[i], panel + i * nr);
      copy16(second + offsets[i], second_panel + i * nr);
    }
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (int piece = 0; piece < piece_count; ++piece) {
      copy16(stage + pieces[piece].from + offsets[i], panel + i * nr + pieces[piece].lane);
    }
  }
}

void pack_rows(const float* image, std::int64_t image_stride, std::int64_t count, float* panel) {
  for (std::int64_t i = 0; i < count; ++i) copy16(image + i * image_stride, panel + i * nr);
}

void split_phases(const float* from, std::int64_t count, int stride, std::int64_t phase_stride,
                  float* phases) {
  std::int64_t i = 0;
  if (stride == 2) {
    for (; i + 8 <= count; i += 8) {
      const __m256 a = _mm256_loadu_ps(from + 2 * i);
      const __m256 b = _mm256_loadu_ps(from + 2 * i + 8);
      const __m256 low = _mm256_permute2f128_ps(a, b, 0x20);   // 0..3, 8..11
      const __m256 high = _mm256_permute2f128_ps(a, b, 0x31);  // 4..7, 12..15
      _mm256_storeu_ps(phases + i, _mm256_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
      _mm256_storeu_ps(phases + phase_stride + i, _mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
    }
  } else {
    for (; i + 8 <= count; i += 8) {
      // Rows of 4 consecutive phases; low lanes elements 0..3, high lanes elements 4..7: a 4x4 transpose in
      // each.
      const float* at = from + 4 * i;
      const __m256 r0 =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at)), _mm_loadu_ps(at + 16), 1);
      const __m256 r1 =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at + 4)), _mm_loadu_ps(at + 20), 1);
      const __m256 r2 =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at + 8)), _mm_loadu_ps(at + 24), 1);
      const __m256 r3 =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at + 12)), _mm_loadu_ps(at + 28), 1);
      const __m256 low01 = _mm256_unpacklo_ps(r0, r1);   // phases 0 0 1 1
      const __m256 high01 = _mm256_unpackhi_ps(r0, r1);  // phases 2 2 3 3
      const __m256 low23 = _mm256_unpacklo_ps(r2, r3);
      const __m256 high23 = _mm256_unpackhi_ps(r2, r3);
      _mm256_storeu_ps(phases + i, _mm256_shuffle_ps(low01, low23, _MM_SHUFFLE(1, 0, 1, 0)));
      _mm256_storeu_ps(phases + phase_stride + i, _mm256_shuffle_ps(low01, low23, _MM_SHUFFLE(3, 2, 3, 2)));
      _mm256_storeu_ps(phases + 2 * phase_stride + i,
                       _mm256_shuffle_ps(high01, high23, _MM_SHUFFLE(1, 0, 1, 0)));
      _mm256_storeu_ps(phases + 3 * phase_stride + i,
                       _mm256_shuffle_ps(high01, high23, _MM_SHUFFLE(3, 2, 3, 2)));
    }
  }
  for (; i < count; ++i) {
    for (int phase = 0; phase < stride; ++phase) phases[phase * phase_stride + i] = from[i * stride + phase];
  }
}

/// 8 x vectors outputs; `residual` and `out` have as many floats.
template <int vectors>
[[gnu::always_inline]] inline void depthwise_block(const float* stage, const std::int32_t* offsets,
                                                   const float* weights, std::int64_t taps, float bias,
                                                   bool add_bias, const float* residual, bool relu,
                                                   float ceiling, float* out) {
  __m256 sums[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) sums[v] = _mm256_setzero_ps();
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    const __m256 weight = _mm256_broadcast_ss(weights + tap);
    const float* at = stage + offsets[tap];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sums[v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(at + 8 * v), sums[v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    __m256 sum = sums[v];
    if (add_bias) sum = _mm256_add_ps(sum, _mm256_set1_ps(bias));
    if (residual != nullptr) sum = _mm256_add_ps(sum, _mm256_loadu_ps(residual + 8 * v));
    if (relu) sum = _mm256_and_ps(sum, _mm256_cmp_ps(sum, _mm256_setzero_ps(), _CMP_NLE_UQ));
    sum = _mm256_min_ps(_mm256_set1_ps(ceiling), sum);  // the second one if it is NaN
    _mm256_storeu_ps(out + 8 * v, sum);
  }
}

void depthwise_row(const float* stage, const std::int32_t* offsets, const float* weights, std::int64_t taps,
                   std::int64_t count, float bias, bool add_bias, const float* residual, bool relu,
                   float ceiling, float* out) {
  std::int64_t i = 0;
  const auto residual_at = [&](std::int64_t index) {
    return residual != nullptr ? residual + index : nullptr;
  };
  for (; i + 32 <= count; i += 32) {
    depthwise_block<4>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, ceiling,
                       out + i);
  }
  for (; i + 8 <= count; i += 8) {
    depthwise_block<1>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, ceiling,
                       out + i);
  }
  if (i == count) return;
  float rest[8];
  float rest_residual[8] = {};
  for (std::int64_t j = i; residual != nullptr && j < count; ++j) rest_residual[j - i] = residual[j];
  depthwise_block<1>(stage + i, offsets, weights, taps, bias, add_bias,
                     residual != nullptr ? rest_residual : nullptr, relu, ceiling, rest);
  for (std::int64_t j = i; j < count; ++j) out[j] = rest[j - i];
}

}  // namespace

const ConvKernels conv_kernels_avx2 = {pack_panel, pack_rows, split_phases, depthwise_row,
                                       &depthwise_kernels_avx2};

}  // namespace edge::kernels
