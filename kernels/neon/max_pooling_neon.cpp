// Max pooling for NEON, one source for armv7 and aarch64. Pure functions, thread-safe, no errors.
// vmax has the order that kernels/pooling_kernels.h asks for (NaN wins, +0 over -0); on armv7 it flushes
// denormals. Max pooling is separable: first the largest value of each image column into `scratch`, then of
// each window.
#include "kernels/neon/max_pooling_neon.h"

#include <arm_neon.h>

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

/// Stride 1, windows of three columns with one column of padding: as many windows as columns, at least four.
template <int rows>
void same_row(const float* in, std::ptrdiff_t row_step, std::ptrdiff_t columns, float* out) {
  const auto largest = [=](const float* at) __attribute__((always_inline)) {
    return column_largest(at, rows, row_step);
  };
  const float* const in_end = in + columns;
  float32x4_t left = lowest();
  float32x4_t middle = largest(in);
  for (; in + 8 <= in_end; in += 4, out += 4) {
    const float32x4_t right = largest(in + 4);
    const float32x4_t sides = vmaxq_f32(vextq_f32(left, middle, 3), vextq_f32(middle, right, 1));
    vst1q_f32(out, vmaxq_f32(sides, middle));
    left = middle;
    middle = right;
  }
  left = vextq_f32(left, middle, 3);
  const std::ptrdiff_t rest = in_end - in - 4;
  if (rest > 0) {  // one to three columns: the last four, overlapping
    vst1q_f32(out, vmaxq_f32(vmaxq_f32(left, middle), largest(in + 1)));
    in += rest;
    out += rest;
    left = largest(in - 1);
    middle = largest(in);
  }
  vst1q_f32(out, vmaxq_f32(vmaxq_f32(left, middle), vextq_f32(middle, lowest(), 1)));
}

template <int rows>
void same_rows(const MaxPoolRow& row) {
  const float* in = row.in;
  float* out = row.out;
  for (std::ptrdiff_t left = row.repeats; left > 0; --left, in += row.in_advance, out += row.count) {
    same_row<rows>(in, row.row_step, row.in_columns, out);
  }
}

/// The largest values of the same `size` image rows in four even and four odd columns.
template <int size>
[[gnu::always_inline]] inline float32x4x2_t even_and_odd(const float* in, std::ptrdiff_t row_step) {
  float32x4x2_t largest = vld2q_f32(in);
  for (int r = 1; r < size; ++r) {
    in += row_step;
    const float32x4x2_t next = vld2q_f32(in);
    largest.val[0] = vmaxq_f32(largest.val[0], next.val[0]);
    largest.val[1] = vmaxq_f32(largest.val[1], next.val[1]);
  }
  return largest;
}

/// Four windows of size x size at stride 2, the first of which starts at `in`; touches no column behind them.
template <int size>
[[gnu::always_inline]] inline float32x4_t four_windows(const float* in, std::ptrdiff_t row_step) {
  const float32x4x2_t columns = even_and_odd<size>(in, row_step);
  if constexpr (size == 2) return vmaxq_f32(columns.val[0], columns.val[1]);
  const float32x4x2_t next = even_and_odd<size>(in + 1, row_step);
  return vmaxq_f32(columns.val[0], vmaxq_f32(next.val[0], next.val[1]));
}

/// How many windows of one row fused_row() does: all but those that the right end of the image clips, or
/// none.
template <int size, int padding>
std::ptrdiff_t fused_count(const MaxPoolRow& row) {
  const std::ptrdiff_t room = row.in_columns + padding - size;
  const std::ptrdiff_t inside = room < 0 ? 0 : room / 2 + 1;
  const std::ptrdiff_t count = inside < row.count ? inside : row.count;
  return count < 4 + padding ? 0 : count;
}

/// `count` windows of 2x2 or 3x3 at stride 2 straight from the image, with at most one column of padding
/// (3x3).
template <int size, int padding>
void fused_row(const float* row_in, std::ptrdiff_t row_step, std::ptrdiff_t in_columns, float* row_out,
               std::ptrdiff_t count) {
  const float* in = row_in;
  float* out = row_out;
  std::ptrdiff_t left = in_columns / 8;
  if (left > count / 4) left = count / 4;
  if constexpr (size == 2) {
    for (; left > 0; --left, in += 8, out += 4) vst1q_f32(out, four_windows<2>(in, row_step));
  } else if constexpr (padding == 1) {  // the first column of a window is the third of the one before
    float32x4_t before = lowest();
    for (; left > 0; --left, in += 8, out += 4) {
      const float32x4x2_t columns = even_and_odd<3>(in, row_step);
      const float32x4_t first = vextq_f32(before, columns.val[1], 3);
      vst1q_f32(out, vmaxq_f32(vmaxq_f32(columns.val[0], columns.val[1]), first));
      before = columns.val[1];
    }
  } else if (left > 0) {
    float32x4x2_t columns = even_and_odd<3>(in, row_step);
    for (; left > 1; --left, out += 4) {  // the third column of a window is the next one's first
      in += 8;
      const float32x4x2_t next = even_and_odd<3>(in, row_step);
      const float32x4_t third = vextq_f32(columns.val[0], next.val[0], 1);
      vst1q_f32(out, vmaxq_f32(vmaxq_f32(columns.val[0], columns.val[1]), third));
      columns = next;
    }
  }
  for (std::ptrdiff_t done = out - row_out; done < count; done += 4) {
    if (done > count - 4) done = count - 4;  // the last four, overlapping
    vst1q_f32(row_out + done, four_windows<size>(row_in + 2 * done - padding, row_step));
  }
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

/// The windows of each row from `done` on, in the general way.
void general_rows(MaxPoolRow row, std::ptrdiff_t done, float* scratch) {
  const std::ptrdiff_t out_advance = row.count;
  if (done > 0) {
    const std::ptrdiff_t passed = done * row.stride - row.padding;
    row.in += passed;
    row.in_columns -= passed;
    row.padding = 0;
    row.out += done;
    row.count -= done;
  }
  for (std::ptrdiff_t left = row.repeats; left > 0;
       --left, row.in += row.in_advance, row.out += out_advance) {
    general_row(row, scratch);
  }
}

template <int size, int padding>
void fused_rows(const MaxPoolRow& row, float* scratch) {
  const std::ptrdiff_t count = fused_count<size, padding>(row);
  const float* in = row.in;
  float* out = row.out;
  for (std::ptrdiff_t left = count > 0 ? row.repeats : 0; left > 0; --left) {
    fused_row<size, padding>(in, row.row_step, row.in_columns, out, count);
    in += row.in_advance;
    out += row.count;
  }
  if (count < row.count) general_rows(row, count, scratch);
}

}  // namespace

void neon::max_rows(const MaxPoolRow& row, float* scratch) {
  const bool dense = row.window_step == 1;
  if (dense && row.stride == 2 && row.rows == row.window) {
    if (row.window == 2 && row.padding == 0) return fused_rows<2, 0>(row, scratch);
    if (row.window == 3 && row.padding == 0) return fused_rows<3, 0>(row, scratch);
    if (row.window == 3 && row.padding == 1) return fused_rows<3, 1>(row, scratch);
  }
  const bool same = row.stride == 1 && row.padding == 1 && row.count == row.in_columns && row.count >= 4;
  if (dense && same && row.window == 3) {
    if (row.rows == 3) return same_rows<3>(row);
    if (row.rows == 2) return same_rows<2>(row);
  }
  general_rows(row, 0, scratch);
}

}  // namespace edge::kernels
