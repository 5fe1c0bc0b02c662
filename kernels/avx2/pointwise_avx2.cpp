// Elementwise kernels for AVX2 with FMA. Pure functions, thread-safe, no errors.
#include <immintrin.h>

#include "kernels/pointwise_kernels.h"

namespace edge::kernels {
namespace {

/// max(x, 0) without the surprises of maxps (NaN, -0). Seen as integers, what must become +0 (-0 to
/// -infinity) lies at the lower end, below the negative NaNs: one comparison.
__m256 rectified(__m256 x) {
  const __m256i minus_infinity = _mm256_set1_epi32(static_cast<int>(0xFF800000U));
  const __m256i keep = _mm256_cmpgt_epi32(_mm256_castps_si256(x), minus_infinity);
  return _mm256_and_ps(x, _mm256_castsi256_ps(keep));
}

float rectified(float x) {
  return x <= 0.0F ? 0.0F : x;
}

void relu(const float* in, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256 a = rectified(_mm256_loadu_ps(in + i));
    const __m256 b = rectified(_mm256_loadu_ps(in + i + 8));
    const __m256 c = rectified(_mm256_loadu_ps(in + i + 16));
    const __m256 d = rectified(_mm256_loadu_ps(in + i + 24));
    _mm256_storeu_ps(out + i, a);
    _mm256_storeu_ps(out + i + 8, b);
    _mm256_storeu_ps(out + i + 16, c);
    _mm256_storeu_ps(out + i + 24, d);
  }
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(out + i, rectified(_mm256_loadu_ps(in + i)));
  for (; i < count; ++i) out[i] = rectified(in[i]);
}

/// Keeps NaN, for which minps gives its second operand.
__m256 clipped(__m256 x, __m256 ceiling) {
  return _mm256_min_ps(ceiling, rectified(x));
}

void clipped_relu(const float* in, float* out, std::size_t count, float ceiling) {
  const __m256 ceilings = _mm256_set1_ps(ceiling);
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256 low = clipped(_mm256_loadu_ps(in + i), ceilings);
    const __m256 high = clipped(_mm256_loadu_ps(in + i + 8), ceilings);
    _mm256_storeu_ps(out + i, low);
    _mm256_storeu_ps(out + i + 8, high);
  }
  for (; i < count; ++i) {
    const float positive = rectified(in[i]);
    out[i] = positive >= ceiling ? ceiling : positive;
  }
}

template <bool with_relu>
void add(const float* a, const float* b, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256 low = _mm256_add_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
    const __m256 high = _mm256_add_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8));
    _mm256_storeu_ps(out + i, with_relu ? rectified(low) : low);
    _mm256_storeu_ps(out + i + 8, with_relu ? rectified(high) : high);
  }
  for (; i < count; ++i) {
    const float sum = a[i] + b[i];
    out[i] = with_relu ? rectified(sum) : sum;
  }
}

void add_any(const float* a, const float* b, float* out, std::size_t count, bool with_relu) {
  (with_relu ? add<true> : add<false>)(a, b, out, count);
}

template <bool with_relu>
void scale_shift(const float* in, float* out, std::size_t count, float scale, float shift) {
  const __m256 scales = _mm256_set1_ps(scale);
  const __m256 shifts = _mm256_set1_ps(shift);
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256 low = _mm256_fmadd_ps(_mm256_loadu_ps(in + i), scales, shifts);
    const __m256 high = _mm256_fmadd_ps(_mm256_loadu_ps(in + i + 8), scales, shifts);
    _mm256_storeu_ps(out + i, with_relu ? rectified(low) : low);
    _mm256_storeu_ps(out + i + 8, with_relu ? rectified(high) : high);
  }
  for (; i < count; ++i) {
    const float shifted = __builtin_fmaf(in[i], scale, shift);
    out[i] = with_relu ? rectified(shifted) : shifted;
  }
}

void scale_shift_any(const float* in, float* out, std::size_t count, float scale, float shift,
                     bool with_relu) {
  (with_relu ? scale_shift<true> : scale_shift<false>)(in, out, count, scale, shift);
}

