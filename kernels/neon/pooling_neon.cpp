// Pooling kernels for NEON, one source for armv7 and aarch64: averages; max pooling has a file of its own.
// Pure functions, thread-safe, no errors.
#include <arm_neon.h>

#include "kernels/neon/max_pooling_neon.h"

namespace edge::kernels {
namespace {

float32x4_t divided(float32x4_t sum, float divisor) {
#if defined(__aarch64__)
  return vdivq_f32(sum, vdupq_n_f32(divisor));
#else
  float lanes[4];
  vst1q_f32(lanes, sum);
  for (float& lane : lanes) lane /= divisor;
  return vld1q_f32(lanes);
#endif
}

/// Every stride-th float: four from `at` on, where one behind them (ahead: or the one in front) may be read.
template <int stride, bool ahead>
[[gnu::always_inline]] inline float32x4_t four_columns(const float* at) {
  if constexpr (stride == 1) return vld1q_f32(at);
  return ahead ? vld2q_f32(at - 1).val[1] : vld2q_f32(at).val[0];
}

template <int stride, bool ahead>
float32x4_t average_of_windows(const AveragePoolRow& row, const float* in) {
  float32x4_t sum = vdupq_n_f32(0.0F);
  for (std::ptrdiff_t r = 0; r < row.rows; ++r, in += row.row_step) {
    for (std::ptrdiff_t c = 0; c < row.window; ++c) sum = vaddq_f32(sum, four_columns<stride, ahead>(in + c));
  }
  return divided(sum, row.divisor);
}

/// At least five windows.
template <int stride>
void average_windows(const AveragePoolRow& row) {
  std::ptrdiff_t i = 0;
  for (; i + 4 < row.count; i += 4) {
    const float32x4_t four = average_of_windows<stride, false>(row, row.in + i * stride);
    vst1q_f32(row.out + i, four);
  }
  i = row.count - 4;  // the last four, overlapping
  const float32x4_t last = average_of_windows<stride, true>(row, row.in + i * stride);
  vst1q_f32(row.out + i, last);
}

void average_row(const AveragePoolRow& row) {
  if (row.count > 4 && row.stride == 1) return average_windows<1>(row);
  if (row.count > 4 && row.stride == 2) return average_windows<2>(row);
  pooling_scalar.average_row(row);
}

}  // namespace

const PoolingKernels pooling_neon = {Isa::neon, neon::max_rows, average_row};

}  // namespace edge::kernels
