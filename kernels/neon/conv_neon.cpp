// NEON moving of data for convolutions and the depthwise row, armv7 (VFPv4) and aarch64. Any thread, no
// errors.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/conv_kernels.h"

namespace edge::kernels {

namespace {

constexpr int nr = 8;

/// nr floats, as wide as a gemm panel.
[[gnu::always_inline]] inline void copy(const float* from, float* to) {
#if defined(__aarch64__)
  const float32x4_t low = vld1q_f32(from);
  const float32x4_t high = vld1q_f32(from + 4);
  vst1q_f32(to, low);
  vst1q_f32(to + 4, high);
#else  // vld1q_f32_x2, which g++ 12 lacks
  asm volatile("vld1.32 {d16-d19}, [%0]\n vst1.32 {d16-d19}, [%1]\n"
               :
               : "r"(from), "r"(to)
               : "memory", "q8", "q9");
#endif
}

void pack_panel(const float* stage, const std::int32_t* offsets, std::int64_t row_count,
                const PanelPiece* pieces, int piece_count, float* panel) {
  const auto count = static_cast<std::ptrdiff_t>(row_count);
  const float* first = stage + pieces[0].from;
  if (piece_count == 1) {
#pragma GCC unroll 4
    for (std::ptrdiff_t i = 0; i < count; ++i) copy(first + offsets[i], panel + i * nr);
    return;
  }
  if (piece_count == 2) {
    const float* second = stage + pieces[1].from;
    float* second_panel = panel + pieces[1].lane;
#pragma GCC unroll 2
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      copy(first + offsets[i], panel + i * nr);
      copy(second + offsets[i], second_panel + i * nr);
    }
    return;
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    for (int piece = 0; piece < piece_count; ++piece) {
      copy(stage + pieces[piece].from + offsets[i], panel + i * nr + pieces[piece].lane);
    }
  }
}

void pack_rows(const float* image, std::int64_t image_stride, std::int64_t row_count, float* panel) {
  const auto stride = static_cast<std::ptrdiff_t>(image_stride);
  const auto count = static_cast<std::ptrdiff_t>(row_count);
#pragma GCC unroll 4
  for (std::ptrdiff_t i = 0; i < count; ++i) copy(image + i * stride, panel + i * nr);
}

void split_phases(const float* from, std::int64_t element_count, int stride, std::int64_t phase_stride,
                  float* phases) {
  const auto count = static_cast<std::ptrdiff_t>(element_count);
  const auto phase = static_cast<std::ptrdiff_t>(phase_stride);
  if (count < 4) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      for (int p = 0; p < stride; ++p) phases[p * phase + i] = from[i * stride + p];
    }
    return;
  }
  const auto four = [&](std::ptrdiff_t i) {
    float* to = phases + i;
    if (stride == 2) {
      const float32x4x2_t split = vld2q_f32(from + 2 * i);
      vst1q_f32(to, split.val[0]);
      vst1q_f32(to + phase, split.val[1]);
    } else {
      const float32x4x4_t split = vld4q_f32(from + 4 * i);
      vst1q_f32(to, split.val[0]);
      vst1q_f32(to + phase, split.val[1]);
      vst1q_f32(to + 2 * phase, split.val[2]);
      vst1q_f32(to + 3 * phase, split.val[3]);
    }
  };
  for (std::ptrdiff_t i = 0; i + 4 < count; i += 4) four(i);
  four(count - 4);  // may do some elements once more
}

/// The chains of 4 x vectors neighbouring outputs over all taps, at least one.
template <int vectors>
[[gnu::always_inline]] inline void sum_taps(float32x4_t (&sums)[vectors], const float* stage,
                                            const std::int32_t* offsets, const float* weights,
                                            std::ptrdiff_t taps) {
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) sums[v] = vdupq_n_f32(0.0F);
  for (std::ptrdiff_t tap = 0; tap < taps; ++tap) {
    const float32x4_t weight = vld1q_dup_f32(weights + tap);
    const float* at = stage + offsets[tap];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sums[v] = vfmaq_f32(sums[v], vld1q_f32(at + 4 * v), weight);
  }
}

