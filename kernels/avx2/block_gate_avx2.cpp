// The block gate's row operations for AVX2. Pure functions, thread-safe, no errors.
#include <immintrin.h>

#include "kernels/block_gate_kernels.h"

namespace edge::kernels {
namespace {

constexpr std::size_t lanes = 16;

__m256i load(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
void store(std::int16_t* to, __m256i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}
__m256i difference(const std::uint8_t* a, const std::uint8_t* b) {
  return _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a))),
                          _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b))));
}

void difference_row(RgbPlanes picture, RgbPlanes held, std::size_t count, std::int16_t* luma,
                    std::int16_t* red, std::int16_t* blue) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const __m256i r = difference(picture.data + i, held.data + i);
    const __m256i g = difference(picture.data + picture.stride + i, held.data + held.stride + i);
    const __m256i b = difference(picture.data + 2 * picture.stride + i, held.data + 2 * held.stride + i);
    const __m256i five_g = _mm256_add_epi16(_mm256_slli_epi16(g, 2), g);
    store(luma + i, _mm256_add_epi16(_mm256_add_epi16(_mm256_add_epi16(r, r), five_g), b));
    store(red + i, r);
    store(blue + i, b);
  }
  block_gate_scalar.difference_row({picture.data + i, picture.stride}, {held.data + i, held.stride},
                                   count - i, luma + i, red + i, blue + i);
}

void slide(const std::int16_t* entering, const std::int16_t* leaving, std::size_t count, std::int16_t* sums) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const __m256i change = _mm256_sub_epi16(load(entering + i), load(leaving + i));
    store(sums + i, _mm256_add_epi16(load(sums + i), change));
  }
  block_gate_scalar.slide(entering + i, leaving + i, count - i, sums + i);
}

void raise_peaks(const std::int16_t* sums, int shift, std::size_t count, std::int16_t* peaks) {
  const __m128i bits = _mm_cvtsi32_si128(shift);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    __m256i sum = _mm256_sra_epi16(load(sums + i), bits);
    for (std::size_t k = 1; k < 5; ++k) {
      sum = _mm256_add_epi16(sum, _mm256_sra_epi16(load(sums + i + k), bits));
    }
    store(peaks + i, _mm256_max_epi16(load(peaks + i), _mm256_abs_epi16(sum)));
  }
  block_gate_scalar.raise_peaks(sums + i, shift, count - i, peaks + i);
}

}  // namespace

const BlockGateKernels block_gate_avx2 = {Isa::avx2, difference_row, slide, raise_peaks};

}  // namespace edge::kernels
