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
float32x4_t column_largest(const float* in, std::ptrdiff_t rows, std::ptrdiff_t row_step) {
  float32x4_t largest = vld1q_f32(in);
  for (std::ptrdiff_t r = 1; r < rows; ++r) largest = vmaxq_f32(largest, vld1q_f32(in + r * row_step));
  return largest;
}

template <int fixed_rows>
void columns_to_scratch(const MaxPoolRow& row, float* scratch) {
  const std::ptrdiff_t rows = fixed_rows > 0 ? fixed_rows : row.rows;
  if (row.in_columns >= 4) {
    std::ptrdiff_t c = 0;
    for (; c + 4 <= row.in_columns; c += 4)
      vst1q_f32(scratch + c, column_largest(row.in + c, rows, row.row_step));
    if (c < row.in_columns) {  // the last four once more, overlapping
      c = row.in_columns - 4;
      vst1q_f32(scratch + c, column_largest(row.in + c, rows, row.row_step));
    }
    return;
  }
  for (std::ptrdiff_t c = 0; c < row.in_columns; ++c) {
    float32x4_t largest = lowest();
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      largest = vmaxq_f32(largest, vdupq_n_f32(row.in[r * row.row_step + c]));
    }
    scratch[c] = vgetq_lane_f32(largest, 0);
  }
}

/// Fills the padded row in `scratch`, and some lanes behind it that vector loads may touch.
void fill_scratch(const MaxPoolRow& row, float* scratch) {
  const std::ptrdiff_t needed = (row.count - 1) * row.stride + (row.window - 1) * row.window_step + 1;
  const std::ptrdiff_t image_end = row.padding + row.in_columns;
  const std::ptrdiff_t begin = row.rows > 0 ? image_end : 0;
  const std::ptrdiff_t end = needed > image_end ? needed : image_end;
  if (row.rows > 0) {
    for (std::ptrdiff_t c = 0; c < row.padding; c += 4) vst1q_f32(scratch + c, lowest());
    if (row.rows == 3) {
      columns_to_scratch<3>(row, scratch + row.padding);
    } else if (row.rows == 2) {
      columns_to_scratch<2>(row, scratch + row.padding);
    } else {
      columns_to_scratch<0>(row, scratch + row.padding);
    }
  }
  // Fewer than four windows are computed as four, which touches more than their own columns.
  const std::ptrdiff_t spare = row.count < 4 ? 12 : 2;
  for (std::ptrdiff_t c = begin; c < end + spare; c += 4) vst1q_f32(scratch + c, lowest());
}

/// The columns of four neighbouring windows, of which `count` are wanted.
template <int stride>
float32x4_t strided(const float* scratch, std::ptrdiff_t step, std::ptrdiff_t count) {
  if constexpr (stride == 1) {
    return vld1q_f32(scratch);
  } else if constexpr (stride == 2) {
    return vld2q_f32(scratch).val[0];
  } else {
    float lanes[4];
    for (std::ptrdiff_t i = 0; i < 4; ++i) lanes[i] = scratch[(i < count ? i : 0) * step];
    return vld1q_f32(lanes);
  }
}

template <int stride, int fixed_window>
float32x4_t largest_of_windows(const MaxPoolRow& row, const float* scratch, std::ptrdiff_t count) {
  if constexpr (stride == 1 && fixed_window == 3) {
    return vmaxq_f32(vmaxq_f32(vld1q_f32(scratch), vld1q_f32(scratch + 1)), vld1q_f32(scratch + 2));
  } else if constexpr (stride == 2 && fixed_window > 0) {
    const float32x4x2_t columns = vld2q_f32(scratch);
    const float32x4_t pair = vmaxq_f32(columns.val[0], columns.val[1]);
    return fixed_window == 2 ? pair : vmaxq_f32(pair, vld2q_f32(scratch + 2).val[0]);
  } else {
    float32x4_t largest = strided<stride>(scratch, row.stride, count);
    for (std::ptrdiff_t k = 1; k < row.window; ++k) {
      largest = vmaxq_f32(largest, strided<stride>(scratch + k * row.window_step, row.stride, count));
    }
    return largest;
  }
}

