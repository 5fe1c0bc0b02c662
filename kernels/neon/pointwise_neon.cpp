// Elementwise kernels for NEON, one source for armv7 (VFPv4) and aarch64. Pure functions, thread-safe, no
// errors. armv7 NEON flushes denormals in arithmetic. So that a value does not depend on where in an array it
// lies, the rest behind the last whole vector goes through a vector too.
#include <arm_neon.h>

#include "kernels/pointwise_kernels.h"

namespace edge::kernels {
namespace {

/// Up to four floats; missing ones are zero.
float32x4_t load_some(const float* from, std::size_t count) {
  float lanes[4] = {};
  for (std::size_t i = 0; i < count; ++i) lanes[i] = from[i];
  return vld1q_f32(lanes);
}

void store_some(float* to, float32x4_t value, std::size_t count) {
  float lanes[4];
  vst1q_f32(lanes, value);
  for (std::size_t i = 0; i < count; ++i) to[i] = lanes[i];
}

/// max(x, 0), exact for denormals too. Seen as integers, what must become +0 (-0 to -infinity) lies at the
/// lower end, below the negative NaNs: one comparison.
float32x4_t rectified(float32x4_t x) {
  const int32x4_t bits = vreinterpretq_s32_f32(x);
  const int32x4_t minus_infinity = vreinterpretq_s32_u32(vdupq_n_u32(0xFF800000U));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_s32(bits), vcgtq_s32(bits, minus_infinity)));
}

void relu(const float* in, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const float32x4_t a = rectified(vld1q_f32(in + i));
    const float32x4_t b = rectified(vld1q_f32(in + i + 4));
    const float32x4_t c = rectified(vld1q_f32(in + i + 8));
    const float32x4_t d = rectified(vld1q_f32(in + i + 12));
    vst1q_f32(out + i, a);
    vst1q_f32(out + i + 4, b);
    vst1q_f32(out + i + 8, c);
    vst1q_f32(out + i + 12, d);
  }
  for (; i + 4 <= count; i += 4) vst1q_f32(out + i, rectified(vld1q_f32(in + i)));
  if (i < count) store_some(out + i, rectified(load_some(in + i, count - i)), count - i);
}

/// The smaller of x and ceiling for what rectified() gave, exact for denormals too: the bits of floats that
/// are not negative have the order of the floats, with the NaNs above infinity; NaNs with a sign count as
/// below 0.
float32x4_t clipped(float32x4_t x, int32x4_t ceiling) {
  const int32x4_t bits = vreinterpretq_s32_f32(rectified(x));
  const uint32x4_t number = vcleq_s32(bits, vdupq_n_s32(0x7F800000));
  return vreinterpretq_f32_s32(vbslq_s32(number, vminq_s32(bits, ceiling), bits));
}

void clipped_relu(const float* in, float* out, std::size_t count, float ceiling) {
  const int32x4_t ceilings = vreinterpretq_s32_f32(vdupq_n_f32(ceiling));
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const float32x4_t low = clipped(vld1q_f32(in + i), ceilings);
    const float32x4_t high = clipped(vld1q_f32(in + i + 4), ceilings);
    vst1q_f32(out + i, low);
    vst1q_f32(out + i + 4, high);
  }
  for (; i < count; i += 4) {
    const std::size_t left = count - i < 4 ? count - i : 4;
    store_some(out + i, clipped(load_some(in + i, left), ceilings), left);
  }
}

template <bool with_relu>
float32x4_t sum(float32x4_t a, float32x4_t b) {
  const float32x4_t value = vaddq_f32(a, b);
  return with_relu ? rectified(value) : value;
}

template <bool with_relu>
void add(const float* a, const float* b, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const float32x4_t low = sum<with_relu>(vld1q_f32(a + i), vld1q_f32(b + i));
    const float32x4_t high = sum<with_relu>(vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));
    vst1q_f32(out + i, low);
    vst1q_f32(out + i + 4, high);
  }
  for (; i < count; i += 4) {
    const std::size_t left = count - i < 4 ? count - i : 4;
    store_some(out + i, sum<with_relu>(load_some(a + i, left), load_some(b + i, left)), left);
  }
}

void add_any(const float* a, const float* b, float* out, std::size_t count, bool with_relu) {
  (with_relu ? add<true> : add<false>)(a, b, out, count);
}

template <bool with_relu>
float32x4_t shifted(float32x4_t x, float32x4_t scale, float32x4_t shift) {
  const float32x4_t value = vfmaq_f32(shift, x, scale);
  return with_relu ? rectified(value) : value;
}

template <bool with_relu>
void scale_shift(const float* in, float* out, std::size_t count, float scale, float shift) {
  const float32x4_t scales = vdupq_n_f32(scale);
  const float32x4_t shifts = vdupq_n_f32(shift);
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const float32x4_t low = shifted<with_relu>(vld1q_f32(in + i), scales, shifts);
    const float32x4_t high = shifted<with_relu>(vld1q_f32(in + i + 4), scales, shifts);
    vst1q_f32(out + i, low);
    vst1q_f32(out + i + 4, high);
  }
  for (; i < count; i += 4) {
    const std::size_t left = count - i < 4 ? count - i : 4;
    store_some(out + i, shifted<with_relu>(load_some(in + i, left), scales, shifts), left);
  }
}

void scale_shift_any(const float* in, float* out, std::size_t count, float scale, float shift,
                     bool with_relu) {
  (with_relu ? scale_shift<true> : scale_shift<false>)(in, out, count, scale, shift);
}

void rgb_to_planar(const std::uint8_t* rgb, std::uint8_t* planes, std::size_t pixels) {
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const uint8x16x3_t colors = vld3q_u8(rgb + 3 * i);
    for (std::size_t plane = 0; plane < 3; ++plane) vst1q_u8(planes + plane * pixels + i, colors.val[plane]);
  }
  for (; i < pixels; ++i) {
    for (std::size_t plane = 0; plane < 3; ++plane) planes[plane * pixels + i] = rgb[3 * i + plane];
  }
}

/// x / 255 correctly rounded without division (armv7 has none for vectors): one Newton correction of x * (1 /
/// 255) by its exact remainder. (The test compares all 256 values with the division.)
float32x4_t divided_by_255(uint16x4_t values) {
  const float32x4_t reciprocal = vdupq_n_f32(1.0F / 255.0F);
  const float32x4_t x = vcvtq_f32_u32(vmovl_u16(values));
  const float32x4_t quotient = vmulq_f32(x, reciprocal);
  const float32x4_t remainder = vfmsq_f32(x, quotient, vdupq_n_f32(255.0F));
  return vfmaq_f32(quotient, remainder, reciprocal);
}

void u8_to_unit_float(const std::uint8_t* in, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const uint16x8_t values = vmovl_u8(vld1_u8(in + i));
    vst1q_f32(out + i, divided_by_255(vget_low_u16(values)));
    vst1q_f32(out + i + 4, divided_by_255(vget_high_u16(values)));
  }
  for (; i < count; ++i) out[i] = static_cast<float>(in[i]) / 255.0F;
}

}  // namespace

const PointwiseKernels pointwise_neon = {Isa::neon,    relu,          add_any,         scale_shift_any,
                                         clipped_relu, rgb_to_planar, u8_to_unit_float};

}  // namespace edge::kernels