/// Sixteen: assembly, as g++ 12 needs twice as many instructions.
template <>
[[gnu::always_inline]] inline void sum_taps<4>(float32x4_t (&sums)[4], const float* stage,
                                               const std::int32_t* offsets, const float* weights,
                                               std::ptrdiff_t taps) {
#pragma GCC unroll 4
  for (float32x4_t& sum : sums) sum = vdupq_n_f32(0.0F);
    // clang-format off
#if defined(__aarch64__)
  asm volatile(
      "1:\n"
      "ldrsw x9, [%[offsets]], #4\n"
      "ld1r {v16.4s}, [%[weights]], #4\n"
      "add x9, %[stage], x9, lsl #2\n"
      "ldp q17, q18, [x9]\n"
      "ldp q19, q20, [x9, #32]\n"
      "subs %[taps], %[taps], #1\n"
      "fmla %[s0].4s, v17.4s, v16.4s\n" "fmla %[s1].4s, v18.4s, v16.4s\n"
      "fmla %[s2].4s, v19.4s, v16.4s\n" "fmla %[s3].4s, v20.4s, v16.4s\n"
      "b.ne 1b\n"
      : [s0] "+w"(sums[0]), [s1] "+w"(sums[1]), [s2] "+w"(sums[2]), [s3] "+w"(sums[3]), [offsets] "+r"(offsets),
        [weights] "+r"(weights), [taps] "+r"(taps)
      : [stage] "r"(stage)
      : "cc", "memory", "x9", "v16", "v17", "v18", "v19", "v20");
#else
  const float* at = nullptr;
  asm volatile(
      "1:\n"
      "ldr %[at], [%[offsets]], #4\n"
      "vld1.32 {d16[], d17[]}, [%[weights]]!\n"
      "add %[at], %[stage], %[at], lsl #2\n"
      "vld1.32 {d18-d21}, [%[at]]!\n"
      "vld1.32 {d22-d25}, [%[at]]\n"
      "subs %[taps], %[taps], #1\n"
      "vfma.f32 %q[s0], q9, q8\n" "vfma.f32 %q[s1], q10, q8\n"
      "vfma.f32 %q[s2], q11, q8\n" "vfma.f32 %q[s3], q12, q8\n"
      "bne 1b\n"
      : [s0] "+w"(sums[0]), [s1] "+w"(sums[1]), [s2] "+w"(sums[2]), [s3] "+w"(sums[3]), [offsets] "+r"(offsets),
        [weights] "+r"(weights), [taps] "+r"(taps), [at] "=&r"(at)
      : [stage] "r"(stage)
      : "cc", "memory", "q8", "q9", "q10", "q11", "q12");
#endif
  // clang-format on
}

/// 4 x vectors outputs; `residual` and `out` have as many floats.
template <int vectors>
[[gnu::always_inline]] inline void depthwise_block(const float* stage, const std::int32_t* offsets,
                                                   const float* weights, std::ptrdiff_t taps, float bias,
                                                   bool add_bias, const float* residual, bool relu,
                                                   float ceiling, float* out) {
  float32x4_t sums[vectors];
  sum_taps<vectors>(sums, stage, offsets, weights, taps);
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    float32x4_t sum = sums[v];
    if (add_bias) sum = vaddq_f32(sum, vdupq_n_f32(bias));
    if (residual != nullptr) sum = vaddq_f32(sum, vld1q_f32(residual + 4 * v));
    if (relu) sum = vmaxq_f32(sum, vdupq_n_f32(0.0F));  // NaN stays NaN, -0 becomes +0
    sum = vminq_f32(sum, vdupq_n_f32(ceiling));
    vst1q_f32(out + 4 * v, sum);
  }
}

void depthwise_row(const float* stage, const std::int32_t* offsets, const float* weights,
                   std::int64_t tap_count, std::int64_t column_count, float bias, bool add_bias,
                   const float* residual, bool relu, float ceiling, float* out) {
  const auto taps = static_cast<std::ptrdiff_t>(tap_count);
  const auto count = static_cast<std::ptrdiff_t>(column_count);
  const auto residual_at = [&](std::ptrdiff_t index) {
    return residual != nullptr ? residual + index : nullptr;
  };
  std::ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    depthwise_block<4>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, ceiling,
                       out + i);
  }
  if (i < count && count >= 16 && out != residual) {  // the last sixteen once more, overlapping
    i = count - 16;
    depthwise_block<4>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, ceiling,
                       out + i);
    return;
  }
  for (; i + 8 <= count; i += 8) {
    depthwise_block<2>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, ceiling,
                       out + i);
  }
  for (; i + 4 <= count; i += 4) {
    depthwise_block<1>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, ceiling,
                       out + i);
  }
  if (i == count) return;
  float rest[4];
  float rest_residual[4] = {};
  for (std::ptrdiff_t j = i; residual != nullptr && j < count; ++j) rest_residual[j - i] = residual[j];
  depthwise_block<1>(stage + i, offsets, weights, taps, bias, add_bias,
                     residual != nullptr ? rest_residual : nullptr, relu, ceiling, rest);
  for (std::ptrdiff_t j = i; j < count; ++j) out[j] = rest[j - i];
}

}  // namespace

const ConvKernels conv_kernels_neon = {pack_panel, pack_rows, split_phases, depthwise_row,
                                       &depthwise_kernels_neon};

}  // namespace edge::kernels
