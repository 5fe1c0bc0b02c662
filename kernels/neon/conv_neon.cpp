// NEON moving of data for convolutions and the depthwise row, armv7 (VFPv4) and aarch64. Any thread, no
// errors.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/conv_kernels.h"

namespace edge::kernels {

namespace {

#if defined(__aarch64__)
constexpr int nr = 12;
#else
constexpr int nr = 8;
#endif

/// nr floats, as wide as a gemm panel.
[[gnu::always_inline]] inline void copy(const float* from, float* to) {
  const float32x4_t a = vld1q_f32(from);
  const float32x4_t b = vld1q_f32(from + 4);
  if constexpr (nr == 12) {
    const float32x4_t c = vld1q_f32(from + 8);
    vst1q_f32(to + 8, c);
  }
  vst1q_f32(to, a);
  vst1q_f32(to + 4, b);
}

void pack_panel(const float* stage, const std::int32_t* offsets, std::int64_t row_count,
                const PanelPiece* pieces, int piece_count, float* panel) {
  const auto count = static_cast<std::ptrdiff_t>(row_count);
  const float* first = stage + pieces[0].from;
  if (piece_count == 1) {
    for (std::ptrdiff_t i = 0; i < count; ++i) copy(first + offsets[i], panel + i * nr);
    return;
  }
  if (piece_count == 2) {
    const float* second = stage + pieces[1].from;
    float* second_panel = panel + pieces[1].lane;
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
  for (std::ptrdiff_t i = 0; i < count; ++i) copy(image + i * stride, panel + i * nr);
}

void split_phases(const float* from, std::int64_t element_count, int stride, std::int64_t phase_stride,
                  float* phases) {
  const auto count = static_cast<std::ptrdiff_t>(element_count);
  const auto phase = static_cast<std::ptrdiff_t>(phase_stride);
  std::ptrdiff_t i = 0;
  if (stride == 2) {
    for (; i + 4 <= count; i += 4) {
      const float32x4x2_t split = vld2q_f32(from + 2 * i);
      vst1q_f32(phases + i, split.val[0]);
      vst1q_f32(phases + phase + i, split.val[1]);
    }
  } else {
    for (; i + 4 <= count; i += 4) {
      const float32x4x4_t split = vld4q_f32(from + 4 * i);
      vst1q_f32(phases + i, split.val[0]);
      vst1q_f32(phases + phase + i, split.val[1]);
      vst1q_f32(phases + 2 * phase + i, split.val[2]);
      vst1q_f32(phases + 3 * phase + i, split.val[3]);
    }
  }
  for (; i < count; ++i) {
    for (int p = 0; p < stride; ++p) phases[p * phase + i] = from[i * stride + p];
  }
}

/// 4 x vectors outputs; `residual` and `out` have as many floats.
template <int vectors>
[[gnu::always_inline]] inline void depthwise_block(const float* stage, const std::int32_t* offsets,
                                                   const float* weights, std::ptrdiff_t taps, float bias,
                                                   bool add_bias, const float* residual, bool relu,
                                                   float* out) {
  float32x4_t sums[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) sums[v] = vdupq_n_f32(0.0F);
  for (std::ptrdiff_t tap = 0; tap < taps; ++tap) {
    const float32x4_t weight = vld1q_dup_f32(weights + tap);
    const float* at = stage + offsets[tap];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sums[v] = vfmaq_f32(sums[v], vld1q_f32(at + 4 * v), weight);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    float32x4_t sum = sums[v];
    if (add_bias) sum = vaddq_f32(sum, vdupq_n_f32(bias));
    if (residual != nullptr) sum = vaddq_f32(sum, vld1q_f32(residual + 4 * v));
    if (relu) {
      const uint32x4_t not_positive = vcleq_f32(sum, vdupq_n_f32(0.0F));
      sum = vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(sum), not_positive));
    }
    vst1q_f32(out + 4 * v, sum);
  }
}

void depthwise_row(const float* stage, const std::int32_t* offsets, const float* weights,
                   std::int64_t tap_count, std::int64_t column_count, float bias, bool add_bias,
                   const float* residual, bool relu, float* out) {
  const auto taps = static_cast<std::ptrdiff_t>(tap_count);
  const auto count = static_cast<std::ptrdiff_t>(column_count);
  const auto residual_at = [&](std::ptrdiff_t index) {
    return residual != nullptr ? residual + index : nullptr;
  };
  std::ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    depthwise_block<4>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, out + i);
  }
  for (; i + 4 <= count; i += 4) {
    depthwise_block<1>(stage + i, offsets, weights, taps, bias, add_bias, residual_at(i), relu, out + i);
  }
  if (i == count) return;
  float rest[4];
  float rest_residual[4] = {};
  for (std::ptrdiff_t j = i; residual != nullptr && j < count; ++j) rest_residual[j - i] = residual[j];
  depthwise_block<1>(stage + i, offsets, weights, taps, bias, add_bias,
                     residual != nullptr ? rest_residual : nullptr, relu, rest);
  for (std::ptrdiff_t j = i; j < count; ++j) out[j] = rest[j - i];
}

}  // namespace

const ConvKernels conv_kernels_neon = {pack_panel, pack_rows, split_phases, depthwise_row};

}  // namespace edge::kernels
