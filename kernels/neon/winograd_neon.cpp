// NEON Winograd transforms, four tiles at a time: rows of the tiles are loaded and transposed, so that every
// pixel position has a vector of its own. Any thread, no errors.
#include <arm_neon.h>

#include "kernels/neon/vector_neon.h"
#include "kernels/winograd_transforms.h"

namespace edge::kernels {

namespace {

/// The arithmetic of kernels/neon/vector_neon.h, and what transforms need besides.
struct Vector : neon::FloatVector {
#if defined(__aarch64__)
  [[gnu::always_inline]] static type load_step(const float*& p, std::ptrdiff_t step) {
    const type v = load(p);
    p += step;
    return v;
  }
  [[gnu::always_inline]] static void store_step(float*& p, std::ptrdiff_t step, type v) {
    store(p, v);
    p += step;
  }
#else
  // vld1 and vst1 have no offsets, but can add a register to the address; g++ 12 does not use that.
  [[gnu::always_inline]] static type load_step(const float*& p, std::ptrdiff_t step) {
    type v;
    asm volatile("vld1.32 {%e0, %f0}, [%1], %2" : "=w"(v), "+r"(p) : "r"(step * 4) : "memory");
    return v;
  }
  [[gnu::always_inline]] static void store_step(float*& p, std::ptrdiff_t step, type v) {
    asm volatile("vst1.32 {%e1, %f1}, [%0], %2" : "+r"(p) : "w"(v), "r"(step * 4) : "memory");
  }
#endif
  [[gnu::always_inline]] static type fms(type a, type b, type c) {
    return vfmsq_f32(c, a, b);
  }
  /// NaN stays NaN, -0 becomes +0.
  [[gnu::always_inline]] static type relu(type v) {
    return vmaxq_f32(v, vdupq_n_f32(0.0F));
  }

  [[gnu::always_inline]] static void transpose(type v0, type v1, type v2, type v3, type* out) {
    const float32x4x2_t low = vtrnq_f32(v0, v1);
    const float32x4x2_t high = vtrnq_f32(v2, v3);
    out[0] = vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0]));
    out[1] = vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1]));
    out[2] = vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0]));
    out[3] = vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1]));
  }

  template <int count>
  [[gnu::always_inline]] static void load_rows(const float* p, const std::int32_t* offsets, type (&v)[8]) {
    const float* row0 = p + offsets[0];
    const float* row1 = p + offsets[1];
    const float* row2 = p + offsets[2];
    const float* row3 = p + offsets[3];
    transpose(vld1q_f32(row0), vld1q_f32(row1), vld1q_f32(row2), vld1q_f32(row3), v);
    if constexpr (count == 8) {
      transpose(vld1q_f32(row0 + 4), vld1q_f32(row1 + 4), vld1q_f32(row2 + 4), vld1q_f32(row3 + 4), v + 4);
    } else {
      const float32x4_t pair0 = vcombine_f32(vld1_f32(row0 + 4), vld1_f32(row2 + 4));
      const float32x4_t pair1 = vcombine_f32(vld1_f32(row1 + 4), vld1_f32(row3 + 4));
      const float32x4x2_t pairs = vtrnq_f32(pair0, pair1);
      v[4] = pairs.val[0];
      v[5] = pairs.val[1];
    }
  }

  template <int count>
  [[gnu::always_inline]] static void store_lanes(const type (&v)[8], float* p, std::ptrdiff_t step) {
    static_assert(count == 4 || count == 6);
    type row[4];
    transpose(v[0], v[1], v[2], v[3], row);
#pragma GCC unroll 4
    for (int lane = 0; lane < lanes; ++lane) vst1q_f32(p + lane * step, row[lane]);
    if constexpr (count == 6) {
      const float32x4x2_t pairs = vtrnq_f32(v[4], v[5]);
      vst1_f32(p + 4, vget_low_f32(pairs.val[0]));
      vst1_f32(p + step + 4, vget_low_f32(pairs.val[1]));
      vst1_f32(p + 2 * step + 4, vget_high_f32(pairs.val[0]));
      vst1_f32(p + 3 * step + 4, vget_high_f32(pairs.val[1]));
    }
  }

  template <int count>
  [[gnu::always_inline]] static void store_rows(const type (&v)[8], float* p) {
    if constexpr (count == 2) {
      const float32x4x2_t pairs = vzipq_f32(v[0], v[1]);
      vst1q_f32(p, pairs.val[0]);
      vst1q_f32(p + 4, pairs.val[1]);
      return;
    }
    type row[4];
    transpose(v[0], v[1], v[2], count > 3 ? v[3] : v[2], row);
#pragma GCC unroll 4
    for (int lane = 0; lane < lanes; ++lane) vst1q_f32(p + lane * count, row[lane]);
    if constexpr (count == 6) {
      const float32x4x2_t pairs = vtrnq_f32(v[4], v[5]);
      vst1_f32(p + 4, vget_low_f32(pairs.val[0]));
      vst1_f32(p + 10, vget_low_f32(pairs.val[1]));
      vst1_f32(p + 16, vget_high_f32(pairs.val[0]));
      vst1_f32(p + 22, vget_high_f32(pairs.val[1]));
    }
  }
};

constexpr WinogradVariant variants[] = {
    winograd::make_variant<Vector, 4, 3>("f32-winograd F(4,3) neon"),
    winograd::make_variant<Vector, 6, 3>("f32-winograd F(6,3) neon"),
    winograd::make_variant<Vector, 4, 5>("f32-winograd F(4,5) neon"),
};

}  // namespace

const WinogradKernels winograd_kernels_neon = {Isa::neon, 0, 1, Vector::lanes, variants};

}  // namespace edge::kernels
