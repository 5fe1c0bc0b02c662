// The block gate's row operations for NEON. Pure functions, thread-safe, no errors.
#include <arm_neon.h>

#include "kernels/block_gate_kernels.h"

namespace edge::kernels {
namespace {

constexpr std::size_t lanes = 8;

int16x8_t difference(const std::uint8_t* a, const std::uint8_t* b) {
  return vreinterpretq_s16_u16(vsubl_u8(vld1_u8(a), vld1_u8(b)));
}

void difference_row(RgbPlanes picture, RgbPlanes held, std::size_t count, std::int16_t* luma,
                    std::int16_t* red, std::int16_t* blue) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const int16x8_t r = difference(picture.data + i, held.data + i);
    const int16x8_t g = difference(picture.data + picture.stride + i, held.data + held.stride + i);
    const int16x8_t b = difference(picture.data + 2 * picture.stride + i, held.data + 2 * held.stride + i);
    vst1q_s16(luma + i, vmlaq_n_s16(vmlaq_n_s16(b, r, 2), g, 5));
    vst1q_s16(red + i, r);
    vst1q_s16(blue + i, b);
  }
  block_gate_scalar.difference_row({picture.data + i, picture.stride}, {held.data + i, held.stride},
                                   count - i, luma + i, red + i, blue + i);
}

void slide(const std::int16_t* entering, const std::int16_t* leaving, std::size_t count, std::int16_t* sums) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const int16x8_t change = vsubq_s16(vld1q_s16(entering + i), vld1q_s16(leaving + i));
    vst1q_s16(sums + i, vaddq_s16(vld1q_s16(sums + i), change));
  }
  block_gate_scalar.slide(entering + i, leaving + i, count - i, sums + i);
}

void raise_peaks(const std::int16_t* sums, int shift, std::size_t count, std::int16_t* peaks) {
  const int16x8_t right =
      vdupq_n_s16(static_cast<std::int16_t>(-shift));  // to the left by minus so many bits
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    int16x8_t sum = vshlq_s16(vld1q_s16(sums + i), right);
    for (std::size_t k = 1; k < 5; ++k) sum = vaddq_s16(sum, vshlq_s16(vld1q_s16(sums + i + k), right));
    vst1q_s16(peaks + i, vmaxq_s16(vld1q_s16(peaks + i), vabsq_s16(sum)));
  }
  block_gate_scalar.raise_peaks(sums + i, shift, count - i, peaks + i);
}

}  // namespace

const BlockGateKernels block_gate_neon = {Isa::neon, difference_row, slide, raise_peaks};

}  // namespace edge::kernels
