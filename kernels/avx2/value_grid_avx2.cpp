// Kernels for values on grids for AVX2. Pure functions, thread-safe, no errors.
#include <immintrin.h>

#include "kernels/value_grid_loops.h"

namespace edge::kernels {
namespace {

struct Lanes {
  using Words = __m256i;

  static Words load(const float* from) { return _mm256_castps_si256(_mm256_loadu_ps(from)); }
  static void store(float* to, Words words) { _mm256_storeu_ps(to, _mm256_castsi256_ps(words)); }
  static Words load_bytes(const std::uint8_t* from) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }
  static void store_bytes(std::uint8_t* to, Words words) {
    const __m128i halves = lower_halves(words);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(halves, halves));
  }
  static Words load_halves(const std::uint16_t* from) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static void store_halves(std::uint16_t* to, Words words) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), lower_halves(words));
  }
  static Words set(std::uint32_t word) { return _mm256_set1_epi32(static_cast<int>(word)); }
  static Words bit_and(Words a, Words b) { return _mm256_and_si256(a, b); }
  static Words bit_or(Words a, Words b) { return _mm256_or_si256(a, b); }
  static Words bit_xor(Words a, Words b) { return _mm256_xor_si256(a, b); }
  static Words add(Words a, Words b) { return _mm256_add_epi32(a, b); }
  static Words subtract(Words a, Words b) { return _mm256_sub_epi32(a, b); }
  template <int bits>
  static Words shift_left(Words a) {
    return _mm256_slli_epi32(a, bits);
  }
  template <int bits>
  static Words shift_right(Words a) {
    return _mm256_srli_epi32(a, bits);
  }
  static Words greater(Words a, Words b) { return _mm256_cmpgt_epi32(a, b); }
  static Words larger(Words a, Words b) { return _mm256_max_epi32(a, b); }
  static Words select(Words mask, Words yes, Words no) { return _mm256_blendv_epi8(no, yes, mask); }
  static Words add_floats(Words a, Words b) { return bits(_mm256_add_ps(floats(a), floats(b))); }
  static Words subtract_floats(Words a, Words b) { return bits(_mm256_sub_ps(floats(a), floats(b))); }
  static Words multiply_floats(Words a, Words b) { return bits(_mm256_mul_ps(floats(a), floats(b))); }
  static bool any(Words mask) { return _mm256_testz_si256(mask, mask) == 0; }
  static std::uint32_t sum(Words words) {
    alignas(32) std::uint32_t lane[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lane), words);
    std::uint32_t total = 0;
    for (const std::uint32_t one : lane) total += one;
    return total;
  }
  /// Of words that are not negative.
  static std::uint32_t largest(Words words) {
    alignas(32) std::uint32_t lane[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lane), words);
    std::uint32_t most = 0;
    for (const std::uint32_t one : lane) most = one > most ? one : most;
    return most;
  }

 private:
  static __m256 floats(Words words) { return _mm256_castsi256_ps(words); }
  static Words bits(__m256 floats) { return _mm256_castps_si256(floats); }
  static __m128i lower_halves(Words words) {
    const __m256i low = _mm256_and_si256(words, _mm256_set1_epi32(0xFFFF));
    const __m256i packed = _mm256_packus_epi32(low, low);  // of each half of 16 bytes
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
  }
};

using Loops = ValueGridLoops<Lanes>;

}  // namespace

const ValueGridKernels value_grid_avx2 = {
    Isa::avx2,           Loops::count_magnitudes,  Loops::round_to_grid,
    Loops::byte_codes,   Loops::byte_values,       Loops::short_codes,
    Loops::short_values, Loops::split_differences, Loops::join_differences};

}  // namespace edge::kernels
