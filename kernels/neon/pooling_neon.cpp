// Pooling rows for NEON, one source for armv7 and aarch64. Pure functions, thread-safe, no errors.
// vmax has the order that kernels/pooling_kernels.h asks for (NaN wins, +0 over -0); on armv7 it flushes
// denormals. Max pooling is separable: first the largest value of each image column into `scratch`, then of
// each window.
#include <arm_neon.h>

#include "kernels/pooling_kernels.h"

namespace edge::kernels {
namespace {

float32x4_t lowest() {
  return vreinterpretq_f32_u32(vdupq_n_u32(0xFF800000U));
}  // -infinity

/// Largest of `rows` values in each of four columns; rows >= 1.
float32x4_t column_largest(const float* in, std::int64_t rows, std::int64_t row_step) {
  float32x4_t largest = vld1q_f32(in);
  for (std::int64_t r = 1; r < rows; ++r) largest = vmaxq_f32(largest, vld1q_f32(in + r * row_step));
  return largest;
}

template <int fixed_rows>
void columns_to_scratch(const MaxPoolRow& row, float* scratch) {
  const std::int64_t rows = fixed_rows > 0 ? fixed_rows : row.rows;
  if (row.in_columns >= 4) {
    std::int64_t c = 0;
    for (; c + 4 <= row.in_columns; c += 4)
      vst1q_f32(scratch + c, column_largest(row.in + c, rows, row.row_step));
    if (c < row.in_columns) {  // the last four once more, overlapping
      c = row.in_columns - 4;
      vst1q_f32(scratch + c, column_largest(row.in + c, rows, row.row_step));
    }
    return;
  }
  for (std::int64_t c = 0; c < row.in_columns; ++c) {
    float32x4_t largest = lowest();
    for (std::int64_t r = 0; r < rows; ++r) {
      largest = vmaxq_f32(largest, vdupq_n_f32(row.in[r * row.row_step + c]));
    }
    scratch[c] = vgetq_lane_f32(largest, 0);
  }
}

/// Fills the padded row in `scratch`, and some lanes behind it that vector loads may touch.
void fill_scratch(const MaxPoolRow& row, float* scratch) {
  const std::int64_t needed = (row.count - 1) * row.stride + (row.window - 1) * row.window_step + 1;
  const std::int64_t image_end = row.padding + row.in_columns;
  const std::int64_t begin = row.rows > 0 ? image_end : 0;
  const std::int64_t end = needed > image_end ? needed : image_end;
  if (row.rows > 0) {
    for (std::int64_t c = 0; c < row.padding; c += 4) vst1q_f32(scratch + c, lowest());
    if (row.rows == 3) {
      columns_to_scratch<3>(row, scratch + row.padding);
    } else if (row.rows == 2) {
      columns_to_scratch<2>(row, scratch + row.padding);
    } else {
      columns_to_scratch<0>(row, scratch + row.padding);
    }
  }
  for (std::int64_t c = begin; c < end + 16; c += 4) vst1q_f32(scratch + c, lowest());
}

/// The columns of four neighbouring windows, of which `count` are wanted.
template <int stride>
float32x4_t strided(const float* scratch, std::int64_t step, std::int64_t count) {
  if constexpr (stride == 1) {
    return vld1q_f32(scratch);
  } else if constexpr (stride == 2) {
    return vld2q_f32(scratch).val[0];
  } else {
    float lanes[4];
    for (std::int64_t i = 0; i < 4; ++i) lanes[i] = scratch[(i < count ? i : 0) * step];
    return vld1q_f32(lanes);
  }
}

template <int stride, int fixed_window>
float32x4_t largest_of_windows(const MaxPoolRow& row, const float* scratch, std::int64_t count) {
  if constexpr (stride == 2 && fixed_window > 0) {
    const float32x4x2_t columns = vld2q_f32(scratch);
    const float32x4_t pair = vmaxq_f32(columns.val[0], columns.val[1]);
    return fixed_window == 2 ? pair : vmaxq_f32(pair, vld2q_f32(scratch + 2).val[0]);
  } else {
    float32x4_t largest = strided<stride>(scratch, row.stride, count);
    for (std::int64_t k = 1; k < row.window; ++k) {
      largest = vmaxq_f32(largest, strided<stride>(scratch + k * row.window_step, row.stride, count));
    }
    return largest;
  }
}

template <int stride, int fixed_window>
void windows_to_out(const MaxPoolRow& row, const float* scratch) {
  std::int64_t i = 0;
  for (; i + 4 <= row.count; i += 4) {
    const float32x4_t four = largest_of_windows<stride, fixed_window>(row, scratch + i * row.stride, 4);
    vst1q_f32(row.out + i, four);
  }
  if (i < row.count) {
    const std::int64_t count = row.count - i;
    const float32x4_t rest = largest_of_windows<stride, fixed_window>(row, scratch + i * row.stride, count);
    float lanes[4];
    vst1q_f32(lanes, rest);
    for (std::int64_t lane = 0; lane < count; ++lane) row.out[i + lane] = lanes[lane];
  }
}

void max_row(const MaxPoolRow& row, float* scratch) {
  fill_scratch(row, scratch);
  if (row.stride == 1) {
    windows_to_out<1, 0>(row, scratch);
  } else if (row.stride == 2 && row.window_step == 1 && row.window == 2) {
    windows_to_out<2, 2>(row, scratch);
  } else if (row.stride == 2 && row.window_step == 1 && row.window == 3) {
    windows_to_out<2, 3>(row, scratch);
  } else if (row.stride == 2) {
    windows_to_out<2, 0>(row, scratch);
  } else {
    windows_to_out<0, 0>(row, scratch);
  }
}

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

/// Four neighbouring windows; with stride 2 it reads one column more than they have.
template <int stride>
float32x4_t average_of_windows(const AveragePoolRow& row, const float* in) {
  float32x4_t sum = vdupq_n_f32(0.0F);
  for (std::int64_t r = 0; r < row.rows; ++r) {
    for (std::int64_t c = 0; c < row.window; ++c) {
      sum = vaddq_f32(sum, strided<stride>(in + r * row.row_step + c, stride, 4));
    }
  }
  return divided(sum, row.divisor);
}

void average_row(const AveragePoolRow& row) {
  std::int64_t i = 0;
  if (row.stride == 1) {
    for (; i + 4 <= row.count; i += 4) vst1q_f32(row.out + i, average_of_windows<1>(row, row.in + i));
  } else if (row.stride == 2) {
    for (; i + 4 < row.count; i += 4) vst1q_f32(row.out + i, average_of_windows<2>(row, row.in + 2 * i));
  }
  if (i == row.count) return;
  AveragePoolRow rest = row;
  rest.in += i * row.stride;
  rest.out += i;
  rest.count -= i;
  pooling_scalar.average_row(rest);
}

}  // namespace

const PoolingKernels pooling_neon = {Isa::neon, max_row, average_row};

}  // namespace edge::kernels