template <int stride, int fixed_window>
void windows_to_out(const MaxPoolRow& row, const float* scratch) {
  std::ptrdiff_t i = 0;
  for (; i + 4 <= row.count; i += 4) {
    const float32x4_t four = largest_of_windows<stride, fixed_window>(row, scratch + i * row.stride, 4);
    vst1q_f32(row.out + i, four);
  }
  if (i == row.count) return;
  if (row.count >= 4) {  // the last four once more, overlapping
    i = row.count - 4;
    const float32x4_t four = largest_of_windows<stride, fixed_window>(row, scratch + i * row.stride, 4);
    vst1q_f32(row.out + i, four);
    return;
  }
  const float32x4_t some = largest_of_windows<stride, fixed_window>(row, scratch, row.count);
  float lanes[4];
  vst1q_f32(lanes, some);
  for (i = 0; i < row.count; ++i) row.out[i] = lanes[i];
}

/// The largest values of the same `size` image rows in four even and four odd columns.
template <int size>
float32x4x2_t even_and_odd(const float* in, std::ptrdiff_t row_step) {
  float32x4x2_t largest = vld2q_f32(in);
  for (int r = 1; r < size; ++r) {
    in += row_step;
    const float32x4x2_t next = vld2q_f32(in);
    largest.val[0] = vmaxq_f32(largest.val[0], next.val[0]);
    largest.val[1] = vmaxq_f32(largest.val[1], next.val[1]);
  }
  return largest;
}

/// Windows of 2x2 or 3x3 at stride 2 without padding, straight from the image; returns how many it did. The
/// rest, up to eight, is left to the general way.
template <int size>
std::ptrdiff_t fused_windows(const MaxPoolRow& row) {
  const float* in = row.in;
  float* out = row.out;
  std::ptrdiff_t left = row.in_columns / 8;
  if (left > row.count / 4) left = row.count / 4;
  if constexpr (size == 2) {
    for (; left > 0; --left, in += 8, out += 4) {
      const float32x4x2_t columns = even_and_odd<2>(in, row.row_step);
      vst1q_f32(out, vmaxq_f32(columns.val[0], columns.val[1]));
    }
  } else if (left > 0) {
    float32x4x2_t columns = even_and_odd<3>(in, row.row_step);
    for (; left > 1; --left, out += 4) {  // the third column of a window is the next one's first
      in += 8;
      const float32x4x2_t next = even_and_odd<3>(in, row.row_step);
      const float32x4_t third = vextq_f32(columns.val[0], next.val[0], 1);
      vst1q_f32(out, vmaxq_f32(vmaxq_f32(columns.val[0], columns.val[1]), third));
      columns = next;
    }
  }
  return out - row.out;
}

void general_row(const MaxPoolRow& row, float* scratch) {
  fill_scratch(row, scratch);
  const bool dense = row.window_step == 1;
  if (row.stride == 1 && dense && row.window == 3) {
    windows_to_out<1, 3>(row, scratch);
  } else if (row.stride == 1) {
    windows_to_out<1, 0>(row, scratch);
  } else if (row.stride == 2 && dense && row.window == 2) {
    windows_to_out<2, 2>(row, scratch);
  } else if (row.stride == 2 && dense && row.window == 3) {
    windows_to_out<2, 3>(row, scratch);
  } else if (row.stride == 2) {
    windows_to_out<2, 0>(row, scratch);
  } else {
    windows_to_out<0, 0>(row, scratch);
  }
}

void max_row(const MaxPoolRow& row, float* scratch) {
  std::ptrdiff_t done = 0;
  if (row.stride == 2 && row.padding == 0 && row.window_step == 1 && row.rows == row.window) {
    if (row.window == 2) done = fused_windows<2>(row);
    if (row.window == 3) done = fused_windows<3>(row);
  }
  if (done == row.count) return;
  MaxPoolRow rest = row;
  rest.in += 2 * done;
  rest.in_columns -= 2 * done;
  rest.out += done;
  rest.count -= done;
  general_row(rest, scratch);
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
  for (std::ptrdiff_t r = 0; r < row.rows; ++r) {
    for (std::ptrdiff_t c = 0; c < row.window; ++c) {
      sum = vaddq_f32(sum, strided<stride>(in + r * row.row_step + c, stride, 4));
    }
  }
  return divided(sum, row.divisor);
}

void average_row(const AveragePoolRow& row) {
  std::ptrdiff_t i = 0;
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
