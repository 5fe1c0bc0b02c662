// AVX2 Winograd transforms, eight tiles at a time: a tile's row of eight pixels is one load, and an 8x8
// transposition per row gives every pixel position a vector of its own. Any thread, no errors.
#include <immintrin.h>

#include "kernels/avx2/vector_avx2.h"
#include "kernels/winograd_transforms.h"

namespace edge::kernels {

namespace {

/// v[i] lane j <-> v[j] lane i.
[[gnu::always_inline]] inline void transpose(__m256 (&v)[8]) {
  const __m256 a0 = _mm256_unpacklo_ps(v[0], v[1]);
  const __m256 a1 = _mm256_unpackhi_ps(v[0], v[1]);
  const __m256 a2 = _mm256_unpacklo_ps(v[2], v[3]);
  const __m256 a3 = _mm256_unpackhi_ps(v[2], v[3]);
  const __m256 a4 = _mm256_unpacklo_ps(v[4], v[5]);
  const __m256 a5 = _mm256_unpackhi_ps(v[4], v[5]);
  const __m256 a6 = _mm256_unpacklo_ps(v[6], v[7]);
  const __m256 a7 = _mm256_unpackhi_ps(v[6], v[7]);
  const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44);
  const __m256 b1 = _mm256_shuffle_ps(a0, a2, 0xEE);
  const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44);
  const __m256 b3 = _mm256_shuffle_ps(a1, a3, 0xEE);
  const __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44);
  const __m256 b5 = _mm256_shuffle_ps(a4, a6, 0xEE);
  const __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44);
  const __m256 b7 = _mm256_shuffle_ps(a5, a7, 0xEE);
  v[0] = _mm256_permute2f128_ps(b0, b4, 0x20);
  v[1] = _mm256_permute2f128_ps(b1, b5, 0x20);
  v[2] = _mm256_permute2f128_ps(b2, b6, 0x20);
  v[3] = _mm256_permute2f128_ps(b3, b7, 0x20);
  v[4] = _mm256_permute2f128_ps(b0, b4, 0x31);
  v[5] = _mm256_permute2f128_ps(b1, b5, 0x31);
  v[6] = _mm256_permute2f128_ps(b2, b6, 0x31);
  v[7] = _mm256_permute2f128_ps(b3, b7, 0x31);
}

/// The arithmetic of kernels/avx2/vector_avx2.h, and what transforms need besides.
struct Vector : avx2::FloatVector {
  [[gnu::always_inline]] static type load_step(const float*& p, std::ptrdiff_t step) {
    const type v = load(p);
    p += step;
    return v;
  }
  [[gnu::always_inline]] static void store_step(float*& p, std::ptrdiff_t step, type v) {
    store(p, v);
    p += step;
  }
  [[gnu::always_inline]] static type fms(type a, type b, type c) { return _mm256_fnmadd_ps(a, b, c); }
  /// x > 0 or NaN: x, else +0 (maxps returns its second operand for NaN and for equal zeros).
  [[gnu::always_inline]] static type relu(type v) {
    return _mm256_andnot_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LE_OQ), v);
  }
  [[gnu::always_inline]] static type max(type a, type b) {
    // maxps gives its second operand if one is NaN.
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
  }

  template <int count>
  [[gnu::always_inline]] static void load_rows(const float* p, const std::int32_t* offsets, type (&v)[8]) {
#pragma GCC unroll 8
    for (int lane = 0; lane < lanes; ++lane) v[lane] = _mm256_loadu_ps(p + offsets[lane]);
    transpose(v);
  }

  template <int count>
  [[gnu::always_inline]] static void store_lanes(type (&v)[8], float* p, std::ptrdiff_t step) {
    static_assert(count == 4 || count == 6);
#pragma GCC unroll 8
    for (int i = count; i < 8; ++i) v[i] = _mm256_setzero_ps();
    transpose(v);
#pragma GCC unroll 8
    for (int lane = 0; lane < lanes; ++lane, p += step) {
      _mm_storeu_ps(p, _mm256_castps256_ps128(v[lane]));
      if constexpr (count == 6) {
        const __m128 rest = _mm256_extractf128_ps(v[lane], 1);
        _mm_storel_pi(reinterpret_cast<__m64*>(p + 4), rest);
      }
    }
  }

  template <int count>
  [[gnu::always_inline]] static void store_rows(type (&v)[8], float* p) {
    if constexpr (count == 4) {
      const __m256 a0 = _mm256_unpacklo_ps(v[0], v[1]);
      const __m256 a1 = _mm256_unpackhi_ps(v[0], v[1]);
      const __m256 a2 = _mm256_unpacklo_ps(v[2], v[3]);
      const __m256 a3 = _mm256_unpackhi_ps(v[2], v[3]);
      const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44);  // tiles 0 and 4
      const __m256 b1 = _mm256_shuffle_ps(a0, a2, 0xEE);  // 1, 5
      const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44);
      const __m256 b3 = _mm256_shuffle_ps(a1, a3, 0xEE);
      _mm256_storeu_ps(p, _mm256_permute2f128_ps(b0, b1, 0x20));
      _mm256_storeu_ps(p + 8, _mm256_permute2f128_ps(b2, b3, 0x20));
      _mm256_storeu_ps(p + 16, _mm256_permute2f128_ps(b0, b1, 0x31));
      _mm256_storeu_ps(p + 24, _mm256_permute2f128_ps(b2, b3, 0x31));
    } else {
#pragma GCC unroll 8
      for (int i = count; i < 8; ++i) v[i] = _mm256_setzero_ps();
      transpose(v);
#pragma GCC unroll 8
      for (int lane = 0; lane < lanes; ++lane) _mm256_storeu_ps(p + lane * count, v[lane]);
    }
  }
};

constexpr WinogradVariant variants[] = {
    winograd::make_variant<Vector, 4, 3>("f32-winograd F(4,3) avx2"),
    winograd::make_variant<Vector, 6, 3>("f32-winograd F(6,3) avx2"),
    winograd::make_variant<Vector, 4, 5>("f32-winograd F(4,5) avx2"),
};

}  // namespace

const WinogradKernels winograd_kernels_avx2 = {Isa::avx2, 2, 6, Vector::lanes, variants};

}  // namespace edge::kernels
