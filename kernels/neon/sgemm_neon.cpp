// NEON packing of sgemm's operands, armv7 and aarch64. Any thread, no errors.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/sgemm_kernels.h"

namespace edge::kernels {

namespace {

constexpr int nr = 8;

/// Four rows of a panel that has `width`: panel[i * width + r] = scale * from[r * stride + i].
template <bool scaled>
[[gnu::always_inline]] inline void pack_four_rows(const float* from, std::ptrdiff_t stride,
                                                  std::ptrdiff_t width, std::ptrdiff_t k, float scale,
                                                  float* panel) {
  const float* from1 = from + stride;
  const float* from2 = from1 + stride;
  const float* from3 = from2 + stride;
  for (; k >= 4; k -= 4, from += 4, from1 += 4, from2 += 4, from3 += 4, panel += 4 * width) {
    float32x4x4_t rows = {{vld1q_f32(from), vld1q_f32(from1), vld1q_f32(from2), vld1q_f32(from3)}};
    if constexpr (scaled) {
      for (float32x4_t& row : rows.val) row = vmulq_n_f32(row, scale);
    }
    if (width == 4) {
      vst4q_f32(panel, rows);
      continue;
    }
    const float32x4x2_t low = vtrnq_f32(rows.val[0], rows.val[1]);
    const float32x4x2_t high = vtrnq_f32(rows.val[2], rows.val[3]);
    vst1q_f32(panel, vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0])));
    vst1q_f32(panel + width, vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1])));
    vst1q_f32(panel + 2 * width, vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0])));
    vst1q_f32(panel + 3 * width, vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1])));
  }
  for (std::ptrdiff_t i = 0; i < k; ++i, panel += width) {
    panel[0] = scale * from[i];
    panel[1] = scale * from1[i];
    panel[2] = scale * from2[i];
    panel[3] = scale * from3[i];
  }
}

template <bool scaled>
void pack_rows_in_fours(const float* from, std::ptrdiff_t stride, int rows, std::ptrdiff_t k, float scale,
                        float* panel) {
#if defined(__aarch64__)
  constexpr int widest = 12;
#else
  constexpr int widest = 4;
#endif
  if (rows == 4) return pack_four_rows<scaled>(from, stride, 4, k, scale, panel);
  if constexpr (widest == 12) {
    if (rows == 12) {
      pack_four_rows<scaled>(from, stride, 12, k, scale, panel);
      pack_four_rows<scaled>(from + 4 * stride, stride, 12, k, scale, panel + 4);
      return pack_four_rows<scaled>(from + 8 * stride, stride, 12, k, scale, panel + 8);
    }
  }
  for (int row = 0; row < rows; ++row) {
    for (std::ptrdiff_t i = 0; i < k; ++i) panel[i * rows + row] = scale * from[row * stride + i];
  }
}

void pack_a_rows(const float* from, std::int64_t long_stride, int rows, std::int64_t long_k, float scale,
                 float* panel) {
  const auto stride = static_cast<std::ptrdiff_t>(long_stride);
  const auto k = static_cast<std::ptrdiff_t>(long_k);
  if (scale == 1.0F) return pack_rows_in_fours<false>(from, stride, rows, k, scale, panel);
  pack_rows_in_fours<true>(from, stride, rows, k, scale, panel);
}

void pack_b_rows(const float* from, std::int64_t long_stride, std::int64_t long_k, float* panel) {
  const auto stride = static_cast<std::ptrdiff_t>(long_stride);
  auto k = static_cast<std::ptrdiff_t>(long_k);
  for (; k >= 4; k -= 4, panel += 4 * nr) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i, from += stride) {
      const float32x4_t low = vld1q_f32(from);
      const float32x4_t high = vld1q_f32(from + 4);
      vst1q_f32(panel + i * nr, low);
      vst1q_f32(panel + i * nr + 4, high);
    }
  }
  for (; k > 0; --k, from += stride, panel += nr) {
    vst1q_f32(panel, vld1q_f32(from));
    vst1q_f32(panel + 4, vld1q_f32(from + 4));
  }
}

}  // namespace

const SgemmKernels sgemm_kernels_neon = {pack_a_rows, nullptr, pack_b_rows};

}  // namespace edge::kernels
