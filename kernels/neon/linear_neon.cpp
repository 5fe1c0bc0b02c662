// NEON dot products of linear(), armv7 (VFPv4) and aarch64. Any thread, no errors.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/linear_kernels.h"

namespace edge::kernels {

namespace {

#if defined(__aarch64__)
constexpr int most_rows = 4;
#else
constexpr int most_rows = 2;  // 8 of 16 registers for sums
#endif

[[gnu::always_inline]] inline float add_halves(const float32x4_t (&sums)[4]) {
  const float32x4_t four = vaddq_f32(vaddq_f32(sums[0], sums[2]), vaddq_f32(sums[1], sums[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0);
}

/// Sixteen elements of every row; row r's weights are at weights + r * stride.
template <int rows>
[[gnu::always_inline]] inline void step(const float* in, const float* weights, std::ptrdiff_t stride,
                                        float32x4_t (&sums)[rows][4]) {
#pragma GCC unroll 4
  for (int part = 0; part < 4; ++part) {
    const float32x4_t values = vld1q_f32(in + 4 * part);
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) {
      sums[row][part] = vfmaq_f32(sums[row][part], values, vld1q_f32(weights + row * stride + 4 * part));
    }
  }
}

template <int rows>
void dot(const float* in, const float* weights, std::ptrdiff_t count, float* dots) {
  float32x4_t sums[rows][4];
#pragma GCC unroll 4
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
    for (int part = 0; part < 4; ++part) sums[row][part] = vdupq_n_f32(0.0F);
  }
  std::ptrdiff_t k = 0;
  for (; k + 16 <= count; k += 16) {
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) __builtin_prefetch(weights + row * count + k + 96);
    step<rows>(in + k, weights + k, count, sums);
  }
  if (k < count) {
    float padded_in[16] = {};
    float padded_weights[rows][16] = {};
    for (std::ptrdiff_t i = k; i < count; ++i) {
      padded_in[i - k] = in[i];
      for (int row = 0; row < rows; ++row) padded_weights[row][i - k] = weights[row * count + i];
    }
    step<rows>(padded_in, padded_weights[0], 16, sums);
  }
#pragma GCC unroll 4
  for (int row = 0; row < rows; ++row) dots[row] = add_halves(sums[row]);
}

void dot_rows(const float* in, const float* weights, std::int64_t long_count, int rows, float* dots) {
  const auto count = static_cast<std::ptrdiff_t>(long_count);
  switch (rows) {
    case 1:
      return dot<1>(in, weights, count, dots);
#if defined(__aarch64__)
    case 2:
      return dot<2>(in, weights, count, dots);
    case 3:
      return dot<3>(in, weights, count, dots);
#endif
    default:
      return dot<most_rows>(in, weights, count, dots);
  }
}

}  // namespace

const LinearKernels linear_kernels_neon = {most_rows, dot_rows};

}  // namespace edge::kernels
