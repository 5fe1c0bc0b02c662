// The block gate's row operations for AVX2. Pure functions, thread-safe, no errors.
#include <immintrin.h>

#include "kernels/block_gate_loops.h"

namespace edge::kernels {
namespace {

struct Words {
  using type = __m256i;
  static constexpr std::size_t lanes = 16;

  static type load(const std::int16_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static void store(std::int16_t* to, type value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
  }
  static type widened(const std::uint8_t* from) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static type difference(const std::uint8_t* a, const std::uint8_t* b) {
    return _mm256_sub_epi16(widened(a), widened(b));
  }
  static type add(type a, type b) { return _mm256_add_epi16(a, b); }
  static type subtract(type a, type b) { return _mm256_sub_epi16(a, b); }
  template <std::int16_t factor>
  static type add_times(type a, type b) {
    return add(a, _mm256_mullo_epi16(b, _mm256_set1_epi16(factor)));
  }
  static type max(type a, type b) { return _mm256_max_epi16(a, b); }
  static type magnitude(type value) { return _mm256_abs_epi16(value); }

  struct Shift {
    explicit Shift(int number) : bits(_mm_cvtsi32_si128(number)) {}
    __m128i bits;
  };
  static type shift_right(type value, const Shift& shift) { return _mm256_sra_epi16(value, shift.bits); }
};

}  // namespace

const BlockGateKernels block_gate_avx2 = {Isa::avx2, difference_row<Words>, slide_window<Words>,
                                          raise_peaks<Words>};

}  // namespace edge::kernels
