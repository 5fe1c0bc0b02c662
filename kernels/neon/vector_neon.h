// Four floats as the vector type that kernels written once for all ISAs take (kernels/*_loops.h), for armv7
// and aarch64. Included by kernels/neon/*.cpp only. Every function is inlined, and the type exists for no
// other ISA, so that no code compiled for NEON can serve other files. armv7 NEON flushes denormals, but not
// in div and sqrt.
#pragma once

#include <arm_neon.h>

namespace edge::kernels::neon {

struct FloatVector {
  using type = float32x4_t;
  static constexpr int lanes = 4;

  [[gnu::always_inline]] static type load(const float* from) { return vld1q_f32(from); }
  [[gnu::always_inline]] static void store(float* to, type v) { vst1q_f32(to, v); }
  [[gnu::always_inline]] static type set(float x) { return vdupq_n_f32(x); }
  [[gnu::always_inline]] static type add(type a, type b) { return vaddq_f32(a, b); }
  [[gnu::always_inline]] static type sub(type a, type b) { return vsubq_f32(a, b); }
  [[gnu::always_inline]] static type mul(type a, type b) { return vmulq_f32(a, b); }
  [[gnu::always_inline]] static type max(type a, type b) { return vmaxq_f32(a, b); }
  /// a * b + c, rounded once.
  [[gnu::always_inline]] static type fma(type a, type b, type c) { return vfmaq_f32(c, a, b); }
#if defined(__aarch64__)
  [[gnu::always_inline]] static type div(type a, type b) {
    return vdivq_f32(a, b);
  }
  [[gnu::always_inline]] static type sqrt(type a) {
    return vsqrtq_f32(a);
  }
#else
  // Vectors can only estimate here; VFP divides and takes roots of one lane after the other.
  [[gnu::always_inline]] static type div(type a, type b) {
    return a / b;
  }
  [[gnu::always_inline]] static type sqrt(type a) {
    const type roots = {root(a[0]), root(a[1]), root(a[2]), root(a[3])};
    return roots;
  }
  [[gnu::always_inline]] static float root(float x) {
    float result;
    asm("vsqrt.f32 %0, %1" : "=t"(result) : "t"(x));  // without a call that may set errno
    return result;
  }
#endif
  /// 2^n, given n + 1.5 x 2^23.
  [[gnu::always_inline]] static type power_of_two(type shifted) {
    const int32x4_t exponent = vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23);
    return vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(0x3F800000)));
  }
  /// x < limit ? 0 : value
  [[gnu::always_inline]] static type zero_if_less(type x, type limit, type value) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(value), less(x, limit)));
  }
  /// x < limit ? yes : no
  [[gnu::always_inline]] static type if_less(type x, type limit, type yes, type no) {
    return vbslq_f32(less(x, limit), yes, no);
  }
  /// -|x|
  [[gnu::always_inline]] static type minus_abs(type x) {
    return vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x80000000U)));
  }
  [[gnu::always_inline]] static uint32x4_t less(type a, type b) {
#if defined(__aarch64__)
    return vcltq_f32(a, b);
#else
    uint32x4_t mask;  // g++ 12 makes scalar code of vcltq_f32
    asm("vcgt.f32 %q0, %q1, %q2" : "=w"(mask) : "w"(b), "w"(a));
    return mask;
#endif
  }
};

}  // namespace edge::kernels::neon
