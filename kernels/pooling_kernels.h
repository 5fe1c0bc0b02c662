// The table of pooling kernels that each ISA implements: one output row at a time. Padding, clipping,
// divisors and threads are dealt with in kernels/pooling.cpp. Included by the ISA files, hence no inline code
// in here.
#pragma once

#include <cstddef>

#include "kernels/cpu.h"

namespace edge::kernels {

/// One or more output rows of max pooling. Their windows are already clipped to the image above and below,
/// all in the same way, but not yet at the left and right.
struct MaxPoolRow {
  const float* in = nullptr;       ///< first image row of the windows, column 0
  std::ptrdiff_t rows = 0;         ///< image rows in each window; may be 0
  std::ptrdiff_t row_step = 0;     ///< floats from one of these rows to the next
  std::ptrdiff_t in_columns = 0;   ///< of the image
  std::ptrdiff_t padding = 0;      ///< columns of padding at the left
  std::ptrdiff_t window = 0;       ///< columns of a window ...
  std::ptrdiff_t window_step = 0;  ///< ... and columns from one to the next (dilation)
  std::ptrdiff_t stride = 0;       ///< columns from one window to the next
  std::ptrdiff_t count = 0;        ///< windows
  float* out = nullptr;
  std::ptrdiff_t repeats = 1;     ///< output rows; `out` goes on by `count` from one to the next ...
  std::ptrdiff_t in_advance = 0;  ///< ... and `in` by that many floats
};

/// A run of windows of average pooling in one output row, all of the same size and wholly inside the image.
struct AveragePoolRow {
  const float* in;  ///< top left value of the first window
  std::ptrdiff_t rows;
  std::ptrdiff_t row_step;
  std::ptrdiff_t window;  ///< columns of a window
  std::ptrdiff_t stride;
  std::ptrdiff_t count;
  float divisor;
  float* out;
};

/// Vector variants may write that many floats behind the padded row.
constexpr std::ptrdiff_t max_pool_scratch_slack = 32;

struct PoolingKernels {
  Isa isa;
  /// Largest value of each window in the order -infinity < ... < -0 < +0 < ... < +infinity < NaN; -infinity
  /// if the window holds no pixel. Which NaN comes out is not specified. `scratch` has room for the whole row
  /// with its padding (padding + in_columns, or up to the end of the last window if that is more) plus
  /// max_pool_scratch_slack floats.
  void (*max_rows)(const MaxPoolRow& row, float* scratch);
  /// Sum of each window, started at +0 and added up row by row, left to right, then divided.
  void (*average_row)(const AveragePoolRow& row);
};

extern const PoolingKernels pooling_scalar;
extern const PoolingKernels pooling_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const PoolingKernels pooling_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
