// Eight floats as the vector type that kernels written once for all ISAs take (kernels/*_loops.h). Included
// by kernels/avx2/*.cpp only. Every function is inlined, and the type exists for no other ISA, so that no
// code compiled for AVX2 can serve other files.
#pragma once

#include <immintrin.h>

namespace edge::kernels::avx2 {

struct FloatVector {
  using type = __m256;
  static constexpr int lanes = 8;

  [[gnu::always_inline]] static type load(const float* from) { return _mm256_loadu_ps(from); }
  [[gnu::always_inline]] static void store(float* to, type v) { _mm256_storeu_ps(to, v); }
  [[gnu::always_inline]] static type set(float x) { return _mm256_set1_ps(x); }
  [[gnu::always_inline]] static type add(type a, type b) { return _mm256_add_ps(a, b); }
  [[gnu::always_inline]] static type sub(type a, type b) { return _mm256_sub_ps(a, b); }
  [[gnu::always_inline]] static type mul(type a, type b) { return _mm256_mul_ps(a, b); }
  [[gnu::always_inline]] static type div(type a, type b) { return _mm256_div_ps(a, b); }
  [[gnu::always_inline]] static type sqrt(type a) { return _mm256_sqrt_ps(a); }
  [[gnu::always_inline]] static type max(type a, type b) { return _mm256_max_ps(a, b); }
  /// a * b + c, rounded once.
  [[gnu::always_inline]] static type fma(type a, type b, type c) { return _mm256_fmadd_ps(a, b, c); }
  /// 2^n, given n + 1.5 x 2^23.
  [[gnu::always_inline]] static type power_of_two(type shifted) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3F800000)));
  }
  /// x < limit ? 0 : value
  [[gnu::always_inline]] static type zero_if_less(type x, type limit, type value) {
    return _mm256_andnot_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ), value);
  }
  /// x < limit ? yes : no
  [[gnu::always_inline]] static type if_less(type x, type limit, type yes, type no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(x, limit, _CMP_LT_OQ));
  }
  /// -|x|
  [[gnu::always_inline]] static type minus_abs(type x) { return _mm256_or_ps(x, _mm256_set1_ps(-0.0F)); }
};

}  // namespace edge::kernels::avx2