__m256i load_two(const std::uint8_t* low, const std::uint8_t* high) {
  return _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(high), reinterpret_cast<const __m128i*>(low));
}

/// 32 pixels: each half of the vectors holds 16 bytes of one group of 16 pixels (48 bytes).
void rgb_to_planar(const std::uint8_t* rgb, std::uint8_t* planes, std::size_t pixels) {
  constexpr char o = -128;  // selects zero
  // Plane p of 16 pixels: bytes p, p + 3, p + 6 ... of the 48, which lie in three vectors.
  const __m128i order[3][3] = {{_mm_setr_epi8(0, 3, 6, 9, 12, 15, o, o, o, o, o, o, o, o, o, o),
                                _mm_setr_epi8(o, o, o, o, o, o, 2, 5, 8, 11, 14, o, o, o, o, o),
                                _mm_setr_epi8(o, o, o, o, o, o, o, o, o, o, o, 1, 4, 7, 10, 13)},
                               {_mm_setr_epi8(1, 4, 7, 10, 13, o, o, o, o, o, o, o, o, o, o, o),
                                _mm_setr_epi8(o, o, o, o, o, 0, 3, 6, 9, 12, 15, o, o, o, o, o),
                                _mm_setr_epi8(o, o, o, o, o, o, o, o, o, o, o, 2, 5, 8, 11, 14)},
                               {_mm_setr_epi8(2, 5, 8, 11, 14, o, o, o, o, o, o, o, o, o, o, o),
                                _mm_setr_epi8(o, o, o, o, o, 1, 4, 7, 10, 13, o, o, o, o, o, o),
                                _mm_setr_epi8(o, o, o, o, o, o, o, o, o, o, 0, 3, 6, 9, 12, 15)}};
  std::size_t i = 0;
  for (; i + 32 <= pixels; i += 32) {
    const std::uint8_t* at = rgb + 3 * i;
    const __m256i parts[3] = {load_two(at, at + 48), load_two(at + 16, at + 64), load_two(at + 32, at + 80)};
    for (std::size_t plane = 0; plane < 3; ++plane) {
      __m256i value = _mm256_setzero_si256();
      for (std::size_t part = 0; part < 3; ++part) {
        const __m256i from = _mm256_broadcastsi128_si256(order[plane][part]);
        value = _mm256_or_si256(value, _mm256_shuffle_epi8(parts[part], from));
      }
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(planes + plane * pixels + i), value);
    }
  }
  for (; i < pixels; ++i) {
    for (std::size_t plane = 0; plane < 3; ++plane) planes[plane * pixels + i] = rgb[3 * i + plane];
  }
}

/// x / 255 correctly rounded without the slow division: one Newton correction of x * (1 / 255) by its exact
/// remainder. (The test compares all 256 values with the division.)
__m256 divided_by_255(__m256 x) {
  const __m256 reciprocal = _mm256_set1_ps(1.0F / 255.0F);
  const __m256 quotient = _mm256_mul_ps(x, reciprocal);
  const __m256 remainder = _mm256_fnmadd_ps(quotient, _mm256_set1_ps(255.0F), x);
  return _mm256_fmadd_ps(remainder, reciprocal, quotient);
}

void u8_to_unit_float(const std::uint8_t* in, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i));
    const __m256i low = _mm256_cvtepu8_epi32(bytes);
    const __m256i high = _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8));
    _mm256_storeu_ps(out + i, divided_by_255(_mm256_cvtepi32_ps(low)));
    _mm256_storeu_ps(out + i + 8, divided_by_255(_mm256_cvtepi32_ps(high)));
  }
  for (; i < count; ++i) out[i] = static_cast<float>(in[i]) / 255.0F;
}

}  // namespace

const PointwiseKernels pointwise_avx2 = {Isa::avx2,    relu,          add_any,         scale_shift_any,
                                         clipped_relu, rgb_to_planar, u8_to_unit_float};

}  // namespace edge::kernels
